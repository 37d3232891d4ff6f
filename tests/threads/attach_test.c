// SPDX-License-Identifier: GPL-2.0-only
// timeout: 240
/*
 * A policy is attached, again and again, while processes that are older make
 * and lose threads, call exec by one of them, or end. Every process that was
 * admitted finishes exactly once, whoever of its threads was freed when, with
 * all of its CPU time; and no record is left. The policy has records of threads
 * too, which finish as often as they were made. It is detached while they do so
 * as well.
 */
#include "lib/threads.h"

#include "lib/harness.h"

#define ROUNDS		(24 / (int)slowness() + 1)
#define CHURNING	3	/* processes that are there before and after */
#define ENDING		24	/* processes that end about now */

FIXTURE(older)
{
	struct reader *r;
	struct policy *p, *other;
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
	policy_ops(self->p)->flags = TASKHOLD_POLICY_THREADS;
	self->p->bss->drop_threads = true;
	policy_load(self->p);
	/*
	 * With another policy, which holds nobody, the tracepoints stay on, so
	 * that the kernel's text is not patched anew under all these threads.
	 * QEMU without KVM has been seen to run an int3 that was gone by then.
	 */
	self->other = policy_open("attach-other");
	self->other->bss->root_pid = -1;
	policy_load(self->other);
	policy_attach(self->other, self->r);
}

FIXTURE_TEARDOWN(older)
{
	int i;

	policy__destroy(self->p);
	policy__destroy(self->other);
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

/* Uses more than the two ticks by which what the kernel sums up can be behind. */
static void *end_late(void *arg)
{
	(void)arg;
	burn_ms(12);
	return NULL;
}

static void *churn(void *arg)
{
	struct seen *seen = arg;
	unsigned int n = 0;

	count_up(&seen->ready);
	while (!counter(&seen->go))
		pthread_join(thread_start(n++ % 4 ? end_soon : end_late, NULL), NULL);
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

struct end {
	long ms;	/* of CPU time, first */
	bool exec;
	struct seen *seen;	/* waits to be let go before that, if it is not NULL */
};

static void *end(void *arg)
{
	const struct end *end = arg;

	if (end->seen) {
		count_up(&end->seen->ready);
		wait_to_go(end->seen);
	}
	burn_ms(end->ms);
	if (end->exec)
		execl("/bin/true", "true", NULL);
	return NULL;
}

/* Threads that end; or the last of them makes another program of it. */
static void __attribute__((noreturn)) ending(struct end last, bool first_gone, int threads)
{
	struct end ends[] = { { last.ms, false, last.seen }, last };
	pthread_t ids[ARRAY_SIZE(ends)];
	int i;

	for (i = ARRAY_SIZE(ends) - threads; i < (int)ARRAY_SIZE(ends); i++)
		ids[i] = thread_start(end, &ends[i]);
	if (first_gone)
		syscall(SYS_exit, 0);
	for (i = ARRAY_SIZE(ends) - threads; i < (int)ARRAY_SIZE(ends); i++)
		pthread_join(ids[i], NULL);
	_exit(0);
}

/* Processes that have been held while ending: shows whether the test met the case. */
static int held_while_ending;

/*
 * Processes that end: of two threads beside the first, at once, or of one, when they
 * are let go by @seen.
 */
static void end_some(int n, pid_t *pids, bool exec, bool first_gone, struct seen *seen)
{
	int i;

	for (i = 0; i < n; i++) {
		pids[i] = fork_into("attach-ending");
		if (pids[i] == 0)
			ending((struct end){ i % 8, exec, seen }, first_gone, seen ? 1 : 2);
	}
}

static void expect_once(struct __test_metadata *_metadata, FIXTURE_DATA(older) *self, pid_t pid)
{
	int admitted = policy_calls(self->p, POLICY_ADMIT, pid);
	int finished = finish_calls(self->p, pid);

	/* born or calling exec while the policy walks, it is asked about twice and held once */
	EXPECT_EQ(admitted ? 1 : 0, finished) TH_LOG("%d: asked %d times", pid, admitted);
	held_while_ending += finished;
}

/* Waits for a child, and says what wait4(2) says it has used. */
static uint64_t reap_used_ns(struct __test_metadata *_metadata, pid_t pid)
{
	struct rusage usage;
	int status;

	ASSERT_EQ(pid, wait4(pid, &status, 0, &usage));
	ASSERT_EQ(0, status);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ULL +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ULL;
}

TEST_F(older, finish_once)
{
	const struct taskhold_policy_stats *stats;
	uint64_t before_us[CHURNING], charged_ns, used_ns[CHURNING];
	pid_t pids[CHURNING], ends[ENDING];
	const struct taskhold_info *info;
	uint64_t ticks_ns = sysconf(_SC_NPROCESSORS_ONLN);
	struct timespec tick;
	__u64 threads = 0;
	int round, i;

	ASSERT_EQ(0, clock_getres(CLOCK_MONOTONIC_COARSE, &tick));
	ticks_ns *= tick.tv_nsec;
	held_while_ending = 0;
	for (round = 0; round < ROUNDS; round++) {
		memset(self->seen, 0, sizeof(*self->seen));
		self->p->bss->nr_events = 0;
		self->p->bss->calls[POLICY_FINISH_THREAD] = 0;
		for (i = 0; i < CHURNING; i++) {
			before_us[i] = cgroup_cpu_us(cgroups[i]);
			pids[i] = fork_into(cgroups[i]);
			if (pids[i] == 0)
				churning(self->seen, variant->first_gone);
		}
		ASSERT_TRUE(until(20, counter(&self->seen->ready) == 2 * CHURNING));

		/* they take a while each, so that some end before and some after */
		end_some(ENDING, ends, variant->exec, variant->first_gone, NULL);
		self->slot = policy_attach(self->p, self->r);

		let_go(self->seen);
		for (i = 0; i < CHURNING; i++)
			used_ns[i] = reap_used_ns(_metadata, pids[i]);
		for (i = 0; i < ENDING; i++)
			ASSERT_EQ(0, reap(ends[i]));
		ASSERT_TRUE(all_finished(self->r, self->slot)) TH_LOG("round %d", round);

		stats = reader_policy(self->r, self->slot);
		ASSERT_NE(NULL, stats);
		EXPECT_EQ(stats->admitted, stats->finished);
		EXPECT_EQ(stats->finished, stats->kept + stats->dropped);
		EXPECT_EQ(stats->threads, stats->threads_finished);
		EXPECT_EQ(stats->threads, stats->dropped);
		EXPECT_EQ(stats->threads, self->p->bss->calls[POLICY_FINISH_THREAD]);
		threads += stats->threads;
		EXPECT_EQ(stats->kept, reader_records(self->r, self->slot));
		for (i = 0; i < ENDING; i++)
			expect_once(_metadata, self, ends[i]);
		for (i = 0; i < CHURNING; i++) {
			EXPECT_EQ(1, finish_calls(self->p, pids[i]));
			info = reader_find(self->r, self->slot, pids[i]);
			ASSERT_NE(NULL, info);
			EXPECT_TRUE(info->flags & TASKHOLD_INFO_OLDER);
			EXPECT_TRUE(info->flags & TASKHOLD_INFO_FINISHED);
			/*
			 * Of threads that had been released before, the kernel's
			 * sums lack the last of their way out, so there are two
			 * bounds: rusage lacks that of all threads, the cgroup
			 * that of none. It tells in us, cut off. And on each CPU
			 * a tick may come between the readings of what was used
			 * before and of each thread.
			 */
			charged_ns = (cgroup_cpu_us(cgroups[i]) - before_us[i] + 1) * 1000;
			EXPECT_LE(used_ns[i], cpu_in_all(info) + ticks_ns)
				TH_LOG("round %d: %lu before, %lu after it was held", round,
				       info->cpu_before_ns, info->use.cpu_ns);
			EXPECT_GE(charged_ns, cpu_in_all(info))
				TH_LOG("round %d: %lu before, %lu after it was held", round,
				       info->cpu_before_ns, info->use.cpu_ns);
		}
		policy_detach(self->p);
		ASSERT_TRUE(until(5, slab_records() == 0)) TH_LOG("round %d", round);
	}
	TH_LOG("%d of %d processes were held while they were ending", held_while_ending,
	       ROUNDS * ENDING);
	EXPECT_LT(0, held_while_ending);
	/* each of those that churn starts another one at least */
	EXPECT_LE(ROUNDS * CHURNING, threads);
}

/*
 * A probe that has found a record goes on with it while the policy lets go of it. With
 * one thread beside the first nothing else has a reference to it then.
 */
TEST_F(older, are_let_go_while_they_end)
{
	pid_t ends[ENDING];
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		memset(self->seen, 0, sizeof(*self->seen));
		self->p->bss->nr_events = 0;
		end_some(ENDING, ends, variant->exec, variant->first_gone, self->seen);
		ASSERT_TRUE(until(20, counter(&self->seen->ready) == ENDING));
		self->slot = policy_attach(self->p, self->r);
		ASSERT_LE(ENDING, reader_policy(self->r, self->slot)->live);
		let_go(self->seen);
		policy_detach(self->p);
		for (i = 0; i < ENDING; i++)
			ASSERT_EQ(0, reap(ends[i]));
		ASSERT_TRUE(until(5, slab_records() == 0)) TH_LOG("round %d", round);
	}
}

TEST_HARNESS_MAIN
