// SPDX-License-Identifier: GPL-2.0-only
// rows: H1, H2, H6, H13, S2
/*
 * Programs for members of a policy, as the system call takes them: licence, member,
 * what is returned; and what they are not for.
 */
#include "lib/struct_ops.h"

#include "lib/harness.h"

/* clang-format off */
#define MOV_R0	{ .code = BPF_ALU64 | BPF_MOV | BPF_K }
#define EXIT	{ .code = BPF_JMP | BPF_EXIT }
/* clang-format on */

FIXTURE(load)
{
	struct struct_ops_type t;
	struct bpf_prog_load_opts opts;
	char log[8192];
};

FIXTURE_SETUP(load)
{
	struct_ops_open(&self->t, "taskhold", "taskhold_ops");
	self->opts.sz = sizeof(self->opts);
	self->opts.attach_btf_id = self->t.type_id;
	self->opts.attach_btf_obj_fd = self->t.btf_fd;
	self->opts.expected_attach_type = struct_ops_member(&self->t, "admit");
	self->opts.log_level = 1;
	self->opts.log_buf = self->log;
	self->opts.log_size = sizeof(self->log);
}

FIXTURE_TEARDOWN(load)
{
	struct_ops_close(&self->t);
}

/* Loads what ends with the first exit; 0 or a negative error. */
static int try_load(FIXTURE_DATA(load) *self, const char *license, const struct bpf_insn *insns)
{
	int fd, nr = 1;

	while (insns[nr - 1].code != (BPF_JMP | BPF_EXIT))
		nr++;
	self->log[0] = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_STRUCT_OPS, "raw", license, insns, nr, &self->opts);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static const struct bpf_insn zero[] = { MOV_R0, EXIT };
static const struct bpf_insn nothing[] = { EXIT };

#define REFUSED(error, license, insns, text)					\
do {										\
	EXPECT_EQ(error, try_load(self, license, insns));	\
	EXPECT_NE(NULL, strstr(self->log, text)) TH_LOG("%s", self->log);	\
} while (0)

TEST_F(load, licences)
{
	const char *const no[] = { "", "Proprietary", "MIT", "Apache-2.0", "gpl", "GPL v3" };
	const char *const yes[] = { "GPL", "GPL v2", "Dual BSD/GPL", "Dual MIT/GPL" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(no); i++)
		REFUSED(-EINVAL, no[i], zero,
			"struct ops programs must have a GPL compatible license");
	for (i = 0; i < ARRAY_SIZE(yes); i++)
		EXPECT_EQ(0, try_load(self, yes[i], zero)) TH_LOG("%s", self->log);
}

TEST_F(load, members)
{
	const struct btf_type *t = btf__type_by_id(self->t.btf, self->t.type_id);

	self->opts.expected_attach_type = btf_vlen(t);
	REFUSED(-EINVAL, "GPL", zero, "attach to invalid member idx");
	self->opts.expected_attach_type = 1 << 20;
	REFUSED(-EINVAL, "GPL", zero,
		"attach to invalid member idx 1048576 of struct taskhold_ops");
	self->opts.expected_attach_type = struct_ops_member(&self->t, "name");
	REFUSED(-EINVAL, "GPL", zero, "attach to invalid member name(@idx");
}

TEST_F(load, types)
{
	self->opts.attach_btf_id = self->t.value_id;
	REFUSED(-ENOTSUPP, "GPL", zero, "is not a supported struct");
	/* the BTF alone, the type alone, nothing */
	self->opts.attach_btf_id = 0;
	EXPECT_EQ(-EINVAL, try_load(self, "GPL", zero));
	self->opts.attach_btf_id = self->t.type_id;
	self->opts.attach_btf_obj_fd = 0;
	REFUSED(-ENOTSUPP, "GPL", zero, "is not a supported struct");
	self->opts.attach_btf_id = 0;
	EXPECT_EQ(-ENOTSUPP, try_load(self, "GPL", zero));
}

TEST_F(load, what_is_returned)
{
	REFUSED(-EACCES, "GPL", nothing, "R0 !read_ok");
	self->opts.expected_attach_type = struct_ops_member(&self->t, "exit");
	EXPECT_EQ(0, try_load(self, "GPL", nothing)) TH_LOG("%s", self->log);
	EXPECT_EQ(0, try_load(self, "GPL", zero)) TH_LOG("%s", self->log);
}

/* Arguments are numbers of eight bytes each, and no more than the member has. */
TEST_F(load, arguments)
{
	struct bpf_insn event[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_1,
		  .off = 16 },
		EXIT,
	};

	EXPECT_EQ(0, try_load(self, "GPL", event)) TH_LOG("%s", self->log);
	event[0].off = 24;
	REFUSED(-EACCES, "GPL", event, "invalid bpf_context access");
	event[0].off = 20;
	REFUSED(-EACCES, "GPL", event, "invalid bpf_context access");
}

TEST_F(load, maps_of_policies_are_for_no_program)
{
	struct bpf_insn lookup[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD },
		{},
		MOV_R0,
		EXIT,
	};
	int map = struct_ops_map(&self->t, BPF_F_LINK);

	ASSERT_LE(0, map);
	lookup[0].imm = map;
	REFUSED(-EINVAL, "GPL", lookup, "bpf_struct_ops map cannot be used in prog");
	close(map);
}

/* What runs a member of the kernel's own type for tests does not run a module's. */
TEST_F(load, test_run)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int prog = struct_ops_prog(&self->t, "admit", 0);

	ASSERT_LE(0, prog);
	EXPECT_EQ(-EOPNOTSUPP, bpf_prog_test_run_opts(prog, &opts));
	close(prog);
}

/* The kernel's own type for tests, of vmlinux: it can be run, and nothing else. */
FIXTURE(dummy)
{
	struct struct_ops_type t;
	struct bpf_test_run_opts opts;
	__u64 arguments[5];
	int state;		/* what the first argument points to */
};

FIXTURE_SETUP(dummy)
{
	struct_ops_open(&self->t, "vmlinux", "bpf_dummy_ops");
	self->opts.sz = sizeof(self->opts);
	self->opts.ctx_in = self->arguments;
	self->opts.ctx_size_in = sizeof(self->arguments[0]);
	self->arguments[0] = (unsigned long)&self->state;
	self->state = 40;
}

FIXTURE_TEARDOWN(dummy)
{
	struct_ops_close(&self->t);
}

#define LOAD(size, dst, src, offset)						\
	{ .code = BPF_LDX | BPF_MEM | (size), .dst_reg = (dst), .src_reg = (src), .off = (offset) }
#define ADD(dst, src) { .code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = (dst), .src_reg = (src) }

static int dummy_load(FIXTURE_DATA(dummy) *self, const char *member, __u32 flags,
		      const struct bpf_insn *insns, size_t nr)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .attach_btf_id = self->t.type_id,
		    .expected_attach_type = struct_ops_member(&self->t, member),
		    .prog_flags = flags);

	return bpf_prog_load(BPF_PROG_TYPE_STRUCT_OPS, "dummy", "GPL", insns, nr, &opts);
}

/* Two more than the state was, which is 7 afterwards; -1 where there is none. */
static const struct bpf_insn with_state[] = {
	LOAD(BPF_DW, BPF_REG_1, BPF_REG_1, 0),
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
	{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_1, .off = 3 },
	LOAD(BPF_W, BPF_REG_0, BPF_REG_1, 0),
	{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_1, .imm = 7 },
	{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_0, .imm = 2 },
	EXIT,
};

TEST_F(dummy, state_that_may_be_null)
{
	int prog = dummy_load(self, "test_1", 0, with_state, ARRAY_SIZE(with_state));

	ASSERT_LE(0, prog);
	EXPECT_EQ(0, bpf_prog_test_run_opts(prog, &self->opts));
	EXPECT_EQ(42, (int)self->opts.retval);
	EXPECT_EQ(7, self->state);
	self->arguments[0] = 0;
	EXPECT_EQ(0, bpf_prog_test_run_opts(prog, &self->opts));
	EXPECT_EQ(-1, (int)self->opts.retval);
	/* as many arguments as the member has */
	self->opts.ctx_size_in = 2 * sizeof(self->arguments[0]);
	EXPECT_EQ(-EINVAL, bpf_prog_test_run_opts(prog, &self->opts));
	self->opts.ctx_size_in = 0;
	EXPECT_EQ(-EINVAL, bpf_prog_test_run_opts(prog, &self->opts));
	close(prog);
}

TEST_F(dummy, five_arguments)
{
	const struct bpf_insn sum[] = {
		LOAD(BPF_DW, BPF_REG_0, BPF_REG_1, 8),
		LOAD(BPF_DW, BPF_REG_2, BPF_REG_1, 16),
		ADD(BPF_REG_0, BPF_REG_2),
		LOAD(BPF_DW, BPF_REG_2, BPF_REG_1, 24),
		ADD(BPF_REG_0, BPF_REG_2),
		LOAD(BPF_DW, BPF_REG_2, BPF_REG_1, 32),
		ADD(BPF_REG_0, BPF_REG_2),
		EXIT,
	};
	int prog = dummy_load(self, "test_2", 0, sum, ARRAY_SIZE(sum)), i;

	ASSERT_LE(0, prog);
	for (i = 1; i < 5; i++)
		self->arguments[i] = 1 << (8 * i - 8);
	self->opts.ctx_size_in = sizeof(self->arguments);
	EXPECT_EQ(0, bpf_prog_test_run_opts(prog, &self->opts));
	EXPECT_EQ(0x01010101, self->opts.retval);
	/* its state must be there */
	self->arguments[0] = 0;
	EXPECT_EQ(-EINVAL, bpf_prog_test_run_opts(prog, &self->opts));
	close(prog);
}

TEST_F(dummy, sleepable)
{
	int prog = dummy_load(self, "test_sleepable", BPF_F_SLEEPABLE, zero, ARRAY_SIZE(zero));

	ASSERT_LE(0, prog);
	EXPECT_EQ(0, bpf_prog_test_run_opts(prog, &self->opts));
	EXPECT_EQ(0, (int)self->opts.retval);
	close(prog);
	EXPECT_EQ(-EINVAL, dummy_load(self, "test_1", BPF_F_SLEEPABLE, zero, ARRAY_SIZE(zero)));
}

TEST_F(dummy, is_attached_to_nothing)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = btf__fd(self->t.own),
		    .map_flags = BPF_F_LINK, .btf_vmlinux_value_type_id = self->t.value_id);
	int prog = dummy_load(self, "test_1", 0, zero, ARRAY_SIZE(zero));
	char value[STRUCT_OPS_VALUE_MAX] = {};
	int map;

	/* vmlinux's own is what is meant where no BTF is named, and cannot be named */
	EXPECT_EQ(-EINVAL, struct_ops_map(&self->t, BPF_F_LINK));
	map = bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "dummy", 4, self->t.value_size, 1, &opts);
	ASSERT_LE(0, map);
	ASSERT_LE(0, prog);
	struct_ops_set(&self->t, value, "test_1", prog);
	EXPECT_EQ(-EOPNOTSUPP, struct_ops_update(map, value));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(map, NULL));
	close(prog);
	close(map);
}

TEST_HARNESS_MAIN
