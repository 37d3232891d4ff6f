// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of taskhold.bpf.h and kptr.bpf.h that are for kernels with and
 * without the patches of kernel/patches: what the verifier accepts and refuses of
 * their callers is the same on both, but for the words.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"

struct held {
	struct task_struct __kptr *task;
	struct taskhold_rec __kptr *rec;
	struct task_struct __kptr_untrusted *unref;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* ---- what is accepted ---- */

SEC("tp_btf/task_newtask")
__why("an argument is held, kept, got and put")
__success
int BPF_PROG(tracing, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = taskhold_hold_task(new);
	if (!task)
		return 0;
	task = kptr_xchg(&v->task, task);
	if (task)
		taskhold_put_task(task);
	task = taskhold_get_task(&v->task);
	if (task)
		taskhold_put_task(task);
	return 0;
}

SEC("syscall")
__why("what one kfunc took the other may drop")
__success
int other_release(void *ctx)
{
	struct task_struct *task = taskhold_hold_task(bpf_get_current_task_btf());

	if (task)
		bpf_task_release(task);
	task = bpf_task_acquire(bpf_get_current_task_btf());
	if (task)
		taskhold_put_task(task);
	return 0;
}

SEC("syscall")
__why("what is found under RCU can be held beyond it")
__success
int held_under_rcu(void *ctx)
{
	struct task_struct *task;

	bpf_rcu_read_lock();
	task = taskhold_hold_task(bpf_get_current_task_btf()->real_parent);
	bpf_rcu_read_unlock();
	if (task)
		taskhold_put_task(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a record is got where programs cannot sleep")
__success
int BPF_PROG(record, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_get_rec(&v->rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

/* ---- what is refused ---- */

SEC("syscall")
__why("the task that was got must be put")
__failure __msg("Unreleased reference")
int task_unreleased(void *ctx)
{
	struct held *v = first();

	return v && taskhold_get_task(&v->task);
}

SEC("syscall")
__why("so must the record")
__failure __msg("Unreleased reference")
int rec_unreleased(void *ctx)
{
	struct held *v = first();

	return v && taskhold_get_rec(&v->rec);
}

SEC("syscall")
__why("and what was held")
__failure __msg("Unreleased reference")
int hold_unreleased(void *ctx)
{
	return taskhold_hold_task(bpf_get_current_task_btf()) != NULL;
}

SEC("syscall")
__why("and what was exchanged")
__failure __msg("Unreleased reference")
int xchg_unreleased(void *ctx)
{
	struct held *v = first();

	return v && kptr_xchg(&v->task, NULL);
}

SEC("syscall")
__why("the slot may have no task")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int task_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		taskhold_put_task(taskhold_get_task(&v->task));
	return 0;
}

SEC("syscall")
__why("nor a record")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int rec_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		taskhold_rec_release(taskhold_get_rec(&v->rec));
	return 0;
}

SEC("syscall")
__why("the map's value may not be there")
__failure __msg("arg#0 expected pointer to map value")
__stock_failure __stock_msg("invalid mem access 'map_value_or_null'")
int value_unchecked(void *ctx)
{
	struct task_struct *task = taskhold_get_task(&first()->task);

	if (task)
		taskhold_put_task(task);
	return 0;
}

SEC("syscall")
__why("what nobody owns cannot be acquired")
__failure __msg("arg#0 no referenced kptr at map value offset=16")
__stock_failure __stock_msg("R1 must be a rcu pointer")
int unreferenced(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = taskhold_get_task((struct task_struct **)&v->unref);
	if (task)
		taskhold_put_task(task);
	return 0;
}

SEC("syscall")
__why("a task is no record")
__failure __msg("kernel function taskhold_rec_kptr_get args#0")
__stock_failure __stock_msg("kernel function taskhold_rec_acquire args#0")
int other_type(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_get_rec((struct taskhold_rec **)&v->task);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("a task cannot be held that was read from a field that RCU does not protect")
__failure __msg("R1 must be a rcu pointer")
int hold_walked(void *ctx)
{
	struct task_struct *task;

	bpf_rcu_read_lock();
	task = taskhold_hold_task(bpf_get_current_task_btf()->signal->group_exec_task);
	bpf_rcu_read_unlock();
	if (task)
		taskhold_put_task(task);
	return 0;
}

SEC("syscall")
__why("sections do not nest: where there is no kptr_get, getting a task has its own")
__success
__stock_failure __stock_msg("nested rcu read lock (kernel function bpf_rcu_read_lock)")
int get_under_rcu(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	task = taskhold_get_task(&v->task);
	bpf_rcu_read_unlock();
	if (task)
		taskhold_put_task(task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
