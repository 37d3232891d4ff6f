// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kptrs in an object of the program's, read as fields once nothing protects the
 * object: what they point to is where it always was. A kernel without the patches
 * of kernel/patches does not know the kinds, and refuses the BTF: to it the object
 * is a number. See percpu_kptr.bpf.c for the kind that it knows.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

#define __number	__stock_failure __stock_msg("invalid mem access 'scalar'")

struct owner {
	struct sockaddr __kptr_user *user;
	struct rq __kptr_percpu *percpu;
	struct task_struct __kptr_untrusted *plain;
};

struct held {
	struct owner __kptr *owner;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;
char buf[8];

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
__why("an object with each kind is allocated")
__success
__stock_failure __stock_msg("bpf_obj_new/bpf_percpu_obj_new requires prog BTF")
int allocated(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (owner)
		bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("a pointer that tells no address space is read through")
__success
__number
int follow_plain(void *ctx)
{
	struct held *v = first();
	struct owner *owner;

	if (!v)
		return 0;
	owner = v->owner;
	if (owner)
		seen = owner->plain->pid;
	return 0;
}

SEC("syscall")
__why("one to user space is not")
__failure __msg("access user memory")
__number
int follow_user(void *ctx)
{
	struct held *v = first();
	struct owner *owner;

	if (!v)
		return 0;
	owner = v->owner;
	if (owner)
		seen = owner->user->sa_family;
	return 0;
}

SEC("syscall")
__why("but is good for who reads user space")
__success
__number
int read_user(void *ctx)
{
	struct held *v = first();
	struct owner *owner;

	if (!v)
		return 0;
	owner = v->owner;
	if (owner)
		bpf_probe_read_user(buf, sizeof(buf), owner->user);
	return 0;
}

SEC("syscall")
__why("nor is one to per-CPU memory of the kernel")
__failure __msg("access percpu memory")
__number
int follow_percpu(void *ctx)
{
	struct held *v = first();
	struct owner *owner;

	if (!v)
		return 0;
	owner = v->owner;
	if (owner)
		seen = owner->percpu->nr_running;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
