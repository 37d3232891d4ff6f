// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: H4, H5, H10, H13, H17, H19, S6
/*
 * Members of a module's type that are called: what they are given and what comes of
 * what they return; and what a value of that type may have in each kind of member.
 */
#include "lib/struct_ops.h"
#include "lib/testmod.h"

#include "calls.skel.h"

#include "lib/harness.h"

#define NAME	"testmod_calls"

FIXTURE(calls)
{
	struct struct_ops_type t;
	char value[STRUCT_OPS_VALUE_MAX];
	int map;
	int link;
};

FIXTURE_SETUP(calls)
{
	ASSERT_EQ(0, testmod_load(NAME, ""));
	struct_ops_open(&self->t, NAME, "testmod_calls_ops");
	self->map = struct_ops_map(&self->t, BPF_F_LINK);
	self->link = -1;
	ASSERT_LE(0, self->map);
}

FIXTURE_TEARDOWN(calls)
{
	struct_ops_put(&self->link);
	struct_ops_put(&self->map);
	struct_ops_close(&self->t);
	EXPECT_EQ(0, testmod_unload_soon(NAME));
}

/* What a call returned. */
static long call(const char *what)
{
	testmod_set(NAME, "call", what);
	return testmod_get(NAME, "returned");
}

/* Whether what is to be called is there. */
static bool can_call(const char *what)
{
	int fd = open("/sys/module/" NAME "/parameters/call", O_WRONLY | O_CLOEXEC);
	bool can = write(fd, what, strlen(what)) > 0;

	close(fd);
	return can;
}

static __u32 at(struct struct_ops_type *t, const char *member)
{
	return struct_ops_offset(t, member);
}

/* The value is refused, and the map is as it was. */
#define REFUSED(error)								\
do {										\
	EXPECT_EQ(error, struct_ops_update(self->map, self->value));		\
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->map, NULL));		\
	EXPECT_EQ(-EINVAL, struct_ops_link(self->map));				\
} while (0)

TEST_F(calls, argument_that_may_be_null)
{
	struct calls *c = calls__open_and_load();

	ASSERT_NE(NULL, c);
	ASSERT_EQ(0, calls__attach(c));
	EXPECT_EQ(-1002, call("null"));
	EXPECT_EQ(1, c->bss->nulls);
	EXPECT_EQ(42, call("data"));
	EXPECT_EQ(1, c->bss->nulls);
	testmod_set(NAME, "call", "nothing");
	EXPECT_EQ(40, c->bss->number);
	/* what init_member() takes is there without a program */
	EXPECT_EQ(77, call("taken"));
	calls__destroy(c);
	EXPECT_TRUE(until(5, !can_call("taken")));
}

TEST_F(calls, returned_numbers)
{
	const int numbers[] = { 0, 1, -1, 2147483647, -2147483647 - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		int prog = struct_ops_prog(&self->t, "either", numbers[i]);
		int map = struct_ops_map(&self->t, BPF_F_LINK), link;

		struct_ops_set(&self->t, self->value, "either", prog);
		ASSERT_EQ(0, struct_ops_update(map, self->value));
		link = struct_ops_link(map);
		ASSERT_LE(0, link);
		EXPECT_EQ(numbers[i], call("null"));
		close(link);
		close(map);
		close(prog);
	}
}

TEST_F(calls, holes)
{
	__u32 hole = at(&self->t, "taken") + 1;

	for (; hole < at(&self->t, "ignored"); hole++) {
		self->value[hole] = 1;
		REFUSED(-EINVAL);
		self->value[hole] = 0;
	}
	for (hole = at(&self->t, "wrong") + 1; hole < at(&self->t, "wrong") + 8; hole++) {
		self->value[hole] = 1;
		REFUSED(-EINVAL);
		self->value[hole] = 0;
	}
	EXPECT_EQ(0, struct_ops_update(self->map, self->value));
}

TEST_F(calls, data_that_nobody_takes)
{
	self->value[at(&self->t, "ignored") + 3] = 1;
	REFUSED(-EINVAL);
}

TEST_F(calls, data_that_is_taken)
{
	self->value[at(&self->t, "taken")] = 100;
	ASSERT_EQ(0, struct_ops_update(self->map, self->value));
	self->link = struct_ops_link(self->map);
	ASSERT_LE(0, self->link);
	EXPECT_EQ(100, call("taken"));
}

/* The error is that of the type's own function. */
TEST_F(calls, data_out_of_range)
{
	self->value[at(&self->t, "taken")] = 101;
	REFUSED(-ERANGE);
}

TEST_F(calls, values_that_are_wrong_together)
{
	int map = struct_ops_map(&self->t, 0);

	/* without a link it comes before the registration, too */
	self->value[at(&self->t, "wrong")] = 1;
	REFUSED(-EDOM);
	EXPECT_EQ(-EDOM, struct_ops_update(map, self->value));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(map, NULL));
	EXPECT_FALSE(can_call("taken"));
	close(map);
}

/*
 * Who implements a type does not say whose module it is: the map has no value then.
 * The kernel leaves the error at what the member before has made it, here 0.
 */
TEST_F(calls, owner)
{
	struct_ops_set(&self->t, self->value, "owner", 1);
	EXPECT_EQ(0, struct_ops_update(self->map, self->value));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->map, NULL));
	EXPECT_EQ(-EINVAL, struct_ops_link(self->map));
	/* and takes one that is right */
	struct_ops_set(&self->t, self->value, "owner", 0);
	EXPECT_EQ(0, struct_ops_update(self->map, self->value));
	EXPECT_EQ(STRUCT_OPS_READY, struct_ops_state(self->map, NULL));
}

TEST_F(calls, function_without_a_stub)
{
	int either = struct_ops_prog(&self->t, "either", 0);

	EXPECT_EQ(-ENOTSUPP, struct_ops_prog(&self->t, "unsupported", 0));
	struct_ops_set(&self->t, self->value, "unsupported", either);
	REFUSED(-EINVAL);
	close(either);
}

TEST_F(calls, one_word_too_many)
{
	struct struct_ops_type fixed;
	char value[STRUCT_OPS_VALUE_MAX] = {};
	int map, prog;

	struct_ops_open(&fixed, NAME, "testmod_fixed_ops");
	map = struct_ops_map(&fixed, BPF_F_LINK);
	prog = struct_ops_prog(&fixed, "wide", 0);
	ASSERT_LE(0, prog);
	struct_ops_set(&fixed, value, "wide", prog);
	EXPECT_EQ(-ENOTSUPP, struct_ops_update(map, value));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(map, NULL));
	close(prog);
	close(map);
	struct_ops_close(&fixed);
}

/* It has neither validate() nor update(). */
TEST_F(calls, type_without_what_may_be_left_out)
{
	struct struct_ops_type fixed;
	char value[STRUCT_OPS_VALUE_MAX] = {};
	int map, prog, link;

	struct_ops_open(&fixed, NAME, "testmod_fixed_ops");
	map = struct_ops_map(&fixed, BPF_F_LINK);
	prog = struct_ops_prog(&fixed, "call", 7);
	struct_ops_set(&fixed, value, "call", prog);
	EXPECT_EQ(0, struct_ops_update(map, value));
	link = struct_ops_link(map);
	EXPECT_LE(0, link);
	EXPECT_EQ(7, call("fixed"));
	EXPECT_EQ(-EOPNOTSUPP, bpf_link_update(link, map, NULL));
	EXPECT_EQ(7, call("fixed"));
	close(link);
	close(map);
	close(prog);
	struct_ops_close(&fixed);
}

/*
 * A type may add code to its programs, before the first instruction and in the place of
 * each exit: here the number that they are given, 40, goes up by one, and is added to
 * what they return, as is what a kfunc makes of it that is called there.
 */
TEST_F(calls, code_that_the_type_adds)
{
	struct struct_ops_type framed;
	char value[STRUCT_OPS_VALUE_MAX] = {};
	const struct bpf_insn insns[] = {
		/* r2 = data->number */
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_1 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1 },
		/* 100 where it is that of the second exit, else 200 */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 200 },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_2, .off = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 100 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct {
		int number;	/* for which the second exit is taken */
		long returned;
	} calls[] = { { 41, 1000 + 100 + 41 }, { 40, 1000 + 200 + 41 } };
	unsigned int i;

	struct_ops_open(&framed, NAME, "testmod_framed_ops");
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		LIBBPF_OPTS(bpf_prog_load_opts, opts, .attach_btf_id = framed.type_id,
			    .attach_btf_obj_fd = framed.btf_fd);
		struct bpf_insn own[ARRAY_SIZE(insns)];
		int map = struct_ops_map(&framed, BPF_F_LINK), prog, link;

		memcpy(own, insns, sizeof(own));
		own[3].imm = calls[i].number;
		prog = bpf_prog_load(BPF_PROG_TYPE_STRUCT_OPS, "framed", "GPL", own,
				     ARRAY_SIZE(own), &opts);
		ASSERT_LE(0, prog);
		struct_ops_set(&framed, value, "call", prog);
		ASSERT_EQ(0, struct_ops_update(map, value));
		link = struct_ops_link(map);
		ASSERT_LE(0, link);
		EXPECT_EQ(calls[i].returned, call("framed"));
		close(link);
		close(map);
		close(prog);
	}
	struct_ops_close(&framed);
}

/* A member is the type's own, also where another type has one in the same place. */
TEST_F(calls, function_of_another_type)
{
	struct struct_ops_type fixed, framed;
	char value[STRUCT_OPS_VALUE_MAX] = {};
	int map, prog;

	struct_ops_open(&fixed, NAME, "testmod_fixed_ops");
	struct_ops_open(&framed, NAME, "testmod_framed_ops");
	ASSERT_EQ(struct_ops_member(&fixed, "call"), struct_ops_member(&framed, "call"));
	map = struct_ops_map(&framed, BPF_F_LINK);
	prog = struct_ops_prog(&fixed, "call", 0);
	ASSERT_LE(0, prog);
	struct_ops_set(&framed, value, "call", prog);
	EXPECT_EQ(-EINVAL, struct_ops_update(map, value));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(map, NULL));
	close(prog);
	prog = struct_ops_prog(&framed, "call", 0);
	ASSERT_LE(0, prog);
	struct_ops_set(&framed, value, "call", prog);
	EXPECT_EQ(0, struct_ops_update(map, value));
	close(prog);
	close(map);
	struct_ops_close(&framed);
	struct_ops_close(&fixed);
}

/* The error is that of the type's own function, and the old members stay. */
TEST_F(calls, update_that_is_refused)
{
	int map = struct_ops_map(&self->t, BPF_F_LINK);

	self->value[at(&self->t, "taken")] = 1;
	ASSERT_EQ(0, struct_ops_update(self->map, self->value));
	self->link = struct_ops_link(self->map);
	ASSERT_LE(0, self->link);
	self->value[at(&self->t, "taken")] = 99;
	ASSERT_EQ(0, struct_ops_update(map, self->value));
	EXPECT_EQ(-EADV, bpf_link_update(self->link, map, NULL));
	EXPECT_EQ(1, call("taken"));
	EXPECT_EQ(0, testmod_get(NAME, "updates"));
	close(map);

	map = struct_ops_map(&self->t, BPF_F_LINK);
	self->value[at(&self->t, "taken")] = 2;
	ASSERT_EQ(0, struct_ops_update(map, self->value));
	EXPECT_EQ(0, bpf_link_update(self->link, map, NULL));
	EXPECT_EQ(2, call("taken"));
	EXPECT_EQ(1, testmod_get(NAME, "updates"));
	close(map);
}

/* Only one can be registered: the error is that of the type's own function. */
TEST_F(calls, registration_that_is_refused)
{
	int map = struct_ops_map(&self->t, BPF_F_LINK);

	ASSERT_EQ(0, struct_ops_update(self->map, self->value));
	ASSERT_EQ(0, struct_ops_update(map, self->value));
	self->link = struct_ops_link(self->map);
	ASSERT_LE(0, self->link);
	EXPECT_EQ(-EBUSY, struct_ops_link(map));
	close(map);
}

TEST_HARNESS_MAIN
