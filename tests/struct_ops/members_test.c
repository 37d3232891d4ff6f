// SPDX-License-Identifier: GPL-2.0-only
// rows: H12
/*
 * A policy may leave out any member: with each alone, with all and with none it
 * loads, attaches, holds what it has to, and detaches with nothing left.
 */
#include "lib/policy.h"

#include "lib/harness.h"

FIXTURE(members)
{
	struct reader *r;
	struct policy *p;
};

FIXTURE_VARIANT(members)
{
	__u32 mask;	/* bit n: the nth function is there */
};

/* In the order of struct taskhold_ops, which enum policy_call is not in. */
enum { ADMIT, EXEC, EXIT, FINISH, OVERFLOW, ATTACH, DETACH };

FIXTURE_VARIANT_ADD(members, none) { .mask = 0, };
FIXTURE_VARIANT_ADD(members, admit) { .mask = 1 << ADMIT, };
FIXTURE_VARIANT_ADD(members, exec) { .mask = 1 << EXEC, };
FIXTURE_VARIANT_ADD(members, exit) { .mask = 1 << EXIT, };
FIXTURE_VARIANT_ADD(members, finish) { .mask = 1 << FINISH, };
FIXTURE_VARIANT_ADD(members, overflow) { .mask = 1 << OVERFLOW, };
FIXTURE_VARIANT_ADD(members, attach) { .mask = 1 << ATTACH, };
FIXTURE_VARIANT_ADD(members, detach) { .mask = 1 << DETACH, };
FIXTURE_VARIANT_ADD(members, all) { .mask = 0x7f, };

FIXTURE_SETUP(members)
{
	void **op;
	int i;

	self->r = reader_open();
	self->p = policy_open("members");
	op = (void **)policy_ops(self->p);
	for (i = 0; i <= DETACH; i++) {
		if (!(variant->mask & 1 << i))
			op[i] = NULL;
	}
	policy_load(self->p);
}

FIXTURE_TEARDOWN(members)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
}

/* A member that is there is called so often, and one that is not, never. */
#define CALLED(n, bit, call)								\
	EXPECT_EQ(variant->mask & 1 << (bit) ? (n) : 0, policy_calls(self->p, call, pid))

TEST_F(members, hold_a_process)
{
	char *argv[] = { "true", NULL };
	const struct taskhold_info *info;
	int slot;
	pid_t pid;

	slot = policy_attach(self->p, self->r);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	ASSERT_EQ(0, reap(pid));
	/* left out, admit holds everybody, who runs on, and finish keeps */
	ASSERT_TRUE(until(10, (reader_settle(self->r),
			       info = reader_find(self->r, slot, pid)) &&
			      info->flags & TASKHOLD_INFO_FINISHED));
	reader_settle(self->r);
	EXPECT_STREQ("true", info->comm_exec);
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_EXECED);
	CALLED(1, ADMIT, POLICY_ADMIT);
	CALLED(1, EXEC, POLICY_EXEC);
	CALLED(1, EXIT, POLICY_EXIT);
	CALLED(1, FINISH, POLICY_FINISH);

	policy_detach(self->p);
	pid = 0;
	CALLED(1, ATTACH, POLICY_ATTACH);
	CALLED(1, DETACH, POLICY_DETACH);
	CALLED(0, OVERFLOW, POLICY_OVERFLOW);
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 0));
	EXPECT_EQ(0, reader_stats(self->r)->policies);
	EXPECT_EQ(0, reader_stats(self->r)->live);
}

TEST_HARNESS_MAIN
