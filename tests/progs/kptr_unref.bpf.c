// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unreferenced kptrs, __kptr_untrusted: any pointer of the type goes in by a
 * store, and what a load brings out can be followed, as it may be gone, and
 * nothing else. The same on kernels with and without the patches of kernel/patches.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

struct local {
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;

struct held {
	struct task_struct __kptr_untrusted *task;
	struct taskhold_rec __kptr_untrusted *rec;
	struct local __kptr_untrusted *local;
	struct task_struct __kptr *ref;
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

/* ---- what goes in ---- */

SEC("tp_btf/task_newtask")
__why("a trusted pointer")
__success
int BPF_PROG(store_trusted, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->task = task;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a pointer that RCU protects")
__success
int BPF_PROG(store_rcu, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->task = task->real_parent;
	return 0;
}

SEC("fentry/do_exit")
__why("a pointer read from a field, which nothing protects")
__success
int BPF_PROG(store_walked, long code)
{
	struct held *v = first();

	if (v)
		v->task = bpf_get_current_task_btf()->last_wakee;
	return 0;
}

SEC("syscall")
__why("a pointer that came out of such a kptr, NULL or not")
__success
int store_untrusted(void *ctx)
{
	struct held *v = first();

	if (v)
		v->task = v->task;
	return 0;
}

SEC("syscall")
__why("a pointer that was read through one")
__success
int store_untrusted_walked(void *ctx)
{
	struct task_struct *task;
	struct held *v = first();

	if (!v)
		return 0;
	task = v->task;
	if (task)
		v->task = task->last_wakee;
	return 0;
}

SEC("syscall")
__why("a reference, which remains the program's to release")
__success
int store_reference(void *ctx)
{
	struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());
	struct held *v = first();

	if (!task)
		return 0;
	if (v)
		v->task = task;
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("it was not given away by that")
__failure __msg("Unreleased reference")
int store_reference_unreleased(void *ctx)
{
	struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());
	struct held *v = first();

	if (!task)
		return 0;
	if (v) {
		v->task = task;
		return 0;
	}
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a type of a module's")
__success
int store_rec(void *ctx)
{
	struct taskhold_rec *rec = taskhold_rec_lookup(bpf_get_current_task_btf());
	struct held *v = first();

	if (!rec)
		return 0;
	if (v)
		v->rec = rec;
	taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("an object that the program has allocated")
__success
int store_local(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);
	struct held *v = first();

	if (!local)
		return 0;
	if (v)
		v->local = local;
	bpf_obj_drop(local);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a task is no record")
__failure __msg("type=trusted_ptr_task_struct expected=ptr_taskhold_rec or untrusted_ptr_")
int BPF_PROG(store_other_type, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->rec = (struct taskhold_rec *)task;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor an object of the program's")
__failure __msg("type=trusted_ptr_task_struct expected=ptr_local or untrusted_ptr_local")
int BPF_PROG(store_kernel_as_local, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->local = (struct local *)task;
	return 0;
}

SEC("syscall")
__why("nor the other way around")
__failure __msg("type=ptr_local expected=ptr_task_struct or untrusted_ptr_task_struct")
int store_local_as_kernel(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);
	struct held *v = first();

	if (!local)
		return 0;
	if (v)
		v->task = (struct task_struct *)local;
	bpf_obj_drop(local);
	return 0;
}

SEC("syscall")
__why("an object for each processor is none that can be followed")
__failure __msg("type=percpu_ptr_ expected=ptr_local or untrusted_ptr_local")
int store_percpu_object(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local);
	struct held *v = first();

	if (!percpu)
		return 0;
	if (v)
		v->local = (struct local *)percpu;
	bpf_percpu_obj_drop(percpu);
	return 0;
}

/* ---- what comes out ---- */

SEC("syscall")
__why("it can be followed, and no reference comes with it")
__success
int load(void *ctx)
{
	struct task_struct *task;
	struct held *v = first();

	if (!v)
		return 0;
	task = v->task;
	if (task)
		seen = task->last_wakee->pid;
	return 0;
}

SEC("syscall")
__why("it may be NULL")
__failure __msg("invalid mem access 'untrusted_ptr_or_null_'")
int load_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = v->task->pid;
	return 0;
}

SEC("syscall")
__why("it is as long as the kernel's type says")
__failure __msg("access beyond struct task_struct at off")
int load_beyond(void *ctx)
{
	struct task_struct *task;
	struct held *v = first();

	if (!v)
		return 0;
	task = v->task;
	if (task)
		seen = *(__u64 *)((void *)task + 0x8000);
	return 0;
}

SEC("syscall")
__why("nothing is written through it")
__failure __msg("only read is supported")
int load_and_write(void *ctx)
{
	struct task_struct *task;
	struct held *v = first();

	if (!v)
		return 0;
	task = v->task;
	if (task)
		task->pid = 1;
	return 0;
}

SEC("syscall")
__why("nor through one to an object of the program's, which may be somebody else's now")
__failure __msg("only read is supported")
int load_local_and_write(void *ctx)
{
	struct local *local;
	struct held *v = first();

	if (!v)
		return 0;
	local = v->local;
	if (local)
		local->value = 1;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nothing protects it, also where RCU does others")
__failure __msg("R1 must be a rcu pointer")
int BPF_PROG(load_to_acquire, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task;
	struct held *v = first();

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
__why("it is not to be released")
__failure __msg("R1 must be referenced or trusted")
int load_to_release(void *ctx)
{
	struct task_struct *task;
	struct held *v = first();

	if (!v)
		return 0;
	task = v->task;
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("an object of the program's is not to be dropped")
__failure __msg("R1 must be referenced or trusted")
int load_to_drop(void *ctx)
{
	struct local *local;
	struct held *v = first();

	if (!v)
		return 0;
	local = v->local;
	if (local)
		bpf_obj_drop(local);
	return 0;
}

SEC("fentry/do_exit")
__why("a helper does not take it for a task")
__failure __msg("R1 type=untrusted_ptr_ expected=ptr_, trusted_ptr_, rcu_ptr_")
int BPF_PROG(load_to_helper, long code)
{
	struct task_struct *task;
	struct held *v = first();

	if (!v)
		return 0;
	task = v->task;
	if (task)
		seen = bpf_task_pt_regs(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("what is read through it is as untrusted, a field that is safe otherwise too")
__failure __msg("R1 must be a rcu pointer")
int BPF_PROG(walk_to_acquire, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task;
	struct held *v = first();

	if (!v)
		return 0;
	task = v->task;
	if (!task)
		return 0;
	task = bpf_task_acquire(task->real_parent);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("for helpers as well")
__failure __msg("R1 type=untrusted_ptr_ expected=percpu_ptr_")
int walk_to_percpu_helper(void *ctx)
{
	struct task_struct *task;
	struct held *v = first();

	if (!v)
		return 0;
	task = v->task;
	if (task)
		seen = *(__u32 *)bpf_this_cpu_ptr(task->last_wakee);
	return 0;
}

/* ---- exchange ---- */

SEC("syscall")
__why("the helper exchanges references, and there is none here")
__failure __msg("off=0 kptr isn't referenced kptr")
int exchange(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_kptr_xchg(&v->task, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("what came out of one is no reference to put into another")
__failure __msg("R2 type=untrusted_ptr_ expected=ptr_")
int exchange_untrusted(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (!task)
		return 0;
	task = bpf_kptr_xchg(&v->ref, task);
	if (task)
		bpf_task_release(task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
