// SPDX-License-Identifier: GPL-2.0-only
/*
 * One load that two paths come to with different pointers. Where one of them is
 * not trusted, the load must stand it that there is nothing.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"
#include "objects.h"

struct local {
	__u64 value;
};

struct held {
	struct task_struct __kptr_untrusted *unref;
	__u64 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 which;
__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
__why("a trusted task on one path, on the other one that a field names")
__success
int trusted_and_walked(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	/* nobody whose priority is lent, so NULL */
	if (which)
		task = task->pi_top_task;
	barrier_var(task);
	seen = task->start_time;
	return 0;
}

SEC("syscall")
__why("a trusted task on one path, on the other one that a map names")
__success
int trusted_and_untrusted(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct held *v = first();

	if (!v)
		return 0;
	if (which) {
		task = v->unref;
		if (!task)
			return 0;
	}
	barrier_var(task);
	seen = task->start_time;
	return 0;
}

SEC("syscall")
__why("a task on one path, an object of the program's on the other")
__success
int task_and_object(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);
	void *ptr = bpf_get_current_task_btf();

	if (!local)
		return 0;
	local->value = 42;
	if (which)
		ptr = local;
	barrier_var(ptr);
	seen = *(volatile __u64 *)ptr;
	bpf_obj_drop(local);
	return 0;
}

SEC("syscall")
__why("a task and the value of a map are too different")
__failure __msg("same insn cannot be used with different pointers")
int task_and_map_value(void *ctx)
{
	void *ptr = bpf_get_current_task_btf();
	struct held *v = first();

	if (!v)
		return 0;
	if (which)
		ptr = &v->value;
	barrier_var(ptr);
	seen = *(volatile __u64 *)ptr;
	return 0;
}

SEC("syscall")
__why("what is written is one thing on both paths")
__failure __msg("only read is supported")
int write_task_and_object(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);
	void *ptr = bpf_get_current_task_btf();

	if (!local)
		return 0;
	if (which)
		ptr = local;
	barrier_var(ptr);
	*(volatile __u64 *)ptr = 1;
	bpf_obj_drop(local);
	return 0;
}

SEC("syscall")
__why("a kfunc takes what is good on both paths, and nothing less")
__failure __msg("R1 must be a rcu pointer")
int acquire_trusted_and_walked(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (which)
		task = task->last_wakee;
	barrier_var(task);
	task = bpf_task_acquire(task);
	if (task)
		bpf_task_release(task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
