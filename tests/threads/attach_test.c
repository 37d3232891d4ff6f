// SPDX-License-Identifier: GPL-2.0-only
// timeout: 240
/*
 * A policy is attached, again and again, while processes that are older make
 * and lose threads, call exec by one of them, or end. Every process that was
 * admitted finishes exactly once, whoever of its threads was freed when, with
 * all of its CPU time; and no record is left.
 */
#include "lib/threads.h"

#include "kselftest_harness.h"

#define ROUNDS		24
#define CHURNING	3	/* processes that are there before and after */
#define ENDING		24	/* processes that end about now */

FIXTURE(older)
{
	struct reader *r;
	struct policy *p;
	struct seen *seen;
	int slot;
};

FIXTURE_VARIANT(older)
{
	bool exec;	/* those that end do so after exec by a thread */
	bool first_gone;
};

FIXTURE_VARIANT_ADD(older, exit)
{
};

FIXTURE_VARIANT_ADD(older, exit_whose_first_is_gone)
{
	.first_gone = true,
};

FIXTURE_VARIANT_ADD(older, exec_and_exit)
{
	.exec = true,
};

FIXTURE_VARIANT_ADD(older, exec_and_exit_whose_first_is_gone)
{
	.exec = true, .first_gone = true,
};

static const char *const cgroups[CHURNING] = { "attach-a", "attach-b", "attach-c" };

FIXTURE_SETUP(older)
{
	int i;

	for (i = 0; i < CHURNING; i++)
		cgroup_make(cgroups[i]);
	cgroup_make("attach-ending");
	self->seen = seen_make();
	self->r = reader_open();
	self->p = policy_open("attach");
	/* room for all of a round: none may be folded */
	policy_load(self->p);
}

FIXTURE_TEARDOWN(older)
{
	int i;

	policy__destroy(self->p);
	reader__destroy(self->r);
	seen_free(self->seen);
	for (i = 0; i < CHURNING; i++)
		cgroup_remove(cgroups[i]);
	cgroup_remove("attach-ending");
}

static void *end_soon(void *arg)
{
	(void)arg;
	return NULL;
}

static void *churn(void *arg)
{
	struct seen *seen = arg;

	count_up(&seen->ready);
	while (!__atomic_load_n(&seen->stop, __ATOMIC_ACQUIRE))
		pthread_join(thread_start(end_soon, NULL), NULL);
	return NULL;
}

/* Three threads that make and lose others; ends when it is told to. */
static void __attribute__((noreturn)) churning(struct seen *seen, bool first_gone)
{
	pthread_t ids[2];
	int i;

	for (i = 0; i < 2; i++)
		ids[i] = thread_start(churn, seen);
	if (first_gone)
		syscall(SYS_exit, 0);
	for (i = 0; i < 2; i++)
		pthread_join(ids[i], NULL);
	_exit(0);
}

static void *end_now(void *arg)
{
	if (arg)
		execl("/bin/true", "true", NULL);
	return NULL;
}

/* Two threads that end; or one of them makes another program of it. */
static void __attribute__((noreturn)) ending(bool exec, bool first_gone)
{
	pthread_t ids[2];

	ids[0] = thread_start(end_now, NULL);
	ids[1] = thread_start(end_now, exec ? &ids : NULL);
	if (first_gone)
		syscall(SYS_exit, 0);
	pthread_join(ids[0], NULL);
	pthread_join(ids[1], NULL);
	_exit(0);
}

/* Processes that have been held while ending: shows whether the test met the case. */
static int held_while_ending;

static void end_some(int n, pid_t *pids, bool exec, bool first_gone)
{
	int i;

	for (i = 0; i < n; i++) {
		pids[i] = fork_into("attach-ending");
		if (pids[i] == 0)
			ending(exec, first_gone);
	}
}

static void expect_once(struct __test_metadata *_metadata, FIXTURE_DATA(older) *self, pid_t pid)
{
	int admitted = policy_calls(self->p, POLICY_ADMIT, pid);
	int finished = policy_calls(self->p, POLICY_FINISH, pid);

	/* born or calling exec while the policy walks, it is asked about twice and held once */
	EXPECT_EQ(admitted ? 1 : 0, finished) TH_LOG("%d: asked %d times", pid, admitted);
	held_while_ending += finished;
}

TEST_F(older, finish_once)
{
	const struct taskhold_policy_stats *stats;
	pid_t pids[CHURNING], ends[ENDING];
	const struct taskhold_info *info;
	uint64_t before_us[CHURNING];
	int round, i;

	held_while_ending = 0;
	for (round = 0; round < ROUNDS; round++) {
		memset(self->seen, 0, sizeof(*self->seen));
		self->p->bss->nr_events = 0;
		for (i = 0; i < CHURNING; i++) {
			before_us[i] = cgroup_cpu_us(cgroups[i]);
			pids[i] = fork_into(cgroups[i]);
			if (pids[i] == 0)
				churning(self->seen, variant->first_gone);
		}
		ASSERT_TRUE(until(20, counter(&self->seen->ready) == 2 * CHURNING));

		/* as many as the CPUs have not yet run when the policy comes */
		end_some(ENDING, ends, variant->exec, variant->first_gone);
		self->slot = policy_attach(self->p, self->r);

		__atomic_store_n(&self->seen->stop, true, __ATOMIC_RELEASE);
		for (i = 0; i < CHURNING; i++)
			ASSERT_EQ(0, reap(pids[i]));
		for (i = 0; i < ENDING; i++)
			ASSERT_EQ(0, reap(ends[i]));
		reader_settle(self->r);

		stats = reader_policy(self->r, self->slot);
		ASSERT_NE(NULL, stats);
		EXPECT_EQ(0, stats->live) TH_LOG("round %d", round);
		EXPECT_EQ(stats->admitted, stats->finished);
		EXPECT_EQ(stats->finished, stats->kept);
		EXPECT_EQ(stats->finished, reader_records(self->r, self->slot));
		for (i = 0; i < ENDING; i++)
			expect_once(_metadata, self, ends[i]);
		for (i = 0; i < CHURNING; i++) {
			EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, pids[i]));
			info = reader_find(self->r, self->slot, pids[i]);
			ASSERT_NE(NULL, info);
			EXPECT_TRUE(info->flags & TASKHOLD_INFO_OLDER);
			EXPECT_TRUE(info->flags & TASKHOLD_INFO_FINISHED);
			EXPECT_LE(off_by_ns(cgroups[i], before_us[i], cpu_in_all(info)), 1000)
				TH_LOG("round %d: %lu before, %lu after it was held", round,
				       info->cpu_before_ns, info->use.cpu_ns);
		}
		policy_detach(self->p);
		ASSERT_TRUE(until(5, slab_records() == 0)) TH_LOG("round %d", round);
	}
	TH_LOG("%d of %d processes were held while they were ending", held_while_ending,
	       ROUNDS * ENDING);
	EXPECT_LT(0, held_while_ending);
}

TEST_HARNESS_MAIN
