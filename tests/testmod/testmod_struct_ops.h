/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every struct_ops type of these modules has: programs with the helpers of all
 * programs, and no data of its own to look at.
 */
#ifndef _TASKHOLD_TESTMOD_STRUCT_OPS_H
#define _TASKHOLD_TESTMOD_STRUCT_OPS_H

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>

static const struct bpf_func_proto *get_func_proto(enum bpf_func_id func_id,
						   const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func_id, prog);
}

static const struct bpf_verifier_ops verifier_ops = {
	.get_func_proto = get_func_proto,
	.is_valid_access = bpf_tracing_btf_ctx_access,
};

static int init_member(const struct btf_type *t, const struct btf_member *member, void *kdata,
		       const void *udata)
{
	return 0;
}

#endif /* _TASKHOLD_TESTMOD_STRUCT_OPS_H */
