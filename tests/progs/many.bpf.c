// SPDX-License-Identifier: GPL-2.0-only
/* For tests/struct_ops/pages_test.c: implements all that testmod_many_ops has. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "../testmod/testmod_many.h"

__u64 called;	/* bit n: member n */

/*
 * The last argument that is in a register is added. Of those on the stack each is
 * the next one's on 6.12: its trampolines expect a frame of ftrace's in between,
 * which there is none of in struct_ops.
 */
#define PROG(n)						\
SEC("struct_ops/m" #n)					\
__u64 p##n(__u64 *ctx)					\
{							\
	__sync_fetch_and_or(&called, 1ULL << 0##n);	\
	return 0##n + ctx[5];				\
}

TESTMOD_EACH(PROG)

#define MEMBER(n)	.m##n = (void *)p##n,

SEC(".struct_ops.link")
struct testmod_many_ops many = { TESTMOD_EACH(MEMBER) };

char LICENSE[] SEC("license") = "GPL";
