// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
/*
 * A process whose first thread exits first, and stays a zombie while others go
 * on: one record, not finished before the last of them, with the status that
 * wait(2) gives, however the others end.
 */
#include "lib/threads.h"

#include "lib/harness.h"

#define CGROUP		"first-first"
#define MS		20	/* of CPU time, each thread */
#define FIRST_CODE	5	/* the first thread's */
#define THREAD_CODE	6	/* the others', the last of which is the process's */
#define GROUP_CODE	7	/* exit_group()'s */

enum ending {
	ALL_EXIT,	/* each thread by itself */
	ONE_ENDS_ALL,	/* exit_group() */
	KILLED,
};

FIXTURE(process)
{
	struct reader *r;
	struct policy *p;
	struct seen *seen;
	int slot;
};

FIXTURE_VARIANT(process)
{
	enum ending ending;
	bool older;	/* than the policy, at whose attachment the first is gone */
	int status;
};

FIXTURE_VARIANT_ADD(process, whose_threads_exit)
{
	.ending = ALL_EXIT, .status = THREAD_CODE << 8,
};

FIXTURE_VARIANT_ADD(process, whose_thread_ends_all)
{
	.ending = ONE_ENDS_ALL, .status = GROUP_CODE << 8,
};

FIXTURE_VARIANT_ADD(process, that_is_killed)
{
	.ending = KILLED, .status = SIGKILL,
};

FIXTURE_VARIANT_ADD(process, older_whose_threads_exit)
{
	.ending = ALL_EXIT, .older = true, .status = THREAD_CODE << 8,
};

FIXTURE_VARIANT_ADD(process, older_whose_thread_ends_all)
{
	.ending = ONE_ENDS_ALL, .older = true, .status = GROUP_CODE << 8,
};

FIXTURE_VARIANT_ADD(process, older_that_is_killed)
{
	.ending = KILLED, .older = true, .status = SIGKILL,
};

FIXTURE_SETUP(process)
{
	cgroup_make(CGROUP);
	self->seen = seen_make();
	self->r = reader_open();
	self->p = policy_open("first-first");
	policy_load(self->p);
}

FIXTURE_TEARDOWN(process)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	seen_free(self->seen);
	cgroup_remove(CGROUP);
}

struct job {
	struct seen *seen;
	enum ending ending;
};

static void *work(void *arg)
{
	struct job *job = arg;

	count_up(&job->seen->ready);
	wait_to_go(job->seen);
	burn_ms(MS);
	count_up(&job->seen->done);
	if (job->ending == KILLED) {
		for (;;)
			pause();
	}
	/* who ends all waits for what the others do before */
	if (job->ending == ONE_ENDS_ALL) {
		while (counter(&job->seen->done) < THREADS)
			nap();
		syscall(SYS_exit_group, GROUP_CODE);
	}
	syscall(SYS_exit, THREAD_CODE);
	return NULL;
}

static void process(struct job *job)
{
	int i;

	for (i = 0; i < THREADS; i++)
		thread_start(work, job);
	syscall(SYS_exit, FIRST_CODE);
}

TEST_F(process, is_one_record)
{
	struct job job = { self->seen, variant->ending };
	const struct taskhold_info *info;
	pid_t pid;

	if (!variant->older)
		self->slot = policy_attach(self->p, self->r);
	pid = fork_into(CGROUP);
	if (pid == 0)
		process(&job);
	ASSERT_TRUE(until(10, task_state(pid) == 'Z'));
	ASSERT_TRUE(until(10, counter(&self->seen->ready) == THREADS))
		TH_LOG("first thread '%c', %d threads ready", task_state(pid),
		       counter(&self->seen->ready));
	if (variant->older)
		self->slot = policy_attach(self->p, self->r);

	/* the zombie's own numbers may be final, the process's are not */
	reader_settle(self->r);
	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(0, info->flags & (TASKHOLD_INFO_FINISHED | TASKHOLD_INFO_EXITED));
	EXPECT_EQ(0, policy_calls(self->p, POLICY_EXIT, pid));
	EXPECT_EQ(0, finish_calls(self->p, pid));

	let_go(self->seen);
	if (variant->ending == KILLED) {
		ASSERT_TRUE(until(20, counter(&self->seen->done) == THREADS));
		ASSERT_EQ(0, kill(pid, SIGKILL));
	}
	ASSERT_EQ(variant->status, reap(pid));
	ASSERT_TRUE(all_finished(self->r, self->slot));

	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(1, self->r->bss->nr_infos);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXIT, pid));
	EXPECT_EQ(1, finish_calls(self->p, pid));
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_FINISHED);
	EXPECT_EQ(variant->status, info->exit_code);
	EXPECT_EQ(pid, (pid_t)info->tgid);
	EXPECT_STREQ("first_first_tes", info->comm);
	EXPECT_EQ(THREADS + 1, info->threads);
	EXPECT_EQ(variant->older, !!(info->flags & TASKHOLD_INFO_OLDER));
	EXPECT_LE(THREADS * MS * 1000000UL, info->use.cpu_ns);
	EXPECT_LE(off_by_ns(CGROUP, 0, cpu_in_all(info)), 1000);
}

TEST_HARNESS_MAIN
