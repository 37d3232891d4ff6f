// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kptrs in an object of the program's, read as fields once nothing protects the
 * object: what they point to is where it always was. A kernel without the patches
 * of kernel/patches takes all of them for pointers into its own memory.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

struct local {
	__u64 value;
};

struct owner {
	struct sockaddr __kptr_user *user;
	struct rq __kptr_percpu *percpu;
	struct local __percpu_kptr *own;
	struct task_struct __kptr_untrusted *plain;
};

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;
struct owner owner_in_btf __hidden;

struct held {
	struct owner __kptr *owner;
	struct local __percpu_kptr *own;
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
__why("a pointer that tells no address space is read through")
__success
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
__stock_success
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
__stock_success
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

SEC("syscall")
__why("nor to an object for each processor")
__failure __msg("access percpu memory")
__stock_success
int follow_own(void *ctx)
{
	struct held *v = first();
	struct owner *owner;

	if (!v)
		return 0;
	owner = v->owner;
	if (owner)
		seen = ((struct local *)owner->own)->value;
	return 0;
}

SEC("syscall")
__why("which the helpers do not take for memory of the kernel")
__failure __msg("is not of the kernel's per-CPU memory")
__stock_failure __stock_msg("type=untrusted_ptr_ expected=percpu_ptr_")
int own_for_this_cpu(void *ctx)
{
	struct held *v = first();
	struct owner *owner;
	struct local *mine;

	if (!v)
		return 0;
	owner = v->owner;
	if (!owner)
		return 0;
	mine = bpf_this_cpu_ptr((void *)owner->own);
	seen = mine->value;
	return 0;
}

SEC("syscall")
__why("nor to one that was loaded outside of an RCU section")
__failure __msg("access percpu memory")
__stock_success
int follow_loaded(void *ctx)
{
	struct held *v = first();
	struct local *own;

	if (!v)
		return 0;
	own = (struct local *)v->own;
	if (own)
		seen = own->value;
	return 0;
}

SEC("syscall")
__why("which the helpers do not take either")
__failure __msg("is not of the kernel's per-CPU memory")
__stock_failure __stock_msg("type=untrusted_ptr_ expected=percpu_ptr_")
int loaded_for_this_cpu(void *ctx)
{
	struct held *v = first();
	struct local __percpu_kptr *own;
	struct local *mine;

	if (!v)
		return 0;
	own = v->own;
	if (!own)
		return 0;
	mine = bpf_this_cpu_ptr((void *)own);
	seen = mine->value;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
