// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct_ops types whose members are called when user space asks for it: one that
 * has a member of each kind, one with as many functions as there can be, one that
 * cannot be updated, and one that adds code to its programs.
 */
#include <linux/btf_ids.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>

#include "testmod_many.h"
#include "testmod_struct_ops.h"

struct testmod_calls_data {
	int number;
};

struct testmod_calls_pair {
	u64 a, b;
};

struct testmod_calls_ops {
	/* the first argument may be NULL */
	int (*either)(struct testmod_calls_data *data, int plus);
	void (*nothing)(struct testmod_calls_data *data);
	/* there is no stub for it */
	int (*unsupported)(struct testmod_calls_data *data);
	struct module *owner;
	/* taken by init_member(), and by nobody */
	u8 taken;
	/* three bytes that are no member's */
	u32 ignored;
	/* refused by validate() */
	u8 wrong;
	/* and seven more */
};

/* Not updated, and no validate() */
struct testmod_fixed_ops {
	u64 (*call)(u64 number);
	/* one word more than a trampoline hands on */
	int (*wide)(struct testmod_calls_pair a, struct testmod_calls_pair b,
		    struct testmod_calls_pair c, struct testmod_calls_pair d,
		    struct testmod_calls_pair e, struct testmod_calls_pair f, u64 last);
};

/* Whose programs begin and end with code of the type's own. */
struct testmod_framed_ops {
	int (*call)(struct testmod_calls_data *data);
};

/* What is attached; a call holds it where it is, as unreg() and update() wait for the lock. */
static DEFINE_MUTEX(lock);
static struct testmod_calls_ops *calls_ops;
static struct testmod_many_ops *many_ops;
static struct testmod_fixed_ops *fixed_ops;
static struct testmod_framed_ops *framed_ops;

static long returned;
module_param(returned, long, 0444);
MODULE_PARM_DESC(returned, "what the last call returned; many: bit n where the nth was right");
static int updates;
module_param(updates, int, 0444);
MODULE_PARM_DESC(updates, "updates of a link that this module has agreed to");

static struct testmod_calls_data data = {
	.number = 40,
};

/* Each function is given 1 to 12, and is to return the sum of its number and the sixth of them. */
static long call_many(const struct testmod_many_ops *ops)
{
	/* clang-format off */
#define RIGHT(n)									\
	| (unsigned long)(ops->m##n &&							\
			  ops->m##n(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) == 0##n + 6) << 0##n
	return 0UL TESTMOD_EACH(RIGHT);
	/* clang-format on */
#undef RIGHT
}

static int set_call(const char *text, const struct kernel_param *param)
{
	struct testmod_calls_data own = data;
	int err = 0;

	mutex_lock(&lock);
	if (sysfs_streq(text, "null") && calls_ops && calls_ops->either)
		returned = calls_ops->either(NULL, 2);
	else if (sysfs_streq(text, "data") && calls_ops && calls_ops->either)
		returned = calls_ops->either(&data, 2);
	else if (sysfs_streq(text, "nothing") && calls_ops && calls_ops->nothing)
		calls_ops->nothing(&data);
	else if (sysfs_streq(text, "taken") && calls_ops)
		returned = calls_ops->taken;
	else if (sysfs_streq(text, "many") && many_ops)
		returned = call_many(many_ops);
	else if (sysfs_streq(text, "fixed") && fixed_ops && fixed_ops->call)
		returned = fixed_ops->call(7);
	else if (sysfs_streq(text, "framed") && framed_ops && framed_ops->call)
		returned = framed_ops->call(&own);
	else
		err = -ENOENT;
	mutex_unlock(&lock);
	return err;
}

static const struct kernel_param_ops call_ops = {
	.set = set_call,
};
module_param_cb(call, &call_ops, NULL, 0200);
MODULE_PARM_DESC(call, "null, data, nothing, taken, many, fixed or framed: calls that (write only)");

/* R1 is the context here: the number of what its first word points to goes up by one. */
static int framed_prologue(struct bpf_insn *insns, bool direct_write, const struct bpf_prog *prog)
{
	const struct bpf_insn prologue[] = {
		BPF_LDX_MEM(BPF_DW, BPF_REG_2, BPF_REG_1, 0),
		BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_2,
			    offsetof(struct testmod_calls_data, number)),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_3, 1),
		BPF_STX_MEM(BPF_W, BPF_REG_2, BPF_REG_3,
			    offsetof(struct testmod_calls_data, number)),
		prog->insnsi[0],
	};

	memcpy(insns, prologue, sizeof(prologue));
	return ARRAY_SIZE(prologue);
}

BTF_ID_LIST(framed_kfuncs)
BTF_ID(func, bpf_cgroup_from_id)
BTF_ID(func, bpf_cgroup_release)

#define KFUNC(nr) BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, framed_kfuncs[nr])

/*
 * That number is added to what the program returns, and a thousand where a kfunc finds the
 * root's cgroup, whose number is 1.
 */
static int framed_epilogue(struct bpf_insn *insns, const struct bpf_prog *prog, s16 ctx)
{
	const struct bpf_insn epilogue[] = {
		BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_FP, ctx),
		BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_1, 0),
		BPF_LDX_MEM(BPF_W, BPF_REG_6, BPF_REG_1,
			    offsetof(struct testmod_calls_data, number)),
		BPF_ALU64_REG(BPF_ADD, BPF_REG_6, BPF_REG_0),
		BPF_MOV64_IMM(BPF_REG_1, 1),
		KFUNC(0),
		BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 3),
		BPF_MOV64_REG(BPF_REG_1, BPF_REG_0),
		KFUNC(1),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_6, 1000),
		BPF_MOV64_REG(BPF_REG_0, BPF_REG_6),
		BPF_EXIT_INSN(),
	};

	memcpy(insns, epilogue, sizeof(epilogue));
	return ARRAY_SIZE(epilogue);
}

static const struct bpf_verifier_ops framed_verifier_ops = {
	.get_func_proto = get_func_proto,
	.is_valid_access = bpf_tracing_btf_ctx_access,
	.gen_prologue = framed_prologue,
	.gen_epilogue = framed_epilogue,
};

/* Without BTF it is 0, and nothing would be registered. */
BTF_ID_LIST_SINGLE(calls_id, struct, testmod_calls_ops)

static int init(struct btf *btf)
{
	return calls_id[0] ? 0 : -ENOENT;
}

static int calls_init_member(const struct btf_type *t, const struct btf_member *member, void *kdata,
			     const void *udata)
{
	const struct testmod_calls_ops *from = udata;
	struct testmod_calls_ops *to = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct testmod_calls_ops, taken):
		if (from->taken > 100)
			return -ERANGE;
		to->taken = from->taken;
		return 1;
	case offsetof(struct testmod_calls_ops, wrong):
		to->wrong = from->wrong;
		return 1;
	default:
		return 0;
	}
}

/* Whether all members are right together, where the map's value is set. */
static int calls_validate(void *kdata)
{
	const struct testmod_calls_ops *ops = kdata;

	return ops->wrong ? -EDOM : 0;
}

/* clang-format off */

/* One of a type at a time; with none @old is NULL, or NULL is put there. */
#define EXCHANGE(slot, old, new)			\
({							\
	int err_ = -EBUSY;				\
							\
	mutex_lock(&lock);				\
	if ((slot) == (old)) {				\
		(slot) = (new);				\
		err_ = 0;				\
	}						\
	mutex_unlock(&lock);				\
	err_;						\
})

#define REG(what)							\
static int what##_reg(void *kdata, struct bpf_link *link)		\
{									\
	return EXCHANGE(what##_ops, NULL, kdata);			\
}									\
									\
static void what##_unreg(void *kdata, struct bpf_link *link)		\
{									\
	WARN_ON(EXCHANGE(what##_ops, kdata, NULL));			\
}

REG(calls)
REG(many)
REG(fixed)
REG(framed)

/* clang-format on */

static int calls_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	const struct testmod_calls_ops *ops = kdata;
	int err;

	/* for the test: who is updated refuses */
	if (ops->taken == 99)
		return -EADV;
	err = EXCHANGE(calls_ops, old_kdata, kdata);
	updates += !err;
	return err;
}

static int calls_either(struct testmod_calls_data *data__nullable, int plus)
{
	return 0;
}

static void calls_nothing(struct testmod_calls_data *data)
{
}

static struct testmod_calls_ops calls_stubs = {
	.either = calls_either,
	.nothing = calls_nothing,
};

static unsigned long many_stub(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
			       unsigned long e, unsigned long f, unsigned long g, unsigned long h,
			       unsigned long i, unsigned long j, unsigned long k, unsigned long l)
{
	return 0;
}

#define STUB(n) .m##n = many_stub,
static struct testmod_many_ops many_stubs = { TESTMOD_EACH(STUB) };
#undef STUB

static u64 fixed_call(u64 number)
{
	return 0;
}

static int fixed_wide(struct testmod_calls_pair a, struct testmod_calls_pair b,
		      struct testmod_calls_pair c, struct testmod_calls_pair d,
		      struct testmod_calls_pair e, struct testmod_calls_pair f, u64 last)
{
	return 0;
}

static struct testmod_fixed_ops fixed_stubs = {
	.call = fixed_call,
	.wide = fixed_wide,
};

static int framed_call(struct testmod_calls_data *data)
{
	return 0;
}

static struct testmod_framed_ops framed_stubs = {
	.call = framed_call,
};

static struct bpf_struct_ops calls_type = {
	.verifier_ops = &verifier_ops,
	.init = init,
	.init_member = calls_init_member,
	.reg = calls_reg,
	.unreg = calls_unreg,
	.update = calls_update,
	.validate = calls_validate,
	.cfi_stubs = &calls_stubs,
	.name = "testmod_calls_ops",
	.owner = THIS_MODULE,
};

static struct bpf_struct_ops many_type = {
	.verifier_ops = &verifier_ops,
	.init = init,
	.init_member = init_member,
	.reg = many_reg,
	.unreg = many_unreg,
	.cfi_stubs = &many_stubs,
	.name = "testmod_many_ops",
	.owner = THIS_MODULE,
};

static struct bpf_struct_ops fixed_type = {
	.verifier_ops = &verifier_ops,
	.init = init,
	.init_member = init_member,
	.reg = fixed_reg,
	.unreg = fixed_unreg,
	.cfi_stubs = &fixed_stubs,
	.name = "testmod_fixed_ops",
	.owner = THIS_MODULE,
};

static struct bpf_struct_ops framed_type = {
	.verifier_ops = &framed_verifier_ops,
	.init = init,
	.init_member = init_member,
	.reg = framed_reg,
	.unreg = framed_unreg,
	.cfi_stubs = &framed_stubs,
	.name = "testmod_framed_ops",
	.owner = THIS_MODULE,
};

static int __init testmod_calls_init(void)
{
	int err = register_bpf_struct_ops(&calls_type, testmod_calls_ops);

	err = err ?: register_bpf_struct_ops(&many_type, testmod_many_ops);
	err = err ?: register_bpf_struct_ops(&fixed_type, testmod_fixed_ops);
	return err ?: register_bpf_struct_ops(&framed_type, testmod_framed_ops);
}
module_init(testmod_calls_init);

static void __exit testmod_calls_exit(void)
{
}
module_exit(testmod_calls_exit);

MODULE_DESCRIPTION("struct_ops types whose members are called, for tests");
MODULE_LICENSE("GPL");
