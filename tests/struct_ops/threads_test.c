// SPDX-License-Identifier: GPL-2.0-only
// timeout: 90
/*
 * A process of several threads has one record, with the sums of all of them,
 * whatever the order in which they end.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "lib/policy.h"

#include "kselftest_harness.h"

#define THREADS	8	/* beside the first */

/* Where threads of the child leave what they used. */
static struct shared {
	uint64_t cpu_ns[THREADS + 1];	/* the last reading of each thread's own clock */
	pid_t tid[THREADS + 1];
} *shared;

FIXTURE(threads)
{
	struct reader *r;
	struct policy *p;
	int slot;
};

FIXTURE_SETUP(threads)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	self->r = reader_open();
	self->p = policy_open("threads");
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(threads)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	munmap(shared, sizeof(*shared));
}

static void *burn(void *arg)
{
	long i = (long)arg;

	shared->tid[i] = gettid();
	burn_ms(100);
	shared->cpu_ns[i] = now_ns(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static void start(pthread_t *ids)
{
	long i;

	for (i = 0; i < THREADS; i++) {
		if (pthread_create(&ids[i], NULL, burn, (void *)(i + 1)))
			_exit(97);
	}
}

static uint64_t used_by_threads(void)
{
	uint64_t ns = 0;
	int i;

	for (i = 0; i <= THREADS; i++)
		ns += shared->cpu_ns[i];
	return ns;
}

/* Each thread says what it used a moment before it ends, which takes a little more. */
static void expect_cpu(struct __test_metadata *_metadata, const struct taskhold_info *info)
{
	uint64_t used = used_by_threads();

	TH_LOG("threads: %lu us, record: %llu us", used / 1000, info->use.cpu_ns / 1000);
	EXPECT_LE(used, info->use.cpu_ns);
	EXPECT_GE(used / 100 + (THREADS + 1) * 1000000ULL, info->use.cpu_ns - used);
}

TEST_F(threads, end_before_the_first)
{
	const struct taskhold_info *info;
	pthread_t ids[THREADS];
	pid_t pid;
	int i;

	pid = fork();
	if (pid == 0) {
		start(ids);
		for (i = 0; i < THREADS; i++)
			pthread_join(ids[i], NULL);
		shared->cpu_ns[0] = now_ns(CLOCK_THREAD_CPUTIME_ID);
		_exit(6);
	}
	ASSERT_EQ(6, WEXITSTATUS(reap(pid)));
	reader_settle(self->r);

	ASSERT_EQ(1, reader_records(self->r, self->slot));
	info = &self->r->bss->infos[0];
	EXPECT_EQ(pid, (pid_t)info->tgid);
	EXPECT_EQ(THREADS + 1, info->threads);
	EXPECT_EQ(6 << 8, info->exit_code);
	expect_cpu(_metadata, info);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXIT, pid));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, pid));
}

TEST_F(threads, end_after_the_first)
{
	const struct taskhold_info *info;
	const struct policy_event *e;
	pthread_t ids[THREADS];
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		start(ids);
		shared->cpu_ns[0] = now_ns(CLOCK_THREAD_CPUTIME_ID);
		pthread_exit(NULL);
	}
	/* it is not over while a thread runs, although its first is a zombie */
	ASSERT_EQ(0, reap(pid));
	reader_settle(self->r);

	ASSERT_EQ(1, reader_records(self->r, self->slot));
	info = &self->r->bss->infos[0];
	EXPECT_EQ(pid, (pid_t)info->tgid);
	EXPECT_EQ(THREADS + 1, info->threads);
	EXPECT_EQ(0, info->exit_code);
	expect_cpu(_metadata, info);

	/* exit was called for the last thread, not for the first */
	ASSERT_EQ(1, policy_calls(self->p, POLICY_EXIT, pid));
	e = policy_call(self->p, POLICY_EXIT, pid, 0);
	EXPECT_NE(pid, (pid_t)e->pid);
	EXPECT_LE(e->ns, info->exit_ns + 100000000);
	EXPECT_LE(info->exit_ns, e->ns);
}

static void *exit_with_9(void *unused)
{
	(void)unused;
	exit(9);
}

TEST_F(threads, another_than_the_first_ends_the_process)
{
	const struct taskhold_info *info;
	pthread_t id;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		if (pthread_create(&id, NULL, exit_with_9, NULL))
			_exit(97);
		for (;;)
			pause();
	}
	ASSERT_EQ(9, WEXITSTATUS(reap(pid)));
	reader_settle(self->r);
	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(9 << 8, info->exit_code);
	EXPECT_EQ(2, info->threads);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, pid));
}

TEST_F(threads, killed_together)
{
	const struct taskhold_info *info;
	pthread_t ids[THREADS];
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		start(ids);
		raise(SIGKILL);
	}
	ASSERT_EQ(SIGKILL, WTERMSIG(reap(pid)));
	reader_settle(self->r);
	ASSERT_EQ(1, reader_records(self->r, self->slot));
	info = &self->r->bss->infos[0];
	EXPECT_EQ(SIGKILL, info->exit_code);
	EXPECT_EQ(THREADS + 1, info->threads);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, pid));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXIT, pid));
}

TEST_HARNESS_MAIN
