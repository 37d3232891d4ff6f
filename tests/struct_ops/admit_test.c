// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a policy is asked whether it holds a process: at its birth, and where it
 * said no, again at each exec and change of cgroup; of processes that are older
 * than it, when it is attached.
 */
#include "lib/policy.h"

#include "lib/harness.h"

#define CGROUP	"taskhold-admit"

FIXTURE(admit)
{
	struct reader *r;
	struct policy *p;
};

FIXTURE_SETUP(admit)
{
	self->r = reader_open();
	self->p = policy_open("admit");
	policy_load(self->p);
}

FIXTURE_TEARDOWN(admit)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
}

/* The nth time that the policy was asked about a process: as what; 0: it was not. */
static __u32 asked(struct policy *p, pid_t pid, int nth)
{
	const struct policy_event *e = policy_call(p, POLICY_ADMIT, pid, nth);

	return e ? e->arg : 0;
}

TEST_F(admit, once_at_birth_where_it_says_yes)
{
	char *argv[] = { "true", NULL };
	pid_t pid;

	policy_attach(self->p, self->r);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(TASKHOLD_EV_FORK, asked(self->p, pid, 0));
	EXPECT_EQ(0, asked(self->p, pid, 1));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXEC, pid));
}

TEST_F(admit, again_at_exec_where_it_said_no)
{
	char *argv[] = { "true", NULL };
	const struct taskhold_info *info;
	int slot = policy_attach(self->p, self->r);
	pid_t pid;

	self->p->bss->refuse_fork = true;
	pid = fork();
	if (pid == 0) {
		burn_ms(50);
		execvp(argv[0], argv);
		_exit(127);
	}
	EXPECT_EQ(0, reap(pid));
	reader_finish(self->r, 0);
	EXPECT_EQ(TASKHOLD_EV_FORK, asked(self->p, pid, 0));
	EXPECT_EQ(TASKHOLD_EV_EXEC, asked(self->p, pid, 1));
	EXPECT_EQ(0, asked(self->p, pid, 2));
	/* it is held since its exec, so that is not one of a held process */
	EXPECT_EQ(0, policy_calls(self->p, POLICY_EXEC, pid));

	info = reader_find(self->r, slot, pid);
	ASSERT_NE(NULL, info);
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_OLDER);
	EXPECT_LE(50000000, info->cpu_before_ns);
	EXPECT_LT(0, info->use.cpu_ns);
	EXPECT_STREQ("true", info->comm_exec);
}

TEST_F(admit, not_at_all_where_it_says_no_for_ever)
{
	struct gate gate;
	pid_t pid;

	gate_make(&gate);
	policy_attach(self->p, self->r);
	self->p->bss->refuse_fork = true;
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		_exit(0);
	}
	EXPECT_EQ(0, reader_stats(self->r)->live);
	gate_open(&gate);
	reap(pid);
	reader_finish(self->r, 0);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_ADMIT, pid));
	EXPECT_EQ(0, policy_calls(self->p, POLICY_EXIT, pid));
	EXPECT_EQ(0, policy_calls(self->p, POLICY_FINISH, pid));
	gate_close(&gate);
}

TEST_F(admit, again_when_the_cgroup_changes)
{
	const struct taskhold_info *info;
	int slot = policy_attach(self->p, self->r);
	struct gate gate;
	pid_t pid;

	gate_make(&gate);
	cgroup_make(CGROUP);
	self->p->bss->refuse_fork = true;
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		_exit(0);
	}
	cgroup_move(CGROUP, pid);
	EXPECT_EQ(TASKHOLD_EV_MOVE, asked(self->p, pid, 1));
	EXPECT_EQ(0, asked(self->p, pid, 2));
	info = reader_find(self->r, slot, pid);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(cgroup_id_of(CGROUP), info->cgroup_id);
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_OLDER);

	gate_open(&gate);
	reap(pid);
	reader_finish(self->r, 0);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, pid));
	cgroup_remove(CGROUP);
	gate_close(&gate);
}

TEST_F(admit, of_those_that_are_older)
{
	const struct taskhold_info *info;
	struct gate gate;
	pid_t pid;
	int slot;

	gate_make(&gate);
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		burn_ms(50);
		_exit(5);
	}
	slot = policy_attach(self->p, self->r);
	EXPECT_EQ(TASKHOLD_EV_ATTACH, asked(self->p, pid, 0));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_ADMIT, pid));

	gate_open(&gate);
	EXPECT_EQ(5, WEXITSTATUS(reap(pid)));
	reader_finish(self->r, 0);
	info = reader_find(self->r, slot, pid);
	ASSERT_NE(NULL, info);
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_OLDER);
	EXPECT_LT(0, info->cpu_before_ns);
	EXPECT_LE(50000000, info->use.cpu_ns);
	EXPECT_GE(50000000 + 50000000ULL * slowness(), info->use.cpu_ns);
	EXPECT_EQ(5 << 8, info->exit_code);
	gate_close(&gate);
}

TEST_F(admit, with_the_word_that_the_parent_is_held)
{
	struct gate gate;
	pid_t pid, grandchild;
	int report[2];

	/* the child is held, and its parent is not; its child's parent is */
	gate_make(&gate);
	ASSERT_EQ(0, pipe(report));
	self->p->bss->hold_descendants = true;
	policy_attach(self->p, self->r);
	pid = fork();
	if (pid == 0) {
		grandchild = fork();
		if (grandchild == 0)
			_exit(0);
		reap(grandchild);
		_exit(write(report[1], &grandchild, sizeof(grandchild)) != sizeof(grandchild));
	}
	ASSERT_EQ(0, reap(pid));
	ASSERT_EQ(sizeof(grandchild), (size_t)read(report[0], &grandchild, sizeof(grandchild)));
	EXPECT_EQ(TASKHOLD_EV_FORK, asked(self->p, pid, 0));
	EXPECT_EQ(TASKHOLD_EV_FORK | TASKHOLD_EV_PARENT_HELD, asked(self->p, grandchild, 0));
	close(report[0]);
	close(report[1]);
	gate_close(&gate);
}

TEST_F(admit, older_ones_with_that_word_too)
{
	struct gate gate;
	pid_t pid;

	/* the caller itself is on the list before its child, and is held */
	gate_make(&gate);
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		_exit(0);
	}
	self->p->bss->hold_root = true;
	policy_attach(self->p, self->r);
	EXPECT_EQ(TASKHOLD_EV_ATTACH, asked(self->p, getpid(), 0));
	EXPECT_EQ(TASKHOLD_EV_ATTACH | TASKHOLD_EV_PARENT_HELD, asked(self->p, pid, 0));
	gate_open(&gate);
	reap(pid);
	gate_close(&gate);
}

TEST_HARNESS_MAIN
