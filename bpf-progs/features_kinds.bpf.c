// SPDX-License-Identifier: GPL-2.0-only
/*
 * features_kinds: what features.bpf.c is for, of kinds of kptrs that not every
 * kernel knows. Where one refuses the types libbpf does without them, and what is
 * stored is plain data.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kptr.bpf.h"
#include "features.bpf.h"

/* Or else only its name is in the object's BTF, which a map with types must not have. */
struct sockaddr sockaddr_in_btf __hidden;

SLOT_MAP(kernel_percpu, struct rq, __kptr_percpu)
SLOT_MAP(user_space, struct sockaddr, __kptr_user)

/* A number that the compiler cannot know. */
static __u64 number(void)
{
	return bpf_ktime_get_ns();
}

SEC("syscall")
int kptr_percpu(void *ctx)
{
	struct kernel_percpu_value *v = kernel_percpu_first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->slot;
	if (!rq)
		return 0;
	return ((struct rq *)bpf_this_cpu_ptr(rq))->cpu;
}

SEC("syscall")
int kptr_percpu_refused(void *ctx)
{
	struct kernel_percpu_value *v = kernel_percpu_first();

	if (v)
		v->slot = (struct rq *)number();
	return 0;
}

SEC("syscall")
int kptr_user(void *ctx)
{
	struct user_space_value *v = user_space_first();
	struct sockaddr *addr;
	char buf[2] = {};

	if (!v)
		return 0;
	addr = v->slot;
	v->slot = addr;
	if (addr)
		bpf_probe_read_user(buf, sizeof(buf), addr);
	return buf[0];
}

SEC("syscall")
int kptr_user_refused(void *ctx)
{
	struct user_space_value *v = user_space_first();

	if (v)
		v->slot = (struct sockaddr *)number();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
