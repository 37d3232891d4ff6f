// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// module: none
// rows: H5, H12, H13, H15, H16, H17, H20, S6
/*
 * struct_ops types that a module registers and the kernel refuses, with the error
 * that the module gets and the line in the kernel's log; and their neighbours, which
 * it takes.
 */
#include "lib/kmsg.h"
#include "lib/struct_ops.h"
#include "lib/testmod.h"

#include "lib/harness.h"

#define NAME	"testmod_types"

FIXTURE(type)
{
};

FIXTURE_VARIANT(type)
{
	const char *which;
	int result;
	const char *says;	/* in the log; NULL: nothing */
};

#define VARIANT(name, error, text)						\
	FIXTURE_VARIANT_ADD(type, name)						\
	{									\
		.which = "which=" #name, .result = error, .says = text,		\
	}

/* stubs */
VARIANT(good, 0, NULL);
VARIANT(missing_stub, 0, NULL);
VARIANT(no_stubs, -EINVAL, "struct_ops for testmod_no_stubs has no cfi_stubs");
VARIANT(stub_nowhere, -ENOENT,
	"Cannot find the stub function name for the call in struct testmod_stub_nowhere");
VARIANT(stub_unknown, -ENOENT,
	"Cannot find the stub function testmod_types_by_another_name in btf");
VARIANT(few_arguments, -EINVAL,
	"the number of arguments of the stub function few_arguments_stub does not match the "
	"number of arguments of the member call of struct testmod_few_arguments");
VARIANT(more_arguments, -EINVAL,
	"the number of arguments of the stub function more_arguments_stub does not match the "
	"number of arguments of the member call of struct testmod_more_arguments");
VARIANT(plain_other, 0, NULL);
VARIANT(nullable_other, -EINVAL,
	"arg#0 type in stub function nullable_other_stub does not match with its original "
	"func_proto");
VARIANT(nullable_number, -EINVAL,
	"stub function nullable_number_stub has __nullable tagging to an unsupported type");
VARIANT(nullable_pointer, -EINVAL,
	"stub function nullable_pointer_stub has __nullable tagging to an unsupported type");
VARIANT(nullable_void, -EINVAL,
	"stub function nullable_void_stub has __nullable tagging to an unsupported type");

/* prototypes */
VARIANT(twelve_arguments, 0, NULL);
VARIANT(thirteen_arguments, -EINVAL, "The function call has 13 arguments. Too many.");
VARIANT(variable_arguments, -EINVAL, "The function call with variable args is unsupported.");
VARIANT(struct_argument, 0, NULL);
VARIANT(long_argument, -EINVAL, "The function call arg0 type STRUCT is unsupported.");
VARIANT(struct_return, -EINVAL, "The function call return type STRUCT is unsupported.");
VARIANT(long_return, -EOPNOTSUPP,
	"func ptr call in struct testmod_long_return has a >8 byte return value, which is not "
	"supported");

/* members */
VARIANT(anonymous, -EOPNOTSUPP, "anon member in struct testmod_anonymous is not supported");
VARIANT(bitfield, -EOPNOTSUPP,
	"bit field member bits in struct testmod_bitfield is not supported");
VARIANT(members_64, 0, NULL);
VARIANT(members_65, -EINVAL, "Cannot support #65 members in struct testmod_members_65");

/* the type of the map's value */
VARIANT(value_of_one, -EINVAL,
	"The number of bpf_struct_ops_testmod_value_of_one's members should be 2, but we get 1");
VARIANT(value_of_three, -EINVAL,
	"The number of bpf_struct_ops_testmod_value_of_three's members should be 2, but we get 3");
VARIANT(value_uncommon, -EINVAL,
	"The first member of bpf_struct_ops_testmod_value_uncommon should be "
	"bpf_struct_ops_common_value");
VARIANT(value_other, -EINVAL,
	"The second member of bpf_struct_ops_testmod_value_other should be testmod_value_other");
VARIANT(value_missing, -EINVAL,
	"Cannot find struct bpf_struct_ops_testmod_value_missing in testmod_types");

/* the type as a whole */
VARIANT(no_type, -EINVAL, "Cannot find struct testmod_no_type in testmod_types");
VARIANT(long_name, -EINVAL, "struct_ops name 0123456789abcdef");
VARIANT(init_fails, -EINVAL, "Error in init bpf_struct_ops testmod_good");
VARIANT(twice, -EEXIST, NULL);

FIXTURE_SETUP(type)
{
}

FIXTURE_TEARDOWN(type)
{
	if (testmod_is_there(NAME))
		EXPECT_EQ(0, testmod_unload_soon(NAME));
}

TEST_F(type, registered)
{
	int kmsg = kmsg_open();

	ASSERT_EQ(0, testmod_load(NAME, variant->which));
	EXPECT_EQ(variant->result, testmod_get(NAME, "result"));
	EXPECT_EQ(variant->says ? 1 : 0, kmsg_count_text(kmsg, variant->says ?: "struct_ops"));
	close(kmsg);
}

/* A program for a member of a type: its file descriptor or a negative error. */
static int try_prog_of(const struct struct_ops_type *t, const char *member, char *log, size_t size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = 1, .log_buf = log, .log_size = size,
		    .attach_btf_id = t->type_id, .attach_btf_obj_fd = t->btf_fd,
		    .expected_attach_type = struct_ops_member(t, member));
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	log[0] = '\0';
	return bpf_prog_load(BPF_PROG_TYPE_STRUCT_OPS, "raw", "GPL", insns, 2, &opts);
}

/* The same for a type that is looked up by its name. */
static int try_prog(const char *type, const char *member, char *log, size_t size)
{
	struct struct_ops_type t;
	int fd;

	struct_ops_open(&t, NAME, type);
	fd = try_prog_of(&t, member, log, size);
	struct_ops_close(&t);
	return fd;
}

FIXTURE(use)
{
	char log[4096];
};

FIXTURE_SETUP(use)
{
}

FIXTURE_TEARDOWN(use)
{
	if (testmod_is_there(NAME))
		EXPECT_EQ(0, testmod_unload_soon(NAME));
}

/* Who has its BTF open has not the module. */
TEST_F(use, type_of_a_module_that_has_gone)
{
	struct struct_ops_type t;
	int fd;

	ASSERT_EQ(0, testmod_load(NAME, "which=good"));
	struct_ops_open(&t, NAME, "testmod_good");
	fd = try_prog_of(&t, "call", self->log, sizeof(self->log));
	EXPECT_LE(0, fd) TH_LOG("%s", self->log);
	close(fd);
	ASSERT_EQ(0, testmod_unload_soon(NAME));
	EXPECT_EQ(-ENOTSUPP, try_prog_of(&t, "call", self->log, sizeof(self->log)));
	EXPECT_NE(NULL, strstr(self->log, "struct_ops module " NAME " is not found"))
		TH_LOG("%s", self->log);
	EXPECT_EQ(-EINVAL, struct_ops_map(&t, BPF_F_LINK));
	struct_ops_close(&t);
}

TEST_F(use, member_without_a_stub)
{
	int fd;

	ASSERT_EQ(0, testmod_load(NAME, "which=missing_stub"));
	fd = try_prog("testmod_missing_stub", "first", self->log, sizeof(self->log));
	EXPECT_LE(0, fd) TH_LOG("%s", self->log);
	close(fd);
	EXPECT_EQ(-ENOTSUPP,
		  try_prog("testmod_missing_stub", "second", self->log, sizeof(self->log)));
	EXPECT_NE(NULL, strstr(self->log, "attach to unsupported member second of struct "
					  "testmod_missing_stub"));
}

TEST_F(use, type_that_was_refused)
{
	struct struct_ops_type t;

	ASSERT_EQ(0, testmod_load(NAME, "which=bitfield"));
	EXPECT_EQ(-ENOTSUPP, try_prog("testmod_bitfield", "call", self->log, sizeof(self->log)));
	EXPECT_NE(NULL, strstr(self->log, "is not a supported struct"));
	struct_ops_open(&t, NAME, "testmod_bitfield");
	EXPECT_EQ(-ENOTSUPP, struct_ops_map(&t, BPF_F_LINK));
	struct_ops_close(&t);
}

/* What was refused in between leaves no gap, and the table grows. */
TEST_F(use, six_types_of_a_module)
{
	const char *const types[] = {
		"testmod_good", "testmod_plain_other", "testmod_twelve_arguments",
		"testmod_struct_argument",
	};
	unsigned int i;
	int fd;

	ASSERT_EQ(0, testmod_load(NAME, "which=six"));
	EXPECT_EQ(0, testmod_get(NAME, "result"));
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		fd = try_prog(types[i], "call", self->log, sizeof(self->log));
		EXPECT_LE(0, fd) TH_LOG("%s: %s", types[i], self->log);
		close(fd);
	}
	fd = try_prog("testmod_missing_stub", "first", self->log, sizeof(self->log));
	EXPECT_LE(0, fd) TH_LOG("%s", self->log);
	close(fd);
	EXPECT_EQ(-ENOTSUPP,
		  try_prog("testmod_few_arguments", "call", self->log, sizeof(self->log)));
}

TEST_HARNESS_MAIN
