// SPDX-License-Identifier: GPL-2.0-only
// rows: H7, H9
/*
 * Attaching: one policy a name, eight at once, each independent of the others;
 * a policy may refuse itself; what is detached makes room and leaves nothing.
 */
#include "lib/policy.h"

#include "lib/harness.h"

FIXTURE(attach)
{
	struct reader *r;
	struct policy *p[TASKHOLD_MAX_POLICIES + 1];
	__u64 bytes;	/* of the module's memory, with no policy */
};

FIXTURE_SETUP(attach)
{
	char name[TASKHOLD_NAME_LEN];
	int i;

	self->r = reader_open();
	self->bytes = reader_stats(self->r)->bytes;
	for (i = 0; i <= TASKHOLD_MAX_POLICIES; i++) {
		snprintf(name, sizeof(name), "attach-%d", i);
		self->p[i] = policy_open(name);
	}
	libbpf_set_print(NULL);
}

FIXTURE_TEARDOWN(attach)
{
	int i;

	for (i = 0; i <= TASKHOLD_MAX_POLICIES; i++)
		policy__destroy(self->p[i]);
	reader__destroy(self->r);
}

/* 0 or the error. */
static int try_attach(struct policy *p)
{
	p->links.ops = bpf_map__attach_struct_ops(p->maps.ops);
	return p->links.ops ? 0 : -errno;
}

static void expect_nothing_left(struct __test_metadata *_metadata, FIXTURE_DATA(attach) *self)
{
	/* a child that was forked a moment ago may still have the link open */
	EXPECT_TRUE(until(5, reader_stats(self->r)->policies == 0));
	EXPECT_TRUE(until(5, reader_stats(self->r)->live == 0));
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 0));
	EXPECT_TRUE(until(5, slab_records() == 0));
	EXPECT_EQ(0, reader_stats(self->r)->paths);
	/* memory is kept for records to come until none has been freed for a while */
	EXPECT_TRUE(until(5, self->bytes == reader_stats(self->r)->bytes))
		TH_LOG("%llu bytes, not %llu", self->r->bss->stats.bytes, self->bytes);
}

TEST_F(attach, eight_and_no_ninth)
{
	struct policy *last = self->p[TASKHOLD_MAX_POLICIES];
	pid_t pid;
	int i;

	for (i = 0; i < TASKHOLD_MAX_POLICIES; i++) {
		/* all keep the same process but the last, which drops it */
		self->p[i]->bss->verdict = i == 7 ? TASKHOLD_DROP : TASKHOLD_KEEP;
		policy_load(self->p[i]);
		EXPECT_EQ(i, policy_attach(self->p[i], self->r));
	}
	policy_load(last);
	EXPECT_EQ(-EBUSY, try_attach(last));
	EXPECT_EQ(0, policy_calls(last, POLICY_ATTACH, 0));
	EXPECT_EQ(8, reader_stats(self->r)->policies);

	pid = fork();
	if (pid == 0)
		_exit(3);
	reap(pid);
	reader_finish(self->r, 0);
	for (i = 0; i < TASKHOLD_MAX_POLICIES; i++) {
		const struct taskhold_info *info = reader_find(self->r, i, pid);

		EXPECT_EQ(1, policy_calls(self->p[i], POLICY_ADMIT, pid));
		EXPECT_EQ(1, policy_calls(self->p[i], POLICY_FINISH, pid));
		EXPECT_EQ(i != 7, info != NULL);
		if (info)
			EXPECT_EQ(3 << 8, info->exit_code);
	}

	/* one goes: the others keep theirs, and the ninth finds its place */
	policy_detach(self->p[3]);
	EXPECT_EQ(NULL, reader_policy(self->r, 3));
	EXPECT_EQ(1, policy_calls(self->p[3], POLICY_DETACH, 0));
	EXPECT_NE(NULL, reader_find(self->r, 2, pid));
	EXPECT_EQ(3, policy_attach(last, self->r));
	EXPECT_EQ(0, reader_records(self->r, 3));

	for (i = 0; i <= TASKHOLD_MAX_POLICIES; i++)
		policy_detach(self->p[i]);
	expect_nothing_left(_metadata, self);
}

TEST_F(attach, a_name_is_taken_once)
{
	strncpy(policy_ops(self->p[1])->name, "attach-0", TASKHOLD_NAME_LEN);
	policy_load(self->p[0]);
	policy_load(self->p[1]);
	policy_attach(self->p[0], self->r);
	EXPECT_EQ(-EEXIST, try_attach(self->p[1]));
	EXPECT_EQ(0, policy_calls(self->p[1], POLICY_ATTACH, 0));
	EXPECT_EQ(1, reader_stats(self->r)->policies);
	EXPECT_EQ(0, reader_slot(self->r, "attach-0"));

	policy_detach(self->p[0]);
	expect_nothing_left(_metadata, self);
}

TEST_F(attach, a_name_is_free_again)
{
	strncpy(policy_ops(self->p[1])->name, "attach-0", TASKHOLD_NAME_LEN);
	policy_load(self->p[0]);
	policy_load(self->p[1]);
	policy_attach(self->p[0], self->r);
	policy_detach(self->p[0]);
	EXPECT_EQ(0, policy_attach(self->p[1], self->r));
}

TEST_F(attach, a_policy_refuses_itself)
{
	const int errors[] = { -EPERM, -ENOSPC, -4095 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		self->p[i]->bss->attach_result = errors[i];
		policy_load(self->p[i]);
		EXPECT_EQ(errors[i], try_attach(self->p[i]));
		EXPECT_EQ(1, policy_calls(self->p[i], POLICY_ATTACH, 0));
		/* it never was attached */
		EXPECT_EQ(0, policy_calls(self->p[i], POLICY_DETACH, 0));
	}
	expect_nothing_left(_metadata, self);
}

TEST_F(attach, what_is_no_error_number_refuses_too)
{
	const int results[] = { 1, 4096, -4096, -2147483647 - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		self->p[i]->bss->attach_result = results[i];
		policy_load(self->p[i]);
		EXPECT_EQ(-EINVAL, try_attach(self->p[i]));
	}
	expect_nothing_left(_metadata, self);
}

TEST_F(attach, beside_one_that_refuses_itself)
{
	self->p[1]->bss->attach_result = -EPERM;
	policy_load(self->p[0]);
	policy_load(self->p[1]);
	policy_attach(self->p[0], self->r);
	EXPECT_EQ(-EPERM, try_attach(self->p[1]));
	EXPECT_EQ(1, reader_stats(self->r)->policies);
	EXPECT_EQ(0, reader_slot(self->r, "attach-0"));
}

TEST_F(attach, running_processes_are_let_go_of)
{
	struct gate gate;
	pid_t pid;

	gate_make(&gate);
	policy_load(self->p[0]);
	policy_attach(self->p[0], self->r);
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		_exit(0);
	}
	EXPECT_EQ(1, reader_policy(self->r, 0)->live);
	EXPECT_EQ(1, reader_stats(self->r)->live);
	policy_detach(self->p[0]);
	expect_nothing_left(_metadata, self);
	EXPECT_EQ(0, policy_calls(self->p[0], POLICY_EXIT, pid));
	EXPECT_EQ(0, policy_calls(self->p[0], POLICY_FINISH, pid));

	gate_open(&gate);
	reap(pid);
	reader_finish(self->r, 0);
	EXPECT_EQ(0, policy_calls(self->p[0], POLICY_FINISH, pid));
	gate_close(&gate);
}

TEST_HARNESS_MAIN
