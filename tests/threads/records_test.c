// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
/*
 * Records of single threads: each thread other than the first has one, with its
 * own CPU time, and the record of the process has all of them in its sums.
 */
#include "lib/threads.h"

#include "lib/harness.h"

#define CGROUP	"thread-records"
#define OTHER	"thread-records-b"
#define BELOW	CGROUP "/below"
#define MS	20	/* of CPU time, the first thread; each next one so much more */

FIXTURE(records)
{
	struct reader *r;
	struct policy *p;
	struct seen *seen;
	int slot;
};

FIXTURE_SETUP(records)
{
	cgroup_make(CGROUP);
	cgroup_make(OTHER);
	self->seen = seen_make();
	self->r = reader_open();
	self->p = policy_open("records");
	policy_ops(self->p)->flags = TASKHOLD_POLICY_THREADS;
}

FIXTURE_TEARDOWN(records)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	seen_free(self->seen);
	cgroup_remove(CGROUP);
	cgroup_remove(OTHER);
}

struct job {
	struct seen *seen;
	int nr;
	bool exec;
};

static void *work(void *arg)
{
	const struct job *job = arg;

	job->seen->tid[job->nr] = syscall(SYS_gettid);
	count_up(&job->seen->ready);
	wait_to_go(job->seen);
	burn_ms(MS * (job->nr + 1));
	job->seen->thread_ns[job->nr] = now_ns(CLOCK_THREAD_CPUTIME_ID);
	count_up(&job->seen->done);
	if (job->exec)
		execl("/bin/true", "true", NULL);
	return NULL;
}

/* @nr threads, of which the last calls exec if @exec. */
static void __attribute__((noreturn)) process(struct seen *seen, int nr, bool exec)
{
	struct job jobs[THREADS];
	pthread_t ids[THREADS];
	int i;

	for (i = 0; i < nr; i++) {
		jobs[i] = (struct job){ seen, i, exec && i == nr - 1 };
		ids[i] = thread_start(work, &jobs[i]);
	}
	for (i = 0; i < nr; i++) {
		if (pthread_join(ids[i], NULL))
			_exit(96);
	}
	seen->first_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	_exit(3);
}

static pid_t start(struct seen *seen, int nr, bool exec)
{
	pid_t pid = fork_into(CGROUP);

	if (pid == 0)
		process(seen, nr, exec);
	if (!until(20, counter(&seen->ready) == nr))
		die("%d of %d threads started", counter(&seen->ready), nr);
	return pid;
}

/*
 * The record of each thread against what the thread knows of itself, which is
 * all but its way out; and all of them against the record of their process.
 * @tick_ns: what was used before is right to so much.
 */
static void expect_threads(struct __test_metadata *_metadata, FIXTURE_DATA(records) *self,
			   pid_t pid, int nr, __u64 tick_ns)
{
	const struct taskhold_info *info = reader_find(self->r, self->slot, pid);
	struct taskhold_use sum = {};
	uint64_t all_ns = self->seen->first_ns;
	struct taskhold_info process;
	int i;

	ASSERT_NE(NULL, info);
	process = *info;
	for (i = 0; i < nr; i++)
		all_ns += self->seen->thread_ns[i];
	EXPECT_EQ(pid, process.tid);
	/* what a first thread used is what the others' records leave of its process's */
	EXPECT_EQ(NULL, reader_find_thread(self->r, self->slot, pid));
	for (i = 0; i < nr; i++) {
		info = reader_find_thread(self->r, self->slot, self->seen->tid[i]);
		ASSERT_NE(NULL, info) TH_LOG("thread %d has no record", i);
		EXPECT_EQ(pid, info->tgid);
		EXPECT_EQ(pid, info->ppid);
		EXPECT_EQ(process.start_ns, info->parent_start_ns);
		EXPECT_LE(process.start_ns, info->start_ns);
		EXPECT_EQ(1, info->threads);
		EXPECT_EQ(0, info->max_rss);
		EXPECT_EQ(process.cgroup_id, info->cgroup_id);
		if (!(process.flags & TASKHOLD_INFO_EXECED))
			EXPECT_EQ(process.exe_id, info->exe_id);
		EXPECT_TRUE(info->flags & TASKHOLD_INFO_FINISHED);
		EXPECT_TRUE(info->flags & TASKHOLD_INFO_EXITED);
		EXPECT_LE(info->start_ns, info->exit_ns);
		EXPECT_LE(self->seen->thread_ns[i] - tick_ns,
			  info->use.cpu_ns + info->cpu_before_ns);
		/* no more than what the others, by their own word, have left of it */
		EXPECT_GE(process.use.cpu_ns + process.cpu_before_ns -
				  (all_ns - self->seen->thread_ns[i]) + tick_ns,
			  info->use.cpu_ns + info->cpu_before_ns);
		EXPECT_EQ(info->use.cpu_ns, info->use.user_ns + info->use.sys_ns);
		sum.cpu_ns += info->use.cpu_ns;
		sum.nvcsw += info->use.nvcsw;
		sum.nivcsw += info->use.nivcsw;
		sum.min_flt += info->use.min_flt;
	}
	EXPECT_LE(sum.cpu_ns, process.use.cpu_ns);
	EXPECT_LE(sum.nvcsw, process.use.nvcsw);
	EXPECT_LE(sum.nivcsw, process.use.nivcsw);
	EXPECT_LE(sum.min_flt, process.use.min_flt);
	EXPECT_LT(0, sum.nvcsw);
}

TEST_F(records, of_each_thread_but_the_first)
{
	const struct taskhold_policy_stats *stats;
	pid_t pid;
	int i;

	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
	pid = start(self->seen, THREADS, false);

	/* while they run: there, with what they have used, and no numbers to come */
	for (i = 0; i < THREADS; i++) {
		const struct taskhold_info *info =
			reader_find_thread(self->r, self->slot, self->seen->tid[i]);

		ASSERT_NE(NULL, info);
		EXPECT_FALSE(info->flags & (TASKHOLD_INFO_FINISHED | TASKHOLD_INFO_EXITED));
		EXPECT_EQ(0, info->max_rss);
	}
	/* the first, and they */
	EXPECT_EQ(1 + THREADS, live_now(self->r, self->slot));

	let_go(self->seen);
	ASSERT_EQ(3 << 8, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));
	expect_threads(_metadata, self, pid, THREADS, 0);

	EXPECT_EQ(1, finish_calls(self->p, pid));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_ADMIT, 0));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXIT, pid));
	EXPECT_EQ(THREADS, policy_calls(self->p, POLICY_EXIT_THREAD, pid));
	EXPECT_EQ(THREADS, policy_calls(self->p, POLICY_FINISH_THREAD, pid));
	/* those of its threads come before that of the process */
	EXPECT_LT(policy_call(self->p, POLICY_FINISH_THREAD, pid, THREADS - 1)->ns,
		  policy_call(self->p, POLICY_FINISH, pid, 0)->ns);

	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(TASKHOLD_POLICY_THREADS, stats->flags);
	EXPECT_EQ(1 + THREADS, stats->admitted);
	EXPECT_EQ(1 + THREADS, stats->finished);
	EXPECT_EQ(1 + THREADS, stats->kept);
	EXPECT_EQ(THREADS, stats->threads);
	EXPECT_EQ(THREADS, stats->threads_finished);
	/* what is watched are processes */
	EXPECT_EQ(0, reader_stats(self->r)->live);
}

TEST_F(records, of_threads_that_are_older)
{
	const struct taskhold_info *info;
	pid_t pid;
	int i;

	policy_load(self->p);
	self->p->bss->hold_all = true;
	pid = start(self->seen, THREADS, false);
	self->slot = policy_attach(self->p, self->r);
	let_go(self->seen);
	ASSERT_EQ(3 << 8, reap(pid));
	ASSERT_TRUE(until(10, (reader_settle(self->r), finish_calls(self->p, pid) == 1)));
	/* it is kept once finish() has returned */
	reader_settle(self->r);

	/* what was used before is right to a tick */
	expect_threads(_metadata, self, pid, THREADS, 4000000);
	for (i = 0; i < THREADS; i++) {
		info = reader_find_thread(self->r, self->slot, self->seen->tid[i]);
		ASSERT_NE(NULL, info);
		EXPECT_TRUE(info->flags & TASKHOLD_INFO_OLDER);
		EXPECT_LT(0, info->use.cpu_ns);
	}
}

TEST_F(records, ends_by_exec)
{
	const struct taskhold_info *info, *process;
	pid_t pid;
	int i;

	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
	pid = start(self->seen, 3, true);
	let_go(self->seen);
	ASSERT_EQ(0, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));

	expect_threads(_metadata, self, pid, 2, 0);
	info = reader_find_thread(self->r, self->slot, self->seen->tid[2]);
	ASSERT_NE(NULL, info);
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_FINISHED);
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_EXECED);
	EXPECT_EQ(info->exec_ns, info->exit_ns);
	EXPECT_LE(self->seen->thread_ns[2], info->use.cpu_ns + 4000000);
	/* it is not gone, so no task is shown as about to be freed */
	for (i = 0; i < 3; i++) {
		const struct policy_event *e = policy_call(self->p, POLICY_FINISH_THREAD, pid, i);

		ASSERT_NE(NULL, e);
		EXPECT_EQ((pid_t)e->arg == self->seen->tid[2] ? 0 : e->arg, e->pid);
	}
	/* the name of the thread, not of the program that it made of its process */
	EXPECT_STREQ("records_test", info->comm);
	process = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, process);
	EXPECT_STREQ("true", process->comm);
	/* one each, whatever the threads' task_structs became */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(3, policy_calls(self->p, POLICY_FINISH_THREAD, pid));
	EXPECT_EQ(1, finish_calls(self->p, pid));
	EXPECT_EQ(4, reader_records(self->r, self->slot));
}

TEST_F(records, move_with_their_process)
{
	pid_t pid;

	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
	pid = start(self->seen, THREADS, false);
	cgroup_move(OTHER, pid);
	EXPECT_EQ(cgroup_id_of(OTHER),
		  reader_find_thread(self->r, self->slot, self->seen->tid[0])->cgroup_id);
	let_go(self->seen);
	ASSERT_EQ(3 << 8, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));
	expect_threads(_metadata, self, pid, THREADS, 0);
	EXPECT_EQ(cgroup_id_of(OTHER), reader_find(self->r, self->slot, pid)->cgroup_id);
}

/* One thread alone, in a threaded cgroup below that of its process. */
TEST_F(records, move_by_themselves)
{
	const struct taskhold_info *info;
	uint64_t id;
	pid_t pid;

	cgroup_make(BELOW);
	write_file(CGROUP_ROOT "/" BELOW "/cgroup.type", "threaded");
	id = cgroup_id_of(BELOW);
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
	pid = start(self->seen, 2, false);
	cgroup_move_thread(BELOW, self->seen->tid[0]);
	EXPECT_EQ(id, reader_find_thread(self->r, self->slot, self->seen->tid[0])->cgroup_id);
	let_go(self->seen);
	ASSERT_EQ(3 << 8, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));
	cgroup_remove(BELOW);

	info = reader_find_thread(self->r, self->slot, self->seen->tid[0]);
	EXPECT_EQ(id, info->cgroup_id);
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_MOVED);
	EXPECT_LE(MS * 1000000UL, info->use.cpu_ns - info->cpu_moved_ns);
	EXPECT_NE(id, reader_find_thread(self->r, self->slot, self->seen->tid[1])->cgroup_id);
	EXPECT_NE(id, reader_find(self->r, self->slot, pid)->cgroup_id);
	/* what moved is the thread: no sum of a cgroup is touched */
	EXPECT_EQ(0, reader_totals(self->r, self->slot));
}

/* There is room for the process alone: it has all numbers, and nothing is summed twice. */
TEST_F(records, are_given_up_at_the_bound)
{
	const struct taskhold_policy_stats *stats;
	const struct taskhold_info *info;
	uint64_t used = 0;
	pid_t pid;
	int i;

	policy_ops(self->p)->max_held = 1;
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
	pid = start(self->seen, THREADS, false);
	let_go(self->seen);
	ASSERT_EQ(3 << 8, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));

	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(THREADS, stats->reasons[TASKHOLD_FOLD_THREAD]);
	EXPECT_EQ(0, stats->threads);
	EXPECT_EQ(1, stats->kept);
	EXPECT_EQ(0, reader_totals(self->r, self->slot));
	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);
	for (i = 0; i < THREADS; i++)
		used += self->seen->thread_ns[i];
	EXPECT_LE(used, info->use.cpu_ns);
	EXPECT_LE(off_by_ns(CGROUP, 0, info->use.cpu_ns), 1000);
}

/* Room for some: they are folded to make room, without being added to any sum. */
TEST_F(records, make_room_for_others)
{
	const struct taskhold_policy_stats *stats;
	const struct taskhold_info *info;
	pid_t pid;

	policy_ops(self->p)->max_held = THREADS / 2;
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
	pid = start(self->seen, THREADS, false);
	let_go(self->seen);
	ASSERT_EQ(3 << 8, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));

	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(THREADS / 2 - 1, stats->threads);
	EXPECT_EQ(THREADS - stats->threads, stats->reasons[TASKHOLD_FOLD_THREAD]);

	/* another process makes room by the oldest: a thread's record */
	memset(self->seen, 0, sizeof(*self->seen));
	pid = start(self->seen, 0, false);
	ASSERT_EQ(3 << 8, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));
	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(THREADS / 2, stats->kept);
	EXPECT_EQ(THREADS / 2 + 2, stats->reasons[TASKHOLD_FOLD_THREAD]);
	EXPECT_EQ(0, stats->reasons[TASKHOLD_FOLD_OLDEST]);
	EXPECT_EQ(0, reader_totals(self->r, self->slot));
	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);
}

/* By the policy's own verdict: counted, but overflow() is not called. */
TEST_F(records, are_given_up_by_verdict)
{
	const struct taskhold_policy_stats *stats;
	pid_t pid;

	policy_load(self->p);
	self->p->bss->verdict = TASKHOLD_FOLD;
	self->slot = policy_attach(self->p, self->r);
	pid = start(self->seen, 2, false);
	let_go(self->seen);
	ASSERT_EQ(3 << 8, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));

	stats = reader_policy(self->r, self->slot);
	EXPECT_EQ(2, stats->reasons[TASKHOLD_FOLD_THREAD]);
	EXPECT_EQ(1, stats->reasons[TASKHOLD_FOLD_VERDICT]);
	EXPECT_EQ(0, policy_calls(self->p, POLICY_OVERFLOW, 0));
	ASSERT_EQ(1, reader_totals(self->r, self->slot));
	EXPECT_EQ(1, self->r->bss->totals[0].tasks);
	EXPECT_LE(off_by_ns(CGROUP, 0, self->r->bss->totals[0].use.cpu_ns), 1000);
}

TEST_HARNESS_MAIN
