// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct_ops types that the kernel does not take, each for one reason, and some
 * that it takes although they look like it. The parameter says which one is
 * registered, and another shows what came of it.
 */
#include <linux/btf_ids.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "testmod_struct_ops.h"

static char *which = "";
module_param(which, charp, 0444);
MODULE_PARM_DESC(which, "the type to register");
static int result = 1;
module_param(result, int, 0444);
MODULE_PARM_DESC(result, "what the kernel said, 0 or a negative error (read only)");

struct testmod_data {
	int number;
};

struct testmod_other {
	int number;
};

struct testmod_pair {
	u64 a, b;
};

struct testmod_triple {
	u64 a, b, c;
};

/* Without BTF it is 0, and nothing would be registered. */
BTF_ID_LIST_SINGLE(data_id, struct, testmod_data)

static int init(struct btf *btf)
{
	return data_id[0] ? 0 : -ENOENT;
}

static int init_fails(struct btf *btf)
{
	return -EIO;
}

static int reg(void *kdata, struct bpf_link *link)
{
	return -EOPNOTSUPP;
}

static void unreg(void *kdata, struct bpf_link *link)
{
}

#define OPS(name_, stubs_)					\
	{							\
		.verifier_ops = &verifier_ops,			\
		.init = init,					\
		.init_member = init_member,			\
		.reg = reg,					\
		.unreg = unreg,					\
		.cfi_stubs = stubs_,				\
		.name = name_,					\
		.owner = THIS_MODULE,				\
	}

/* clang-format off */

/* Registers struct testmod_<what>, whose stubs are there. */
#define REGISTER(what)							\
static int register_##what(void)					\
{									\
	static struct bpf_struct_ops ops = OPS("testmod_" #what, &what##_stubs); \
									\
	return register_bpf_struct_ops(&ops, testmod_##what);		\
}

/* The same of a type with one function, and its stub. */
#define TYPE_OF(what, member, stub, ...)			\
struct testmod_##what {						\
	member;							\
};								\
								\
static stub							\
{								\
	__VA_ARGS__;						\
}								\
								\
static struct testmod_##what what##_stubs = {			\
	.call = (void *)what##_stub,				\
};								\
								\
REGISTER(what)

/* ---- stubs ---- */

TYPE_OF(good,
	int (*call)(struct testmod_data *p),
	int good_stub(struct testmod_data *p__nullable),
	return 0)
TYPE_OF(few_arguments,
	int (*call)(struct testmod_data *p, u64 a),
	int few_arguments_stub(struct testmod_data *p),
	return 0)
TYPE_OF(more_arguments,
	int (*call)(struct testmod_data *p),
	int more_arguments_stub(struct testmod_data *p, u64 a),
	return 0)
TYPE_OF(nullable_number, int (*call)(u64 a), int nullable_number_stub(u64 a__nullable), return 0)
TYPE_OF(nullable_pointer,
	int (*call)(u64 *p),
	int nullable_pointer_stub(u64 *p__nullable),
	return 0)
TYPE_OF(nullable_void, int (*call)(void *p), int nullable_void_stub(void *p__nullable), return 0)
TYPE_OF(nullable_other,
	int (*call)(struct testmod_data *p),
	int nullable_other_stub(struct testmod_other *p__nullable),
	return 0)
/* nobody compares the types of arguments that may not be NULL */
TYPE_OF(plain_other,
	int (*call)(struct testmod_data *p),
	int plain_other_stub(struct testmod_other *p),
	return 0)

/* ---- prototypes ---- */

#define TWELVE	int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, int l

TYPE_OF(long_return, __int128 (*call)(void), __int128 long_return_stub(void), return 0)
TYPE_OF(struct_return,
	struct testmod_pair (*call)(void),
	struct testmod_pair struct_return_stub(void),
	return (struct testmod_pair){})
TYPE_OF(twelve_arguments, int (*call)(TWELVE), int twelve_arguments_stub(TWELVE), return 0)
TYPE_OF(thirteen_arguments,
	int (*call)(TWELVE, int m),
	int thirteen_arguments_stub(TWELVE, int m),
	return 0)
TYPE_OF(variable_arguments,
	int (*call)(int a, ...),
	int variable_arguments_stub(int a, ...),
	return 0)
TYPE_OF(struct_argument,
	int (*call)(struct testmod_pair p),
	int struct_argument_stub(struct testmod_pair p),
	return 0)
TYPE_OF(long_argument,
	int (*call)(struct testmod_triple p),
	int long_argument_stub(struct testmod_triple p),
	return 0)

/* clang-format on */

struct testmod_no_stubs {
	int (*call)(struct testmod_data *p);
};

static int register_no_stubs(void)
{
	static struct bpf_struct_ops ops = OPS("testmod_no_stubs", NULL);

	return register_bpf_struct_ops(&ops, testmod_no_stubs);
}

/* Of a function that has no stub the kernel looks at nothing: it cannot be had. */
struct testmod_missing_stub {
	int (*first)(struct testmod_data *p);
	struct testmod_pair (*second)(struct testmod_triple p, ...);
};

static struct testmod_missing_stub missing_stub_stubs = {
	.first = good_stub,
};

REGISTER(missing_stub)

struct testmod_stub_nowhere {
	int (*call)(struct testmod_data *p);
};

/* no function is there */
static struct testmod_stub_nowhere stub_nowhere_stubs = {
	.call = (void *)1,
};

REGISTER(stub_nowhere)

struct testmod_stub_unknown {
	int (*call)(struct testmod_data *p);
};

/* The BTF has what is known by its own name. */
static int stub_unknown(struct testmod_data *p) __asm__("testmod_types_by_another_name");

static int stub_unknown(struct testmod_data *p)
{
	return 0;
}

static struct testmod_stub_unknown stub_unknown_stubs = {
	.call = stub_unknown,
};

REGISTER(stub_unknown)

/* ---- members ---- */

struct testmod_anonymous {
	union {
		int (*call)(struct testmod_data *p);
		int (*other)(struct testmod_data *p);
	};
};

static struct testmod_anonymous anonymous_stubs = {
	.call = good_stub,
};

REGISTER(anonymous)

struct testmod_bitfield {
	int (*call)(struct testmod_data *p);
	u32 bits : 3;
};

static struct testmod_bitfield bitfield_stubs = {
	.call = good_stub,
};

REGISTER(bitfield)

#define EIGHT(d) u8 m##d##0, m##d##1, m##d##2, m##d##3, m##d##4, m##d##5, m##d##6, m##d##7

struct testmod_members_64 {
	EIGHT(0);
	EIGHT(1);
	EIGHT(2);
	EIGHT(3);
	EIGHT(4);
	EIGHT(5);
	EIGHT(6);
	EIGHT(7);
};

static struct testmod_members_64 members_64_stubs;

REGISTER(members_64)

struct testmod_members_65 {
	EIGHT(0);
	EIGHT(1);
	EIGHT(2);
	EIGHT(3);
	EIGHT(4);
	EIGHT(5);
	EIGHT(6);
	EIGHT(7);
	u8 last;
};

static struct testmod_members_65 members_65_stubs;

REGISTER(members_65)

/* ---- the type of the map's value, which the macro makes as it ought to be ---- */

/* clang-format off */

#define A_VALUE(what, ...)							\
struct testmod_##what {								\
	int (*call)(struct testmod_data *p);					\
};										\
										\
static int register_##what(void)						\
{										\
	static struct testmod_##what stubs = { .call = good_stub };		\
	static struct bpf_struct_ops ops = OPS("testmod_" #what, &stubs);	\
	struct bpf_struct_ops_testmod_##what {					\
		__VA_ARGS__;							\
	};									\
										\
	BTF_TYPE_EMIT(struct bpf_struct_ops_testmod_##what);			\
	return __register_bpf_struct_ops(&ops);					\
}

A_VALUE(value_of_one, struct bpf_struct_ops_common_value common)
A_VALUE(value_of_three,
	struct bpf_struct_ops_common_value common; struct testmod_value_of_three data; int third)
A_VALUE(value_uncommon, struct testmod_data common; struct testmod_value_uncommon data)
A_VALUE(value_other, struct bpf_struct_ops_common_value common; struct testmod_good data)

/* clang-format on */

struct testmod_value_missing {
	int (*call)(struct testmod_data *p);
};

static int register_value_missing(void)
{
	static struct testmod_value_missing stubs = { .call = good_stub };
	static struct bpf_struct_ops ops = OPS("testmod_value_missing", &stubs);

	return __register_bpf_struct_ops(&ops);
}

/* ---- the type as a whole ---- */

static int register_no_type(void)
{
	static struct bpf_struct_ops ops = OPS("testmod_no_type", &good_stubs);

	return __register_bpf_struct_ops(&ops);
}

/* With "bpf_struct_ops_" before it, it has 128 bytes and no NUL. */
#define SIXTEEN "0123456789abcdef"
#define LONG_NAME SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN "0"

static int register_long_name(void)
{
	static struct bpf_struct_ops ops = OPS(LONG_NAME, &good_stubs);

	return __register_bpf_struct_ops(&ops);
}

static int register_init_fails(void)
{
	static struct bpf_struct_ops ops = OPS("testmod_good", &good_stubs);

	ops.init = init_fails;
	return __register_bpf_struct_ops(&ops);
}

static int register_twice(void)
{
	static struct bpf_struct_ops ops = OPS("testmod_good", &good_stubs);

	return __register_bpf_struct_ops(&ops) ?: __register_bpf_struct_ops(&ops);
}

/* More of them than the table has room for at first, after one that was refused. */
static int register_six(void)
{
	int err = register_few_arguments();

	if (err != -EINVAL)
		return err ?: -EBADE;
	err = register_good();
	err = err ?: register_plain_other();
	err = err ?: register_twelve_arguments();
	err = err ?: register_struct_argument();
	err = err ?: register_missing_stub();
	return err ?: register_members_64();
}

/* clang-format off */

#define CASE(what) { #what, register_##what }
static const struct {
	const char *name;
	int (*call)(void);
} cases[] = {
	CASE(good), CASE(no_stubs), CASE(missing_stub), CASE(stub_nowhere), CASE(stub_unknown),
	CASE(few_arguments), CASE(more_arguments), CASE(nullable_number), CASE(nullable_pointer),
	CASE(nullable_void), CASE(nullable_other), CASE(plain_other), CASE(long_return),
	CASE(struct_return), CASE(twelve_arguments), CASE(thirteen_arguments),
	CASE(variable_arguments), CASE(struct_argument), CASE(long_argument), CASE(anonymous),
	CASE(bitfield), CASE(members_64), CASE(members_65), CASE(value_of_one),
	CASE(value_of_three), CASE(value_uncommon), CASE(value_other), CASE(value_missing),
	CASE(no_type), CASE(long_name), CASE(init_fails), CASE(twice), CASE(six),
};

/* clang-format on */

static int __init testmod_types_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!strcmp(which, cases[i].name)) {
			result = cases[i].call();
			return 0;
		}
	}
	return -ENOKEY;
}
module_init(testmod_types_init);

static void __exit testmod_types_exit(void)
{
}
module_exit(testmod_types_exit);

MODULE_DESCRIPTION("struct_ops types that are refused, for tests");
MODULE_LICENSE("GPL");
