// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that programs allocate for each processor, in map values: __percpu_kptr,
 * which is not __kptr_percpu. The same on kernels with and without the patches of
 * kernel/patches, but for one that is not trusted, which a kernel without takes for
 * a pointer into its own memory, and for processors that are not there.
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
	struct local __percpu_kptr *own;
};

struct with_pointer {
	struct task_struct *task;
};

struct with_lock {
	struct bpf_spin_lock lock;
	__u32 value;
};

struct large {
	char bytes[520];
};

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;
struct with_pointer with_pointer_in_btf __hidden;
struct large large_in_btf __hidden;

struct held {
	struct local __percpu_kptr *percpu;
	struct local __kptr *local;
	struct local __percpu_kptr *other;
	struct owner __kptr *owner;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
__why("an object goes in by exchange and is dropped when it comes out")
__success
int exchange(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local);
	struct held *v = first();

	if (!percpu)
		return 0;
	if (!v) {
		bpf_percpu_obj_drop(percpu);
		return 0;
	}
	percpu = bpf_kptr_xchg(&v->percpu, percpu);
	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("syscall")
__why("within an RCU section it can be used after it went in")
__success
int used_after_exchange(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local), *old;
	struct held *v = first();
	struct local *mine;

	if (!percpu)
		return 0;
	if (!v) {
		bpf_percpu_obj_drop(percpu);
		return 0;
	}
	bpf_rcu_read_lock();
	old = bpf_kptr_xchg(&v->percpu, percpu);
	if (old)
		bpf_percpu_obj_drop(old);
	mine = bpf_this_cpu_ptr((void *)percpu);
	mine->value++;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("but not given to another kptr")
__failure __msg("R2 type=percpu_rcu_ptr_ expected=ptr_")
int given_twice(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local), *old;
	struct held *v = first();

	if (!percpu)
		return 0;
	if (!v) {
		bpf_percpu_obj_drop(percpu);
		return 0;
	}
	bpf_rcu_read_lock();
	old = bpf_kptr_xchg(&v->percpu, percpu);
	if (old)
		bpf_percpu_obj_drop(old);
	old = bpf_kptr_xchg(&v->other, percpu);
	if (old)
		bpf_percpu_obj_drop(old);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("it is loaded within an RCU section, for one processor or this one")
__success
int load(void *ctx)
{
	struct local __percpu_kptr *percpu;
	struct held *v = first();
	struct local *mine;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	percpu = v->percpu;
	if (percpu) {
		mine = bpf_this_cpu_ptr((void *)percpu);
		mine->value++;
		mine = bpf_per_cpu_ptr((void *)percpu, 0);
		if (mine)
			seen = mine->value;
	}
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("and for a processor that is not there it is NULL")
__failure __msg("invalid mem access 'rcu_ptr_or_null_'")
__stock_success
int load_for_any(void *ctx)
{
	struct local __percpu_kptr *percpu;
	struct held *v = first();
	struct local *other;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	percpu = v->percpu;
	if (percpu) {
		other = bpf_per_cpu_ptr((void *)percpu, seen);
		seen = other->value;
	}
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("outside of one it is gone for all that is known")
__failure __msg("type=percpu_untrusted_ptr_or_null_ expected=percpu_ptr_")
__stock_failure __stock_msg("type=untrusted_ptr_or_null_ expected=percpu_ptr_")
int load_outside(void *ctx)
{
	struct held *v = first();
	struct local *mine;

	if (!v)
		return 0;
	mine = bpf_this_cpu_ptr((void *)v->percpu);
	seen = mine->value;
	return 0;
}

SEC("syscall")
__why("it may be NULL")
__failure __msg("type=percpu_rcu_ptr_or_null_ expected=percpu_ptr_")
int load_unchecked(void *ctx)
{
	struct held *v = first();
	struct local *mine;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	mine = bpf_this_cpu_ptr((void *)v->percpu);
	seen = mine->value;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("it is no address before it is made one for a processor")
__failure __msg("access percpu memory")
int followed(void *ctx)
{
	struct local __percpu_kptr *percpu;
	struct held *v = first();

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	percpu = v->percpu;
	if (percpu)
		seen = ((struct local *)percpu)->value;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("an object with one is allocated")
__success
int owner_allocated(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (owner)
		bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("nor is one read through that was in an object which may be gone")
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
__why("nor taken for memory of the kernel's own")
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
__why("nor is one read through that was loaded outside of an RCU section")
__failure __msg("access percpu memory")
__stock_success
int follow_loaded(void *ctx)
{
	struct held *v = first();
	struct local *own;

	if (!v)
		return 0;
	own = (struct local *)v->percpu;
	if (own)
		seen = own->value;
	return 0;
}

SEC("syscall")
__why("nor that one taken for memory of the kernel's own")
__failure __msg("is not of the kernel's per-CPU memory")
__stock_failure __stock_msg("type=untrusted_ptr_ expected=percpu_ptr_")
int loaded_for_this_cpu(void *ctx)
{
	struct held *v = first();
	struct local __percpu_kptr *own;
	struct local *mine;

	if (!v)
		return 0;
	own = v->percpu;
	if (!own)
		return 0;
	mine = bpf_this_cpu_ptr((void *)own);
	seen = mine->value;
	return 0;
}

SEC("syscall")
__why("what is the map's is not dropped")
__failure __msg("R1 must be referenced or trusted")
int load_and_drop(void *ctx)
{
	struct local __percpu_kptr *percpu;
	struct held *v = first();

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	percpu = v->percpu;
	if (percpu)
		bpf_percpu_obj_drop(percpu);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("a store would lose the object that is there")
__failure __msg("store to referenced kptr disallowed")
int store(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local);
	struct held *v = first();

	if (!percpu)
		return 0;
	if (v) {
		v->percpu = percpu;
		return 0;
	}
	bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("syscall")
__why("so would NULL")
__failure __msg("store to referenced kptr disallowed")
int store_null(void *ctx)
{
	struct held *v = first();

	if (v)
		v->percpu = NULL;
	return 0;
}

SEC("syscall")
__why("what comes out must be dropped")
__failure __msg("Unreleased reference")
int exchange_undropped(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = !!bpf_kptr_xchg(&v->percpu, NULL);
	return 0;
}

SEC("syscall")
__why("an object is none for each processor")
__failure __msg("type=ptr_ expected=ptr_local")
int exchange_object_as_percpu(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);
	struct local __percpu_kptr *percpu;
	struct held *v = first();

	if (!local)
		return 0;
	if (!v) {
		bpf_obj_drop(local);
		return 0;
	}
	percpu = bpf_kptr_xchg(&v->percpu, local);
	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("syscall")
__why("nor the other way around")
__failure __msg("type=percpu_ptr_ expected=ptr_local")
int exchange_percpu_as_object(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local);
	struct held *v = first();
	struct local *local;

	if (!percpu)
		return 0;
	if (!v) {
		bpf_percpu_obj_drop(percpu);
		return 0;
	}
	local = bpf_kptr_xchg(&v->local, percpu);
	if (local)
		bpf_obj_drop(local);
	return 0;
}

SEC("syscall")
__why("each is dropped as what it is")
__failure __msg("arg#0 expected for bpf_percpu_obj_drop_impl()")
int dropped_as_object(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local);

	if (percpu)
		bpf_obj_drop((void *)percpu);
	return 0;
}

SEC("syscall")
__why("an object for each processor has no pointers")
__failure __msg("bpf_percpu_obj_new type ID argument must be of a struct of scalars")
int object_with_pointer(void *ctx)
{
	struct with_pointer __percpu_kptr *percpu = bpf_percpu_obj_new(struct with_pointer);

	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("syscall")
__why("nor a lock")
__failure __msg("bpf_percpu_obj_new type ID argument must not contain special fields")
int object_with_lock(void *ctx)
{
	struct with_lock __percpu_kptr *percpu = bpf_percpu_obj_new(struct with_lock);

	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("syscall")
__why("nor is it large")
__failure __msg("bpf_percpu_obj_new type size (520) is greater than 512")
int object_too_large(void *ctx)
{
	struct large __percpu_kptr *percpu = bpf_percpu_obj_new(struct large);

	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
