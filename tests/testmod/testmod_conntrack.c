// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of conntrack that are good for as long as an iterator is, and are not the
 * program's own: what the kernel's own kfuncs never give to a program. There is
 * never any; how the verifier sees them is what matters.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>
#include <net/netfilter/nf_conntrack_bpf.h>

struct bpf_iter_testmod_ct {
	u64 unused;
} __aligned(8);

struct bpf_iter_testmod_ct_rcu {
	u64 unused;
} __aligned(8);

struct bpf_iter_testmod_ct_init {
	u64 unused;
} __aligned(8);

__bpf_kfunc_start_defs();

/* What these give is trusted. */
__bpf_kfunc int bpf_iter_testmod_ct_new(struct bpf_iter_testmod_ct *it)
{
	return 0;
}

__bpf_kfunc struct nf_conn *bpf_iter_testmod_ct_next(struct bpf_iter_testmod_ct *it)
{
	return NULL;
}

__bpf_kfunc void bpf_iter_testmod_ct_destroy(struct bpf_iter_testmod_ct *it)
{
}

/* This under RCU alone. */
__bpf_kfunc int bpf_iter_testmod_ct_rcu_new(struct bpf_iter_testmod_ct_rcu *it)
{
	return 0;
}

__bpf_kfunc struct nf_conn *bpf_iter_testmod_ct_rcu_next(struct bpf_iter_testmod_ct_rcu *it)
{
	return NULL;
}

__bpf_kfunc void bpf_iter_testmod_ct_rcu_destroy(struct bpf_iter_testmod_ct_rcu *it)
{
}

/* And this is an entry that is not in the table yet. */
__bpf_kfunc int bpf_iter_testmod_ct_init_new(struct bpf_iter_testmod_ct_init *it)
{
	return 0;
}

__bpf_kfunc struct nf_conn___init *
bpf_iter_testmod_ct_init_next(struct bpf_iter_testmod_ct_init *it)
{
	return NULL;
}

__bpf_kfunc void bpf_iter_testmod_ct_init_destroy(struct bpf_iter_testmod_ct_init *it)
{
}

/* Those that take them. */
__bpf_kfunc void testmod_ct_take(struct nf_conn *ct)
{
}

__bpf_kfunc void testmod_ct_take_rcu(struct nf_conn *ct)
{
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(kfunc_ids)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_new, KF_ITER_NEW)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_rcu_new, KF_ITER_NEW | KF_RCU_PROTECTED)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_rcu_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_rcu_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_init_new, KF_ITER_NEW)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_init_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_testmod_ct_init_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, testmod_ct_take, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, testmod_ct_take_rcu, KF_RCU)
BTF_KFUNCS_END(kfunc_ids)

static const struct btf_kfunc_id_set kfunc_set = {
	.owner = THIS_MODULE,
	.set = &kfunc_ids,
};

static int __init testmod_conntrack_init(void)
{
	int err = register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &kfunc_set);

	return err ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &kfunc_set);
}
module_init(testmod_conntrack_init);

static void __exit testmod_conntrack_exit(void)
{
}
module_exit(testmod_conntrack_exit);

MODULE_DESCRIPTION("Conntrack's entries that nobody owns, for tests");
MODULE_LICENSE("GPL");
