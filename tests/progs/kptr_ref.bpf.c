// SPDX-License-Identifier: GPL-2.0-only
/*
 * Referenced kptrs: what bpf_kptr_xchg() takes and returns, and what a load is
 * good for, which is a pointer that RCU protects for those types that the kernel
 * knows to be freed by it, and an untrusted one for all others, a module's among
 * them. The same on kernels with and without the patches of kernel/patches.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

extern struct cgroup *bpf_cgroup_acquire(struct cgroup *cgrp) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgrp) __ksym;

struct local {
	__u64 value;
};

struct owner {
	struct task_struct __kptr *task;
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;

struct held {
	struct task_struct __kptr_ref *task;	/* the older name of __kptr */
	struct task_struct __kptr_untrusted *unref;
	struct taskhold_rec __kptr *rec;
	struct cgroup __kptr *cgrp;
	struct local __kptr *local;
	__u64 mark;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct locked {
	struct bpf_spin_lock lock;
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct locked);
} locks SEC(".maps");

struct plain {
	struct task_struct *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct plain);
} plains SEC(".maps");

__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

static struct task_struct *own(void)
{
	return bpf_task_acquire(bpf_get_current_task_btf());
}

/* ---- exchange ---- */

SEC("syscall")
__why("a reference goes in, the old one comes out, and is the program's")
__success
int exchange(void *ctx)
{
	struct task_struct *task, *again;
	struct held *v = first();

	if (!v)
		return 0;
	task = own();
	if (!task)
		return 0;
	task = bpf_kptr_xchg(&v->task, task);
	if (!task)
		return 0;
	again = bpf_task_acquire(task);
	if (again)
		bpf_task_release(again);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("what comes out must be released")
__failure __msg("Unreleased reference")
int exchange_unreleased(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = !!bpf_kptr_xchg(&v->task, NULL);
	return 0;
}

SEC("syscall")
__why("what comes out may be NULL")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int exchange_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_task_release(bpf_kptr_xchg(&v->task, NULL));
	return 0;
}

SEC("syscall")
__why("what went in is gone")
__failure __msg("arg#0 pointer type STRUCT task_struct must point to")
int used_after_exchange(void *ctx)
{
	struct task_struct *task, *old;
	struct held *v = first();

	if (!v)
		return 0;
	task = own();
	if (!task)
		return 0;
	old = bpf_kptr_xchg(&v->task, task);
	if (old)
		bpf_task_release(old);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a reference that may be NULL is checked first")
__failure __msg("Possibly NULL pointer passed to helper arg2")
int exchange_maybe_null(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_kptr_xchg(&v->task, own());
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a trusted pointer is no reference")
__failure __msg("R2 must be referenced when passed to release function")
int BPF_PROG(exchange_unowned, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_kptr_xchg(&v->task, new);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor is one that RCU protects")
__failure __msg("R2 must be referenced when passed to release function")
int BPF_PROG(exchange_rcu, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (!task)
		return 0;
	task = bpf_kptr_xchg(&v->task, task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("nor is what a reference points to")
__failure __msg("R2 type=untrusted_ptr_ expected=ptr_")
int exchange_field_of_reference(void *ctx)
{
	struct task_struct *task, *old;
	struct held *v = first();

	if (!v)
		return 0;
	task = own();
	if (!task)
		return 0;
	old = bpf_kptr_xchg(&v->task, task->last_wakee);
	if (old)
		bpf_task_release(old);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a record is no task")
__failure __msg("type=ptr_taskhold_rec expected=ptr_task_struct")
int exchange_other_type(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_rec_lookup(bpf_get_current_task_btf());
	if (!rec)
		return 0;
	task = bpf_kptr_xchg(&v->task, (struct task_struct *)rec);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("data has no kptr")
__failure __msg("off=40 doesn't point to kptr")
int exchange_data(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_kptr_xchg(&v->mark, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("nor the middle of one")
__failure __msg("off=4 doesn't point to kptr")
int exchange_middle(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_kptr_xchg((void *)v + 4, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a pointer without a tag is none")
__failure __msg("R1 has no valid kptr")
int exchange_plain(void *ctx)
{
	struct task_struct *task;
	struct plain *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&plains, &zero);
	if (!v)
		return 0;
	task = bpf_kptr_xchg(&v->task, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("memory of the program's own has none either")
__failure __msg("R1 type=fp expected=")
int exchange_stack(void *ctx)
{
	struct task_struct *task = NULL;

	task = bpf_kptr_xchg(&task, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("an object of the program's that has one")
__success
int exchange_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = own();
	if (task) {
		task = bpf_kptr_xchg(&owner->task, task);
		if (task)
			bpf_task_release(task);
	}
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("which is not written by a store")
__failure __msg("direct access to kptr is disallowed")
int store_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (!owner)
		return 0;
	owner->task = NULL;
	bpf_obj_drop(owner);
	return 0;
}

SEC("tc")
__why("not while a lock is held")
__failure __msg("function calls are not allowed while holding a lock")
int exchange_locked(void *ctx)
{
	struct task_struct *task;
	struct locked *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&locks, &zero);
	if (!v)
		return 0;
	bpf_spin_lock(&v->lock);
	task = bpf_kptr_xchg(&v->task, NULL);
	bpf_spin_unlock(&v->lock);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a store would lose the reference that is there")
__failure __msg("store to referenced kptr disallowed")
int BPF_PROG(store, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->task = task;
	return 0;
}

SEC("syscall")
__why("so would one of a reference")
__failure __msg("store to referenced kptr disallowed")
int store_reference(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = own();
	if (task)
		v->task = task;
	return 0;
}

/* ---- load ---- */

SEC("tp_btf/task_newtask")
__why("a task is protected where all of the program is an RCU section")
__success
int BPF_PROG(load_task, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (!task)
		return 0;
	task = bpf_task_acquire(task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("and within a section of a program that may sleep")
__success
int load_task_in_section(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	task = v->task;
	if (task)
		task = bpf_task_acquire(task);
	bpf_rcu_read_unlock();
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("but not without one")
__failure __msg("R1 must be a rcu pointer")
int load_task_outside(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (!task)
		return 0;
	task = bpf_task_acquire(task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("nor after its end")
__failure __msg("R1 must be a rcu pointer")
int load_task_after(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	task = v->task;
	bpf_rcu_read_unlock();
	if (!task)
		return 0;
	task = bpf_task_acquire(task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("it may be NULL all the same")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int BPF_PROG(load_task_unchecked, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_task_acquire(v->task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("the map's reference is not the program's to release")
__failure __msg("R1 must be referenced or trusted")
int BPF_PROG(load_task_and_release, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a cgroup is protected as well")
__success
int BPF_PROG(load_cgroup, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct cgroup *cgrp;

	if (!v)
		return 0;
	cgrp = v->cgrp;
	if (!cgrp)
		return 0;
	cgrp = bpf_cgroup_acquire(cgrp);
	if (cgrp)
		bpf_cgroup_release(cgrp);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a module's type is not, whatever the module frees it by")
__failure __msg("R1 must be a rcu pointer")
int BPF_PROG(load_rec, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = v->rec;
	if (!rec)
		return 0;
	rec = taskhold_rec_acquire(rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("it can be followed, as it may be gone")
__success
int BPF_PROG(follow_rec, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = v->rec;
	if (rec)
		seen = rec->info.tgid;
	return 0;
}

SEC("syscall")
__why("a task that nothing protects too")
__success
int follow_task_outside(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (task)
		seen = task->last_wakee->pid;
	return 0;
}

SEC("syscall")
__why("and be stored where nothing is claimed of it")
__success
int store_loaded_as_unref(void *ctx)
{
	struct held *v = first();

	if (v)
		v->unref = v->task;
	return 0;
}

SEC("syscall")
__why("an object of the program's is protected")
__success
int load_local(void *ctx)
{
	struct held *v = first();
	struct local *local;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	local = v->local;
	if (local)
		seen = local->value;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("but the map's to drop")
__failure __msg("R1 must be referenced or trusted")
int load_local_and_drop(void *ctx)
{
	struct held *v = first();
	struct local *local;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	local = v->local;
	if (local)
		bpf_obj_drop(local);
	bpf_rcu_read_unlock();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
