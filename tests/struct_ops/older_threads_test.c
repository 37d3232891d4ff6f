// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
/*
 * Processes of many threads that are older than the policy, and whose threads
 * come and go before, after and while it is attached: each process finishes
 * exactly once, and no record stays.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "lib/policy.h"

#include "kselftest_harness.h"

#define PROCESSES	6
#define THREADS		6	/* at a time */
#define ATTACHMENTS	25

static bool *stop;

static void *short_life(void *unused)
{
	return unused;
}

/* Threads start and end all the time, and the process ends when it is told to. */
static void churn(bool first_ends_early)
{
	pthread_t ids[THREADS];
	int i;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || close_range(STDERR_FILENO + 1, ~0U, 0))
		_exit(96);
	while (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
		for (i = 0; i < THREADS; i++) {
			if (pthread_create(&ids[i], NULL, short_life, NULL))
				_exit(97);
		}
		for (i = 0; i < THREADS; i++)
			pthread_join(ids[i], NULL);
	}
	if (first_ends_early)
		pthread_exit(NULL);
	_exit(0);
}

static void *churn_thread(void *unused)
{
	churn(false);
	return unused;
}

static pid_t churner(bool first_ends_early)
{
	pid_t pid = fork();
	pthread_t id;

	if (pid)
		return pid;
	if (!first_ends_early)
		churn(false);
	/* the first thread is a zombie all along */
	if (pthread_create(&id, NULL, churn_thread, NULL))
		_exit(97);
	pthread_exit(NULL);
}

FIXTURE(older)
{
	struct reader *r;
	pid_t pids[PROCESSES];
};

FIXTURE_SETUP(older)
{
	int i;

	stop = mmap(NULL, sizeof(*stop), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, stop);
	for (i = 0; i < PROCESSES; i++)
		self->pids[i] = churner(i % 2);
	self->r = reader_open();
}

FIXTURE_TEARDOWN(older)
{
	reader__destroy(self->r);
	munmap(stop, sizeof(*stop));
}

TEST_F_TIMEOUT(older, finish_exactly_once, 90)
{
	const struct taskhold_policy_stats *stats;
	struct policy *p;
	int i, round, slot;

	/* what an attachment finds must not disturb the next one */
	for (round = 0; round < ATTACHMENTS; round++) {
		p = policy_open("older");
		policy_load(p);
		slot = policy_attach(p, self->r);
		stats = reader_policy(self->r, slot);
		EXPECT_EQ(PROCESSES, stats->admitted);
		EXPECT_EQ(PROCESSES, stats->live);
		EXPECT_EQ(0, stats->finished);
		if (round == ATTACHMENTS - 1)
			break;
		policy__destroy(p);
		ASSERT_EQ(0, reader_stats(self->r)->live);
		ASSERT_TRUE(until(5, reader_stats(self->r)->records == 0));
	}

	__atomic_store_n(stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, reap(self->pids[i]));
	reader_settle(self->r);

	stats = reader_policy(self->r, slot);
	EXPECT_EQ(PROCESSES, stats->admitted);
	EXPECT_EQ(PROCESSES, stats->finished);
	EXPECT_EQ(0, stats->live);
	EXPECT_EQ(0, stats->reasons[TASKHOLD_LOST_NOMEM]);
	EXPECT_EQ(PROCESSES, reader_records(self->r, slot));
	for (i = 0; i < PROCESSES; i++) {
		EXPECT_NE(NULL, reader_find(self->r, slot, self->pids[i]));
		EXPECT_EQ(1, policy_calls(p, POLICY_EXIT, self->pids[i]));
		EXPECT_LT(THREADS, reader_find(self->r, slot, self->pids[i])->threads);
	}
	EXPECT_EQ(PROCESSES, policy_calls(p, POLICY_FINISH, 0));
	policy__destroy(p);
	EXPECT_TRUE(until(5, slab_records() == 0));
}

/* Processes whose last threads end at the very time of the attachment. */
TEST_F_TIMEOUT(older, end_while_it_is_attached, 90)
{
	const struct taskhold_policy_stats *stats;
	struct policy *p;
	__u64 admitted = 0;
	int round, i, slot;

	__atomic_store_n(stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, reap(self->pids[i]));

	for (round = 0; round < ATTACHMENTS; round++) {
		__atomic_store_n(stop, false, __ATOMIC_RELEASE);
		for (i = 0; i < PROCESSES; i++)
			self->pids[i] = churner(i % 2);
		p = policy_open("older");
		policy_load(p);
		__atomic_store_n(stop, true, __ATOMIC_RELEASE);
		slot = policy_attach(p, self->r);
		for (i = 0; i < PROCESSES; i++)
			EXPECT_EQ(0, reap(self->pids[i]));
		reader_settle(self->r);

		stats = reader_policy(self->r, slot);
		EXPECT_EQ(stats->admitted, stats->finished);
		EXPECT_EQ(0, stats->live);
		EXPECT_EQ((int)stats->admitted, policy_calls(p, POLICY_FINISH, 0));
		EXPECT_GE(PROCESSES, stats->admitted);
		admitted += stats->admitted;
		policy__destroy(p);
		ASSERT_TRUE(until(5, reader_stats(self->r)->records == 0));
	}
	TH_LOG("%llu of %d were still there to be held", admitted, ATTACHMENTS * PROCESSES);
	EXPECT_TRUE(until(5, slab_records() == 0));
}

TEST_HARNESS_MAIN
