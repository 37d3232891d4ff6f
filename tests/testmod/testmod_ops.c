// SPDX-License-Identifier: GPL-2.0-only
/*
 * A struct_ops type beside taskhold's: nothing ever calls what implements it. The ids of
 * its types are those that taskhold's BTF has for others, as both begin where vmlinux's end.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>
#include <linux/sched.h>

struct testmod_ops {
	int (*count)(struct task_struct *task, u64 number);
	u16 flags;
	char label[16];
};

static const struct bpf_func_proto *testmod_ops_func_proto(enum bpf_func_id func_id,
							   const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func_id, prog);
}

static const struct bpf_verifier_ops testmod_ops_verifier_ops = {
	.get_func_proto = testmod_ops_func_proto,
	.is_valid_access = bpf_tracing_btf_ctx_access,
};

/* Without BTF it is 0, and nothing would be registered. */
BTF_ID_LIST_SINGLE(testmod_ops_id, struct, testmod_ops)

static int testmod_ops_init(struct btf *btf)
{
	return testmod_ops_id[0] ? 0 : -ENOENT;
}

/* Tells the kernel which members are data. */
static int testmod_ops_init_member(const struct btf_type *t, const struct btf_member *member,
				   void *kdata, const void *udata)
{
	const struct testmod_ops *from = udata;
	struct testmod_ops *to = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct testmod_ops, flags):
		to->flags = from->flags;
		return 1;
	case offsetof(struct testmod_ops, label):
		memcpy(to->label, from->label, sizeof(to->label));
		return 1;
	default:
		return 0;
	}
}

static int testmod_ops_reg(void *kdata, struct bpf_link *link)
{
	return 0;
}

static void testmod_ops_unreg(void *kdata, struct bpf_link *link)
{
}

static int testmod_ops_count(struct task_struct *task, u64 number)
{
	return 0;
}

static struct testmod_ops testmod_ops_stubs = {
	.count = testmod_ops_count,
};

static struct bpf_struct_ops testmod_ops_type = {
	.verifier_ops = &testmod_ops_verifier_ops,
	.init = testmod_ops_init,
	.init_member = testmod_ops_init_member,
	.reg = testmod_ops_reg,
	.unreg = testmod_ops_unreg,
	.cfi_stubs = &testmod_ops_stubs,
	.name = "testmod_ops",
	.owner = THIS_MODULE,
};

static int __init testmod_ops_load(void)
{
	return register_bpf_struct_ops(&testmod_ops_type, testmod_ops);
}
module_init(testmod_ops_load);

/* There is no call that undoes the registration: the kernel drops it with the BTF. */
static void __exit testmod_ops_unload(void)
{
}
module_exit(testmod_ops_unload);

MODULE_DESCRIPTION("taskhold's tests: a second struct_ops type");
MODULE_LICENSE("GPL");
