// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers to user space and to per-CPU memory that the BTF calls so: arguments
 * of a function and of members of a struct_ops type, fields of a struct, and what
 * kfuncs return. It is built by clang whoever built the kernel, as other compilers
 * do not write the tags.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/cfi.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>

/* What __user and __percpu are only where the kernel was built by clang. */
#define USER	__attribute__((btf_type_tag("user")))
#define PERCPU	__attribute__((btf_type_tag("percpu")))

struct testmod_user_data {
	unsigned long number;
	struct testmod_user_data *next;
};

/* A member in a number of structs in one another */
#define IN_1(member) \
	struct { \
		member; \
	}
#define IN_2(member) IN_1(IN_1(member))
#define IN_4(member) IN_2(IN_2(member))
#define IN_8(member) IN_4(IN_4(member))
#define IN_15(member) IN_8(IN_4(IN_2(IN_1(member))))
#define IN_30(member) IN_15(IN_15(member))

struct testmod_user_holder {
	struct testmod_user_data USER *user;
	struct testmod_user_data PERCPU *percpu;
	/* both, and in the other order */
	struct testmod_user_data USER PERCPU *user_percpu;
	struct testmod_user_data PERCPU USER *percpu_user;
	struct testmod_user_data *plain;
	struct testmod_user_holder *next;
	/* the first that fits has no tag */
	union {
		struct testmod_user_data *plain_or_user;
		struct testmod_user_data USER *user_or_plain;
	};
	union {
		struct testmod_user_data *plains[2];
		struct {
			unsigned long number;
			struct testmod_user_data PERCPU *percpu[1];
		} second;
	} mixed;
	/* and stands in a struct, or in a union of its own */
	union {
		struct {
			struct testmod_user_data *plain;
		} first;
		struct testmod_user_data USER *user;
	} in_struct;
	union {
		union {
			struct testmod_user_data *plain;
			unsigned long number;
		} first;
		struct testmod_user_data PERCPU *percpu;
	} in_union;
	/* the deepest that a kernel with the patches looks for tags, and deeper */
	union {
		IN_30(struct testmod_user_data *plain);
		unsigned long number;
	} deep;
	union {
		IN_1(IN_30(struct testmod_user_data *plain));
		unsigned long number;
	} deeper;
};

/* Of both members the arguments are the same, of the first they may be NULL. */
struct testmod_user_ops {
	int (*nullable)(struct testmod_user_data USER *user,
			struct testmod_user_data PERCPU *percpu,
			struct testmod_user_data PERCPU USER *percpu_user,
			struct testmod_user_data *plain);
	int (*always)(struct testmod_user_data USER *user, struct testmod_user_data PERCPU *percpu,
		      struct testmod_user_data PERCPU USER *percpu_user,
		      struct testmod_user_data *plain);
};

struct bpf_iter_testmod_user {
	struct testmod_user_data USER *user;
} __aligned(8);

struct bpf_iter_testmod_percpu {
	struct testmod_user_data PERCPU *percpu;
} __aligned(8);

static DEFINE_PER_CPU(struct testmod_user_data, data);
static struct testmod_user_holder holder;

__bpf_hook_start();

/* Called with an address that user space writes to the parameter. */
noinline int testmod_user_call(struct testmod_user_data USER *user,
			       struct testmod_user_holder *own)
{
	barrier();
	return user == own->user;
}

__bpf_hook_end();

static int set_address(const char *text, const struct kernel_param *param)
{
	unsigned long address;
	int err = kstrtoul(text, 0, &address);

	if (err)
		return err;
	holder.user = (struct testmod_user_data USER *)address;
	return testmod_user_call(holder.user, &holder) ? 0 : -EINVAL;
}

static const struct kernel_param_ops address_ops = {
	.set = set_address,
};
module_param_cb(address, &address_ops, NULL, 0200);

__bpf_kfunc_start_defs();

__bpf_kfunc struct testmod_user_holder *testmod_user_holder_get(void)
{
	return &holder;
}

__bpf_kfunc void testmod_user_holder_put(struct testmod_user_holder *p)
{
}

__bpf_kfunc struct testmod_user_data USER *testmod_user_pointer(void)
{
	return holder.user;
}

__bpf_kfunc struct testmod_user_data PERCPU *testmod_user_percpu(void)
{
	return holder.percpu;
}

__bpf_kfunc unsigned long USER *testmod_user_number(void)
{
	return &holder.user->number;
}

__bpf_kfunc void testmod_user_take(struct testmod_user_data *p)
{
}

__bpf_kfunc void testmod_user_take_rcu(struct testmod_user_data *p)
{
}

/* An iterator over one pointer to user space. */
__bpf_kfunc int bpf_iter_testmod_user_new(struct bpf_iter_testmod_user *it)
{
	it->user = holder.user;
	return 0;
}

__bpf_kfunc struct testmod_user_data USER *
bpf_iter_testmod_user_next(struct bpf_iter_testmod_user *it)
{
	struct testmod_user_data USER *user = it->user;

	it->user = NULL;
	return user;
}

__bpf_kfunc void bpf_iter_testmod_user_destroy(struct bpf_iter_testmod_user *it)
{
}

/* The same over one to per-CPU memory. */
__bpf_kfunc int bpf_iter_testmod_percpu_new(struct bpf_iter_testmod_percpu *it)
{
	it->percpu = holder.percpu;
	return 0;
}

__bpf_kfunc struct testmod_user_data PERCPU *
bpf_iter_testmod_percpu_next(struct bpf_iter_testmod_percpu *it)
{
	struct testmod_user_data PERCPU *percpu = it->percpu;

	it->percpu = NULL;
	return percpu;
}

__bpf_kfunc void bpf_iter_testmod_percpu_destroy(struct bpf_iter_testmod_percpu *it)
{
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(kfunc_ids)
BTF_ID_FLAGS(func, testmod_user_holder_get, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, testmod_user_holder_put, KF_RELEASE)
BTF_ID_FLAGS(func, testmod_user_pointer, KF_RET_NULL)
BTF_ID_FLAGS(func, testmod_user_percpu, KF_RET_NULL)
BTF_ID_FLAGS(func, testmod_user_number, KF_RET_NULL)
BTF_ID_FLAGS(func, testmod_user_take)
BTF_ID_FLAGS(func, testmod_user_take_rcu, KF_RCU)
BTF_ID_FLAGS(func, bpf_iter_testmod_user_new, KF_ITER_NEW | KF_RCU_PROTECTED)
BTF_ID_FLAGS(func, bpf_iter_testmod_user_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_testmod_user_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_testmod_percpu_new, KF_ITER_NEW | KF_RCU_PROTECTED)
BTF_ID_FLAGS(func, bpf_iter_testmod_percpu_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_testmod_percpu_destroy, KF_ITER_DESTROY)
BTF_KFUNCS_END(kfunc_ids)

static const struct btf_kfunc_id_set kfunc_set = {
	.owner = THIS_MODULE,
	.set = &kfunc_ids,
};

/* The kernel takes from their names which arguments may be NULL. */
static int nullable_stub(struct testmod_user_data USER *user__nullable,
			 struct testmod_user_data PERCPU *percpu__nullable,
			 struct testmod_user_data PERCPU USER *percpu_user__nullable,
			 struct testmod_user_data *plain__nullable)
{
	return 0;
}

static int always_stub(struct testmod_user_data USER *user, struct testmod_user_data PERCPU *percpu,
		       struct testmod_user_data PERCPU USER *percpu_user,
		       struct testmod_user_data *plain)
{
	return 0;
}

static struct testmod_user_ops ops_stubs = {
	.nullable = nullable_stub,
	.always = always_stub,
};

static const struct bpf_func_proto *ops_get_func_proto(enum bpf_func_id func_id,
						       const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func_id, prog);
}

static bool ops_is_valid_access(int off, int size, enum bpf_access_type type,
				const struct bpf_prog *prog, struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(off, size, type, prog, info);
}

static const struct bpf_verifier_ops ops_verifier_ops = {
	.get_func_proto = ops_get_func_proto,
	.is_valid_access = ops_is_valid_access,
};

static int ops_init(struct btf *btf)
{
	return 0;
}

static int ops_init_member(const struct btf_type *t, const struct btf_member *member, void *kdata,
			   const void *udata)
{
	return 0;
}

/* Programs are loaded, and nobody calls them. */
static int ops_reg(void *kdata, struct bpf_link *link)
{
	return -EOPNOTSUPP;
}

static void ops_unreg(void *kdata, struct bpf_link *link)
{
}

static struct bpf_struct_ops ops_type = {
	.verifier_ops = &ops_verifier_ops,
	.init = ops_init,
	.init_member = ops_init_member,
	.reg = ops_reg,
	.unreg = ops_unreg,
	.cfi_stubs = &ops_stubs,
	.name = "testmod_user_ops",
	.owner = THIS_MODULE,
};

static int __init testmod_user_init(void)
{
	int err, cpu;

	for_each_possible_cpu(cpu)
		per_cpu(data, cpu).number = 1000 + cpu;
	holder.percpu = (struct testmod_user_data PERCPU *)(unsigned long)&data;
	holder.next = &holder;
	err = register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &kfunc_set);
	err = err ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &kfunc_set);
	err = err ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &kfunc_set);
	return err ?: register_bpf_struct_ops(&ops_type, testmod_user_ops);
}
module_init(testmod_user_init);

static void __exit testmod_user_exit(void)
{
}
module_exit(testmod_user_exit);

MODULE_DESCRIPTION("Pointers with type tags, for tests");
MODULE_LICENSE("GPL");
