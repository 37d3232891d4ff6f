// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the parts cost: BPF programs that do one thing many times, and the
 * empty programs that dispatch is measured with. micro.c runs them.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#define TIMES 1000

/* An empty policy: every fork asks it, and it holds nothing. */
SEC("struct_ops/admit")
int BPF_PROG(admit_none, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC(".struct_ops.link")
struct taskhold_ops policy_empty = {
	.name = "bench-empty",
	.admit = (void *)admit_none,
};

/* What it is held against: nothing, on a tracepoint of a fork. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	return 0;
}

/* Holds the caller of the programs below, so that it has a record. */
const volatile __u32 self;

SEC("struct_ops/admit")
int BPF_PROG(admit_self, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return task->tgid == self;
}

SEC(".struct_ops.link")
struct taskhold_ops policy_self = {
	.name = "bench-one",
	.admit = (void *)admit_self,
};

SEC(".struct_ops.link")
struct taskhold_ops policy_all = {
	.name = "bench-all",
};

/* ns for TIMES pairs, or for one walk; count: records walked. */
__u64 ns;
__u64 count;
__u32 slot;
struct taskhold_info info;

SEC("syscall")
int nothing(void *ctx)
{
	__u64 begin = bpf_ktime_get_ns();
	int i;

	bpf_for(i, 0, TIMES)
		barrier_var(i);
	ns = bpf_ktime_get_ns() - begin;
	return 0;
}

SEC("syscall")
int task_pair(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf(), *ref;
	__u64 begin = bpf_ktime_get_ns();
	int i;

	bpf_for(i, 0, TIMES) {
		ref = bpf_task_acquire(task);
		if (ref)
			bpf_task_release(ref);
	}
	ns = bpf_ktime_get_ns() - begin;
	return 0;
}

SEC("syscall")
int rec_pair(void *ctx)
{
	struct taskhold_rec *rec = taskhold_rec_lookup(bpf_get_current_task_btf()), *ref;
	__u64 begin;
	int i;

	if (!rec)
		return -1;
	begin = bpf_ktime_get_ns();
	bpf_for(i, 0, TIMES) {
		ref = taskhold_rec_acquire(rec);
		if (ref)
			taskhold_rec_release(ref);
	}
	ns = bpf_ktime_get_ns() - begin;
	taskhold_rec_release(rec);
	return 0;
}

/* Every running process, once, with all of its fields. */
SEC("syscall")
int walk(void *ctx)
{
	struct taskhold_rec *rec;
	__u64 begin = bpf_ktime_get_ns();

	count = 0;
	bpf_rcu_read_lock();
	bpf_for_each(taskhold_rec, rec, slot, 0) {
		taskhold_rec_snapshot(rec, &info, sizeof(info), 0);
		count++;
	}
	bpf_rcu_read_unlock();
	ns = bpf_ktime_get_ns() - begin;
	return 0;
}

char _license[] SEC("license") = "GPL";
