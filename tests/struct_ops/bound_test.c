// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy's bound, and its verdict to fold: detail goes, sums stay. What is
 * kept and what is folded is together what ran.
 */
#include <sys/mman.h>

#include "lib/policy.h"

#include "lib/harness.h"

#define CHILDREN	20
#define BOUND		6

FIXTURE(bound)
{
	struct reader *r;
	struct policy *p;
	int slot;
};

FIXTURE_SETUP(bound)
{
	self->r = reader_open();
	self->p = policy_open("bound");
	policy_ops(self->p)->max_held = BOUND;
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(bound)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
}

/* One child after the other; what they used, as wait4() says, in us. */
static uint64_t run_children(struct reader *r, pid_t *pids, int n)
{
	struct rusage usage;
	uint64_t us = 0;
	int status, i;

	for (i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			burn_ms(5);
			_exit(0);
		}
		if (wait4(pids[i], &status, 0, &usage) != pids[i] || status)
			die("child %d: status %#x", pids[i], status);
		us += usage.ru_utime.tv_sec * 1000000ULL + usage.ru_utime.tv_usec +
		      usage.ru_stime.tv_sec * 1000000ULL + usage.ru_stime.tv_usec;
		reader_finish(r, 0);
	}
	return us;
}

/* CPU time in all sums and kept records, and how many processes those are. */
static uint64_t sum_cpu(struct reader *r, int slot, __u64 *tasks)
{
	__u32 n = reader_records(r, slot), i;
	uint64_t ns = 0;

	*tasks = n;
	for (i = 0; i < n; i++)
		ns += r->bss->infos[i].use.cpu_ns;
	n = reader_totals(r, slot);
	for (i = 0; i < n; i++) {
		ns += r->bss->totals[i].use.cpu_ns;
		*tasks += r->bss->totals[i].tasks;
	}
	return ns;
}

TEST_F(bound, the_oldest_are_folded)
{
	const struct taskhold_policy_stats *stats;
	const struct taskhold_info *infos = self->r->bss->infos;
	uint64_t us, ns;
	pid_t pids[CHILDREN];
	__u64 tasks;
	int i;

	us = run_children(self->r, pids, CHILDREN);

	ASSERT_EQ(BOUND, reader_records(self->r, self->slot));
	for (i = 0; i < BOUND; i++)
		EXPECT_EQ(pids[CHILDREN - BOUND + i], (pid_t)infos[i].tgid);

	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(CHILDREN, stats->admitted);
	EXPECT_EQ(CHILDREN, stats->finished);
	EXPECT_EQ(BOUND, stats->kept);
	EXPECT_EQ(BOUND, stats->max_held);
	EXPECT_EQ(CHILDREN - BOUND, stats->reasons[TASKHOLD_FOLD_OLDEST]);
	EXPECT_EQ(0, stats->reasons[TASKHOLD_FOLD_LIVE]);
	EXPECT_EQ(1, stats->totals);
	EXPECT_TRUE(until(5, slab_records() == BOUND));

	/* what wait4() cannot see is the way from there to the last switch */
	ns = sum_cpu(self->r, self->slot, &tasks);
	EXPECT_EQ(CHILDREN, tasks);
	EXPECT_LE(us * 1000, ns);
	EXPECT_GE(us * 1000 + CHILDREN * 3000000ULL * slowness(), ns);

	/* overflow was called for each */
	EXPECT_EQ(CHILDREN - BOUND, policy_calls(self->p, POLICY_OVERFLOW, 0));
	for (i = 0; i < CHILDREN - BOUND; i++)
		EXPECT_EQ(TASKHOLD_FOLD_OLDEST, policy_call(self->p, POLICY_OVERFLOW, 0, i)->arg);
}

TEST_F(bound, running_processes_alone_exceed_it)
{
	const struct taskhold_policy_stats *stats;
	struct gate gate;
	pid_t pids[CHILDREN];
	__u64 tasks;
	int i, folded = 0;

	gate_make(&gate);
	for (i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			gate_wait(&gate);
			burn_ms(1);
			_exit(0);
		}
	}
	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(CHILDREN, stats->live);
	EXPECT_EQ(CHILDREN - BOUND, stats->reasons[TASKHOLD_FOLD_LIVE]);
	EXPECT_EQ(0, stats->reasons[TASKHOLD_FOLD_OLDEST]);
	EXPECT_EQ(CHILDREN - BOUND, policy_calls(self->p, POLICY_OVERFLOW, 0));
	EXPECT_EQ(TASKHOLD_FOLD_LIVE, policy_call(self->p, POLICY_OVERFLOW, 0, 0)->arg);

	reader_records(self->r, self->slot);
	for (i = 0; i < CHILDREN; i++)
		folded += !!(self->r->bss->infos[i].flags & TASKHOLD_INFO_FOLDED);
	EXPECT_EQ(CHILDREN - BOUND, folded);

	for (i = 0; i < CHILDREN; i++)
		gate_open(&gate);
	for (i = 0; i < CHILDREN; i++)
		EXPECT_EQ(0, reap(pids[i]));
	reader_finish(self->r, 0);

	/* the policy is told of the end of those alone that it holds in detail */
	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(CHILDREN, stats->finished);
	EXPECT_EQ(BOUND, stats->kept);
	EXPECT_EQ(CHILDREN - BOUND, stats->reasons[TASKHOLD_FOLD_LIVE]);
	EXPECT_EQ(BOUND, policy_calls(self->p, POLICY_FINISH, 0));
	EXPECT_LE(CHILDREN * 1000000ULL, sum_cpu(self->r, self->slot, &tasks));
	EXPECT_EQ(CHILDREN, tasks);
	gate_close(&gate);
}

TEST_F(bound, a_lower_one_comes_with_an_update)
{
	struct policy *lower = policy_open("bound");
	pid_t pids[BOUND];
	__u64 tasks;

	run_children(self->r, pids, BOUND);
	EXPECT_EQ(BOUND, reader_records(self->r, self->slot));
	policy_ops(lower)->max_held = 2;
	policy_load(lower);
	ASSERT_EQ(0, bpf_link__update_map(self->p->links.ops, lower->maps.ops));
	/* what is over it is folded by then, and not by the next event */
	ASSERT_EQ(2, reader_records(self->r, self->slot));
	EXPECT_EQ(pids[BOUND - 2], (pid_t)self->r->bss->infos[0].tgid);
	EXPECT_EQ(BOUND - 2, reader_policy(self->r, self->slot)->reasons[TASKHOLD_FOLD_OLDEST]);
	sum_cpu(self->r, self->slot, &tasks);
	EXPECT_EQ(BOUND, tasks);

	run_children(self->r, pids, 1);
	ASSERT_EQ(2, reader_records(self->r, self->slot));
	EXPECT_EQ(pids[0], (pid_t)self->r->bss->infos[1].tgid);
	EXPECT_EQ(BOUND - 1, reader_policy(self->r, self->slot)->reasons[TASKHOLD_FOLD_OLDEST]);
	sum_cpu(self->r, self->slot, &tasks);
	EXPECT_EQ(BOUND + 1, tasks);
	policy_detach(self->p);
	policy__destroy(lower);
}

FIXTURE(verdict)
{
	struct reader *r;
	struct policy *p;
	int slot;
};

FIXTURE_VARIANT(verdict)
{
	int verdict;
	__u64 kept, dropped, folded;
};

FIXTURE_VARIANT_ADD(verdict, keep) { .verdict = TASKHOLD_KEEP, .kept = CHILDREN, };
FIXTURE_VARIANT_ADD(verdict, drop) { .verdict = TASKHOLD_DROP, .dropped = CHILDREN, };
FIXTURE_VARIANT_ADD(verdict, fold) { .verdict = TASKHOLD_FOLD, .folded = CHILDREN, };

FIXTURE_SETUP(verdict)
{
	self->r = reader_open();
	self->p = policy_open("verdict");
	self->p->bss->verdict = variant->verdict;
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(verdict)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
}

TEST_F(verdict, is_done)
{
	const struct taskhold_policy_stats *stats;
	uint64_t us, ns;
	pid_t pids[CHILDREN];
	__u64 tasks;

	us = run_children(self->r, pids, CHILDREN);
	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(CHILDREN, stats->finished);
	EXPECT_EQ(variant->kept, stats->kept);
	EXPECT_EQ(variant->dropped, stats->dropped);
	EXPECT_EQ(variant->folded, stats->reasons[TASKHOLD_FOLD_VERDICT]);
	/* the policy's own verdict is no news to it */
	EXPECT_EQ(0, policy_calls(self->p, POLICY_OVERFLOW, 0));
	EXPECT_TRUE(until(5, slab_records() == (long)variant->kept));

	ns = sum_cpu(self->r, self->slot, &tasks);
	EXPECT_EQ(CHILDREN - variant->dropped, tasks);
	EXPECT_LE(variant->dropped ? 0 : us * 1000, ns);
}

#define INTERVAL_MS 300

FIXTURE(interval)
{
	struct reader *r;
	struct policy *p;
	int slot;
};

FIXTURE_SETUP(interval)
{
	self->r = reader_open();
	self->p = policy_open("interval");
	policy_ops(self->p)->max_held = 1;
	policy_ops(self->p)->interval_ms = INTERVAL_MS;
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(interval)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
}

static void limited_by_the_interval(struct __test_metadata *_metadata, struct policy *p,
				    enum taskhold_reason reason)
{
	const uint64_t interval = INTERVAL_MS * 1000000ULL;
	const struct policy_event *e, *first = NULL, *last = NULL;
	uint64_t calls = 0;
	int i;

	for (i = 0; (e = policy_call(p, POLICY_OVERFLOW, 0, i)); i++) {
		if (e->arg != reason)
			continue;
		first = first ?: e;
		last = e;
		calls++;
	}
	if (calls)
		EXPECT_LE((calls - 1) * interval, last->ns - first->ns + interval / 2);
}

TEST_F(interval, limits_the_calls_and_not_the_counts)
{
	uint64_t end = now_ns(CLOCK_BOOTTIME) + 1000000000ULL * slowness();
	int children = 0, calls;
	pid_t pid;

	while (now_ns(CLOCK_BOOTTIME) < end) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		reap(pid);
		children++;
	}
	reader_finish(self->r, 0);

	/* all but the first found the place taken by one that ran or was kept */
	EXPECT_EQ(children - 1,
		  (int)(reader_policy(self->r, self->slot)->reasons[TASKHOLD_FOLD_OLDEST] +
			reader_policy(self->r, self->slot)->reasons[TASKHOLD_FOLD_LIVE]));
	calls = policy_calls(self->p, POLICY_OVERFLOW, 0);
	EXPECT_LT(calls, children - 1);
	EXPECT_LE(2, calls);
	/*
	 * For each of two reasons, one to begin with and one an interval. The module counts
	 * that in jiffies, and a tick may come late: by less than half an interval.
	 */
	limited_by_the_interval(_metadata, self->p, TASKHOLD_FOLD_OLDEST);
	limited_by_the_interval(_metadata, self->p, TASKHOLD_FOLD_LIVE);
}

TEST_HARNESS_MAIN
