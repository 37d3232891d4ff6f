// SPDX-License-Identifier: GPL-2.0-only
/*
 * features: programs by which `taskhold status --features` asks what the kernel
 * and the module have. They are loaded one by one, and never run.
 *
 * userspace/feature.c has the table of them. What a feature allows is in the
 * program of its name; what a kernel must refuse that means it is in the
 * program that ends in _refused. Each uses one map at most, and no variable, so
 * that nothing but what is asked about decides. Where a kernel may know
 * nothing of a kptr it may refuse all types of the object, those of the others
 * as well: such kptrs have objects of their own, features_*.bpf.c.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"
#include "features.bpf.h"

extern void *bpf_obj_new_impl(__u64 local_type_id__k, void *meta__ign) __ksym __weak;
extern void bpf_obj_drop_impl(void *p__alloc, void *meta__ign) __ksym __weak;
extern void *bpf_percpu_obj_new_impl(__u64 local_type_id__k, void *meta__ign) __ksym __weak;
extern void bpf_percpu_obj_drop_impl(void *p__alloc, void *meta__ign) __ksym __weak;

struct features_local {
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct features_local local_in_btf __hidden;

SLOT_MAP(tasks, struct task_struct, __kptr)
SLOT_MAP(tasks_untrusted, struct task_struct, __kptr_untrusted)
SLOT_MAP(locals, struct features_local, __kptr)
SLOT_MAP(locals_percpu, struct features_local, __percpu_kptr)
SLOT_MAP(recs, struct taskhold_rec, __kptr)

/* ---- of the kernel ---- */

SEC("syscall")
int kptr_untrusted(void *ctx)
{
	struct tasks_untrusted_value *v = tasks_untrusted_first();
	struct task_struct *task;

	if (!v)
		return 0;
	v->slot = bpf_get_current_task_btf();
	barrier();
	task = v->slot;
	return task ? task->pid : 0;
}

SEC("syscall")
int kptr_ref(void *ctx)
{
	struct tasks_value *v = tasks_first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_task_acquire(bpf_get_current_task_btf());
	if (!task)
		return 0;
	task = bpf_kptr_xchg(&v->slot, task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
int kptr_rcu(void *ctx)
{
	struct tasks_value *v = tasks_first();
	struct task_struct *task;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	task = v->slot;
	if (task)
		task = bpf_task_acquire(task);
	bpf_rcu_read_unlock();
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
int local_kptr(void *ctx)
{
	struct locals_value *v = locals_first();
	struct features_local *local;

	if (!v)
		return 0;
	local = bpf_obj_new_impl(bpf_core_type_id_local(struct features_local), NULL);
	if (!local)
		return 0;
	local = bpf_kptr_xchg(&v->slot, local);
	if (local)
		bpf_obj_drop_impl(local, NULL);
	return 0;
}

SEC("syscall")
int percpu_kptr(void *ctx)
{
	struct locals_percpu_value *v = locals_percpu_first();
	void *local;

	if (!v)
		return 0;
	local = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct features_local), NULL);
	if (!local)
		return 0;
	local = bpf_kptr_xchg(&v->slot, local);
	if (local)
		bpf_percpu_obj_drop_impl(local, NULL);
	return 0;
}

SEC("syscall")
int xchg_insn(void *ctx)
{
	struct tasks_value *v = tasks_first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = kptr_xchg_insn(&v->slot, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(user_tags_refused, struct task_struct *task, u64 clone_flags)
{
	return task->robust_list->futex_offset;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(walked_refused, struct task_struct *task, u64 clone_flags)
{
	struct task_struct *other = bpf_task_acquire(task->signal->group_exec_task);

	if (other)
		bpf_task_release(other);
	return 0;
}

/* ---- of the module ---- */

SEC("struct_ops/admit")
int BPF_PROG(struct_ops, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC("?.struct_ops.link")
struct taskhold_ops features_ops = {
	.name = "features",
	.admit = (void *)struct_ops,
};

SEC("struct_ops/finish")
int BPF_PROG(nullable_args, struct taskhold_rec *rec, struct task_struct *task)
{
	return task && task->exit_code ? TASKHOLD_KEEP : TASKHOLD_DROP;
}

SEC("?.struct_ops.link")
struct taskhold_ops features_checks = {
	.name = "features",
	.finish = (void *)nullable_args,
};

SEC("struct_ops/finish")
int BPF_PROG(nullable_args_refused, struct taskhold_rec *rec, struct task_struct *task)
{
	return task->exit_code ? TASKHOLD_KEEP : TASKHOLD_DROP;
}

SEC("?.struct_ops.link")
struct taskhold_ops features_refused = {
	.name = "features",
	.finish = (void *)nullable_args_refused,
};

SEC("syscall")
int records(void *ctx)
{
	struct taskhold_rec *rec = taskhold_rec_lookup(bpf_get_current_task_btf());
	__u32 comm[4] = {};

	if (!rec)
		return 0;
	taskhold_rec_exe_path(rec, comm, sizeof(comm));
	taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int records_iter(void *ctx)
{
	struct taskhold_rec *rec;
	int n = 0;

	bpf_rcu_read_lock();
	bpf_for_each(taskhold_rec, rec, 0, 0)
		n++;
	bpf_rcu_read_unlock();
	return n;
}

SEC("syscall")
int rec_kptr(void *ctx)
{
	struct taskhold_rec *rec;
	struct recs_value *v = recs_first();

	if (!v)
		return 0;
	rec = bpf_kptr_xchg(&v->slot, NULL);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int rec_kptr_get(void *ctx)
{
	struct taskhold_rec *rec;
	struct recs_value *v = recs_first();

	if (!v)
		return 0;
	rec = taskhold_rec_kptr_get(&v->slot);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int task_acquire(void *ctx)
{
	struct task_struct *task = taskhold_task_acquire(bpf_get_current_task_btf());

	if (task)
		taskhold_task_release(task);
	return 0;
}

SEC("syscall")
int task_kptr_get(void *ctx)
{
	struct tasks_value *v = tasks_first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = taskhold_task_kptr_get(&v->slot);
	if (task)
		taskhold_task_release(task);
	return 0;
}

SEC("syscall")
int owned_args(void *ctx)
{
	struct file *file = taskhold_file_of_fd(0);

	if (!file)
		return 0;
	taskhold_file_refs(file);
	taskhold_file_release(file);
	return 0;
}

/* Trusted, but not the program's. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(owned_args_refused, struct task_struct *task, pid_t old_pid,
	     struct linux_binprm *bprm)
{
	taskhold_file_refs(bprm->file);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
