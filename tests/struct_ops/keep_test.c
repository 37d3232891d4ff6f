// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finished processes whose records a policy keeps: each once, in the order in
 * which they finished, with numbers that other sources confirm; all of them
 * gone once the policy is detached.
 */
#include "lib/policy.h"

#include "lib/harness.h"

#define CHILDREN	50

FIXTURE(keep)
{
	struct reader *r;
	struct policy *p;
	int slot;
};

FIXTURE_SETUP(keep)
{
	self->r = reader_open();
	self->p = policy_open("keep");
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(keep)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
}

TEST_F(keep, exactly_the_finished_in_order)
{
	const struct taskhold_info *infos = self->r->bss->infos;
	pid_t pids[CHILDREN];
	int i;

	/* one after the other, each finished before the next begins */
	for (i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(i);
		ASSERT_EQ(i, WEXITSTATUS(reap(pids[i])));
		if (i % 10 == 0)
			reader_finish(self->r, 0);
	}
	reader_finish(self->r, 0);

	ASSERT_EQ(CHILDREN, reader_records(self->r, self->slot));
	for (i = 0; i < CHILDREN; i++) {
		EXPECT_TRUE(infos[i].flags & TASKHOLD_INFO_FINISHED);
		EXPECT_TRUE(infos[i].flags & TASKHOLD_INFO_EXITED);
		EXPECT_FALSE(infos[i].flags & TASKHOLD_INFO_OLDER);
		EXPECT_EQ(getpid(), (pid_t)infos[i].ppid);
		EXPECT_EQ(1, infos[i].threads);
		EXPECT_LT(0, infos[i].use.cpu_ns);
		EXPECT_EQ(infos[i].use.cpu_ns, infos[i].use.user_ns + infos[i].use.sys_ns);
		EXPECT_LE(infos[i].start_ns, infos[i].exit_ns);
	}
	/*
	 * Callbacks of one grace period may run on two CPUs at once; the ten
	 * between two settles come before those after them.
	 */
	for (i = 0; i < CHILDREN; i++) {
		int found = 0, first = i ? (i - 1) / 10 * 10 + 1 : 0, last = i ? first + 9 : 0, k;

		for (k = first; k <= last && k < CHILDREN; k++)
			found += (pid_t)infos[k].tgid == pids[i] &&
				 infos[k].exit_code == (__u32)i << 8;
		EXPECT_EQ(1, found) {
			TH_LOG("child %d, pid %d", i, pids[i]);
		}
	}
}

TEST_F(keep, counters_agree)
{
	const struct taskhold_policy_stats *stats;
	int i;

	for (i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	reader_finish(self->r, 0);

	stats = reader_policy(self->r, self->slot);
	ASSERT_NE(NULL, stats);
	EXPECT_EQ(CHILDREN, stats->admitted);
	EXPECT_EQ(CHILDREN, stats->finished);
	EXPECT_EQ(CHILDREN, stats->kept);
	EXPECT_EQ(0, stats->live);
	EXPECT_EQ(0, stats->dropped);
	EXPECT_EQ(TASKHOLD_DEF_HELD, stats->max_held);
	for (i = 0; i < TASKHOLD_NR_REASONS; i++)
		EXPECT_EQ(0, stats->reasons[i]);
	EXPECT_EQ(CHILDREN, policy_calls(self->p, POLICY_FINISH, 0));
	EXPECT_EQ(CHILDREN, reader_stats(self->r)->records);
	EXPECT_TRUE(until(5, slab_records() == CHILDREN));

	policy_detach(self->p);
	EXPECT_EQ(NULL, reader_policy(self->r, self->slot));
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 0));
	EXPECT_TRUE(until(5, slab_records() == 0));
	EXPECT_EQ(0, reader_stats(self->r)->policies);
	EXPECT_EQ(0, reader_stats(self->r)->paths);
}

TEST_F(keep, a_running_one_comes_first)
{
	const struct taskhold_info *infos = self->r->bss->infos;
	struct gate gate;
	pid_t finished, running;

	gate_make(&gate);
	running = fork();
	if (running == 0) {
		gate_wait(&gate);
		_exit(0);
	}
	finished = fork();
	if (finished == 0)
		_exit(0);
	reap(finished);
	reader_finish(self->r, 1);

	ASSERT_EQ(2, reader_records(self->r, self->slot));
	EXPECT_EQ(running, (pid_t)infos[0].tgid);
	EXPECT_FALSE(infos[0].flags & TASKHOLD_INFO_FINISHED);
	EXPECT_EQ(finished, (pid_t)infos[1].tgid);
	EXPECT_TRUE(infos[1].flags & TASKHOLD_INFO_FINISHED);

	gate_open(&gate);
	reap(running);
	reader_finish(self->r, 0);
	ASSERT_EQ(2, reader_records(self->r, self->slot));
	EXPECT_EQ(finished, (pid_t)infos[0].tgid);
	EXPECT_EQ(running, (pid_t)infos[1].tgid);
	gate_close(&gate);
}

TEST_F(keep, what_is_used_is_what_getrusage_says)
{
	const struct taskhold_info *info;
	struct rusage usage;
	uint64_t cpu_us;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		burn_ms(200);
		raise(SIGKILL);
	}
	ASSERT_EQ(pid, wait4(pid, &status, 0, &usage));
	reader_finish(self->r, 0);
	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);

	cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ULL +
		 usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	/* the record also has what came after wait4(): the last switch away */
	EXPECT_LE(cpu_us, info->use.cpu_ns / 1000 + 1);
	EXPECT_GE(cpu_us + 20000 * slowness(), info->use.cpu_ns / 1000);
	EXPECT_EQ(status, (int)info->exit_code);
	EXPECT_EQ(SIGKILL, info->exit_code & 0x7f);
	EXPECT_LE((__u64)usage.ru_minflt, info->use.min_flt);
	EXPECT_LE((__u64)usage.ru_nvcsw, info->use.nvcsw);
	EXPECT_EQ((__u64)usage.ru_maxrss * 1024, info->max_rss);
	EXPECT_EQ(getuid(), info->uid);
	EXPECT_STREQ("keep_test", info->comm);
}

TEST_HARNESS_MAIN
