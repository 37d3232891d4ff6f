// SPDX-License-Identifier: GPL-2.0-only
// timeout: 90
/*
 * exec by a thread that is not the first: it takes over the process's pid, and
 * the former first is freed on the way. The process stays one record, whether
 * it was born under the policy or is older, and every thread counts once.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "lib/policy.h"

#include "kselftest_harness.h"

#define OTHERS	3	/* threads that exec ends, beside the first and the caller */

static struct shared {
	pthread_barrier_t ready;
	uint64_t burnt_ns;	/* by the caller of exec, before it */
} *shared;

static struct gate gate;

static void *wait_for_ever(void *unused)
{
	pthread_barrier_wait(&shared->ready);
	while (pause())
		;
	return unused;
}

static void *call_exec(void *unused)
{
	char *argv[] = { "sh", "-c", "exit 21", NULL };

	(void)unused;
	pthread_barrier_wait(&shared->ready);
	gate_wait(&gate);
	burn_ms(50);
	shared->burnt_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	execvp(argv[0], argv);
	_exit(127);
}

static pid_t child(void)
{
	pid_t pid = fork();
	pthread_t id;
	int i;

	if (pid)
		return pid;
	if (pthread_create(&id, NULL, call_exec, NULL))
		_exit(97);
	for (i = 0; i < OTHERS; i++) {
		if (pthread_create(&id, NULL, wait_for_ever, NULL))
			_exit(97);
	}
	wait_for_ever(NULL);
	return 0;
}

FIXTURE(exec_thread)
{
	struct reader *r;
	struct policy *p;
	pid_t pid;
	int slot;
};

FIXTURE_VARIANT(exec_thread)
{
	bool older;
};

FIXTURE_VARIANT_ADD(exec_thread, born_under_the_policy) { .older = false, };
FIXTURE_VARIANT_ADD(exec_thread, older_than_the_policy) { .older = true, };

FIXTURE_SETUP(exec_thread)
{
	pthread_barrierattr_t attr;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->ready, &attr, OTHERS + 3);
	gate_make(&gate);
	self->r = reader_open();
	self->p = policy_open("exec-thread");
	policy_load(self->p);
	if (!variant->older)
		self->slot = policy_attach(self->p, self->r);
	self->pid = child();
	pthread_barrier_wait(&shared->ready);
	if (variant->older)
		self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(exec_thread)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	gate_close(&gate);
	munmap(shared, sizeof(*shared));
}

TEST_F(exec_thread, is_one_process)
{
	const struct taskhold_policy_stats *stats;
	const struct taskhold_info *info;

	gate_open(&gate);
	ASSERT_EQ(21, WEXITSTATUS(reap(self->pid)));
	reader_settle(self->r);

	ASSERT_EQ(1, reader_records(self->r, self->slot));
	info = &self->r->bss->infos[0];
	EXPECT_EQ(self->pid, (pid_t)info->tgid);
	EXPECT_EQ(21 << 8, info->exit_code);
	EXPECT_EQ(OTHERS + 2, info->threads);
	EXPECT_STREQ("sh", info->comm);
	EXPECT_STREQ("sh", info->comm_exec);
	EXPECT_EQ(variant->older, !!(info->flags & TASKHOLD_INFO_OLDER));
	EXPECT_LE(shared->burnt_ns, info->use.cpu_ns + info->cpu_before_ns);
	EXPECT_LE(50000000, info->use.cpu_ns);

	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXEC, self->pid));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXIT, self->pid));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, self->pid));
	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(0, stats->live);
	EXPECT_EQ(stats->admitted, stats->finished);
	EXPECT_EQ(0, reader_stats(self->r)->live);
	EXPECT_TRUE(until(5, slab_records() == 1));
}

TEST_HARNESS_MAIN
