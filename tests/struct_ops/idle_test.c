// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without a policy the module adds nothing to what a task does: it is called at no
 * tracepoint, as the kernel's own tables have it; not before there is one, not when
 * the last has gone, and not after one that was refused.
 */
#include "lib/policy.h"

#include "idle.skel.h"

#include "lib/harness.h"

#define TRACEPOINTS	5

FIXTURE(idle)
{
	struct idle *i;
	struct reader *r;
};

FIXTURE_SETUP(idle)
{
	self->i = idle__open_and_load();
	if (!self->i)
		die("load idle.bpf.o");
	self->r = reader_open();
}

FIXTURE_TEARDOWN(idle)
{
	reader__destroy(self->r);
	idle__destroy(self->i);
}

/* At how many of the tracepoints anybody is called. */
static __u32 called(FIXTURE_DATA(idle) *self)
{
	reader_run(self->i->progs.look_at_all);
	if (self->i->bss->read != TRACEPOINTS)
		die("%u tracepoints could be read", self->i->bss->read);
	return self->i->bss->called;
}

TEST_F(idle, until_there_is_a_policy)
{
	struct policy *first = policy_open("first"), *second = policy_open("second");

	EXPECT_EQ(0, called(self));
	policy_load(first);
	policy_load(second);
	EXPECT_EQ(0, called(self));
	policy_attach(first, self->r);
	EXPECT_EQ(TRACEPOINTS, called(self));
	policy_attach(second, self->r);
	policy_detach(first);
	EXPECT_EQ(TRACEPOINTS, called(self));
	policy_detach(second);
	EXPECT_EQ(0, called(self));
	policy__destroy(first);
	policy__destroy(second);
}

TEST_F(idle, after_one_that_was_refused)
{
	struct policy *p = policy_open("refused");

	p->bss->attach_result = -EPERM;
	policy_load(p);
	EXPECT_EQ(NULL, bpf_map__attach_struct_ops(p->maps.ops));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, called(self));
	policy__destroy(p);
}

TEST_HARNESS_MAIN
