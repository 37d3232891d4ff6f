// SPDX-License-Identifier: GPL-2.0-only
// rows: H4, H19
// kmsg-allow: ^taskhold: taskhold_ops\.(name|flags|max_held|interval_ms): want
// kmsg-allow: refuse: [0-9]+ callbacks suppressed
/*
 * Data members of a policy: what is out of range is refused when the map is
 * given its value, and the kernel's log says which member it is; what is in
 * range is taken as it is.
 */
#include <sys/syscall.h>

#include "lib/kmsg.h"
#include "lib/policy.h"

#include "lib/harness.h"

FIXTURE(values)
{
	struct reader *r;
	struct policy *p;
	struct taskhold_ops *ops;
	int kmsg;
};

FIXTURE_SETUP(values)
{
	self->r = reader_open();
	self->p = policy_open("values");
	self->ops = policy_ops(self->p);
	self->kmsg = kmsg_open();
	libbpf_set_print(NULL);
}

FIXTURE_TEARDOWN(values)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	close(self->kmsg);
}

/* The map is given its value when the policy is attached; 0 or the error. */
static int attach(struct policy *p)
{
	if (policy__load(p))
		return -EDOM;
	p->links.ops = bpf_map__attach_struct_ops(p->maps.ops);
	return p->links.ops ? 0 : -errno;
}

#define REFUSED(want)								\
do {										\
	EXPECT_EQ(-EINVAL, attach(self->p));					\
	EXPECT_EQ(1, kmsg_count(self->kmsg, want "\n"));			\
	EXPECT_EQ(0, reader_stats(self->r)->policies);				\
} while (0)

#define NAME	"taskhold_ops.name: want 1 to 31 of [A-Za-z0-9_.-], NUL padded"
#define FLAGS	"taskhold_ops.flags: want 0 or 1 (TASKHOLD_POLICY_THREADS)"
#define HELD	"taskhold_ops.max_held: want at most 4194304"
#define INTERVAL "taskhold_ops.interval_ms: want at most 60000"

#define TAKEN()									\
do {										\
	EXPECT_EQ(0, attach(self->p));						\
	EXPECT_EQ(0, kmsg_count(self->kmsg, ""));				\
	EXPECT_EQ(1, reader_stats(self->r)->policies);				\
} while (0)

TEST_F(values, name_empty)
{
	memset(self->ops->name, 0, TASKHOLD_NAME_LEN);
	REFUSED(NAME);
}

TEST_F(values, name_without_end)
{
	memset(self->ops->name, 'n', TASKHOLD_NAME_LEN);
	REFUSED(NAME);
}

TEST_F(values, name_with_something_after_its_end)
{
	self->ops->name[TASKHOLD_NAME_LEN - 1] = 'x';
	REFUSED(NAME);
}

TEST_F(values, name_with_a_character_that_none_has)
{
	strncpy(self->ops->name, "a:b", TASKHOLD_NAME_LEN);
	REFUSED(NAME);
}

TEST_F(values, name_longest)
{
	memset(self->ops->name, 'n', TASKHOLD_NAME_LEN - 1);
	TAKEN();
	EXPECT_EQ(0, reader_slot(self->r, self->ops->name));
}

TEST_F(values, name_shortest)
{
	strncpy(self->ops->name, "a", TASKHOLD_NAME_LEN);
	TAKEN();
	EXPECT_EQ(0, reader_slot(self->r, "a"));
}

TEST_F(values, name_of_every_kind_of_character)
{
	strncpy(self->ops->name, "azAZ09_.-", TASKHOLD_NAME_LEN);
	TAKEN();
}

FIXTURE(bad_character)
{
	struct policy *p;
};

FIXTURE_VARIANT(bad_character)
{
	char character;
};

FIXTURE_VARIANT_ADD(bad_character, blank) { .character = ' ', };
FIXTURE_VARIANT_ADD(bad_character, slash) { .character = '/', };
FIXTURE_VARIANT_ADD(bad_character, newline) { .character = '\n', };
FIXTURE_VARIANT_ADD(bad_character, percent) { .character = '%', };
FIXTURE_VARIANT_ADD(bad_character, not_ascii) { .character = '\xe4', };

FIXTURE_SETUP(bad_character)
{
	self->p = policy_open("na-me");
	policy_ops(self->p)->name[2] = variant->character;
	libbpf_set_print(NULL);
}

FIXTURE_TEARDOWN(bad_character)
{
	policy__destroy(self->p);
}

/* Not in the log, which takes ten of these lines in a moment and no more. */
TEST_F(bad_character, in_the_name)
{
	EXPECT_EQ(-EINVAL, attach(self->p));
}

TEST_F(values, flags)
{
	self->ops->flags = TASKHOLD_POLICY_THREADS << 1;
	REFUSED(FLAGS);
}

TEST_F(values, highest_flag)
{
	self->ops->flags = 1U << 31;
	REFUSED(FLAGS);
}

TEST_F(values, max_held_too_high)
{
	self->ops->max_held = TASKHOLD_MAX_HELD + 1;
	REFUSED(HELD);
}

TEST_F(values, max_held_highest)
{
	self->ops->max_held = TASKHOLD_MAX_HELD;
	TAKEN();
	EXPECT_EQ(TASKHOLD_MAX_HELD, reader_policy(self->r, 0)->max_held);
}

TEST_F(values, max_held_lowest)
{
	self->ops->max_held = 1;
	TAKEN();
	EXPECT_EQ(1, reader_policy(self->r, 0)->max_held);
}

TEST_F(values, max_held_left_out)
{
	TAKEN();
	EXPECT_EQ(TASKHOLD_DEF_HELD, reader_policy(self->r, 0)->max_held);
}

TEST_F(values, interval_too_high)
{
	self->ops->interval_ms = TASKHOLD_MAX_INTERVAL + 1;
	REFUSED(INTERVAL);
}

TEST_F(values, interval_highest)
{
	self->ops->interval_ms = TASKHOLD_MAX_INTERVAL;
	TAKEN();
	EXPECT_EQ(TASKHOLD_MAX_INTERVAL, reader_policy(self->r, 0)->interval_ms);
}

TEST_HARNESS_MAIN
