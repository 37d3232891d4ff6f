// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers that are read from fields of kernel objects: refused as ever, and
 * where the kernel can, the log says that it is for that reason.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

#define WALKED "is walked: it was read from a field of a kernel object"

struct held {
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;

SEC("tp_btf/task_newtask")
__why("a task that a task points to is not trusted")
__failure __msg("R1 must be a rcu pointer") __msg("R1 " WALKED)
__stock_failure __stock_msg("R1 must be a rcu pointer")
int BPF_PROG(walked_to_kfunc, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_task_in_cgroup(task->last_wakee, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("it is no reference either")
__failure __msg("R2 must be referenced")
int BPF_PROG(walked_to_map, struct task_struct *task, u64 clone_flags)
{
	struct task_struct *old;
	struct held *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&array, &zero);
	if (!v)
		return 0;
	old = bpf_kptr_xchg(&v->task, task->last_wakee);
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("the state shows it")
__failure __msg("ptr_task_struct(walked") __msg("R1 must be a rcu pointer")
__stock_failure __stock_msg("R1 must be a rcu pointer")
int BPF_PROG(walked_in_state, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_task_in_cgroup(task->last_wakee, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a field that is known to be safe is accepted under RCU")
__success
int BPF_PROG(safe_field, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_task_in_cgroup(task->real_parent, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a pointer that was read from a field can be followed as ever")
__success
int BPF_PROG(walked_on, struct task_struct *task, u64 clone_flags)
{
	seen = task->last_wakee->pid;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
