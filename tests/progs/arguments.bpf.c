// SPDX-License-Identifier: GPL-2.0-only
/* kfuncs with the arguments that user space chose, for arguments_test. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "sizes.h"

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

/* in */
__u32 size;	/* of the buffer; at most ARGUMENTS_BUFFER */
__u64 flags;
__u32 slot;
__u64 cursor;	/* also out */
__u64 id;

/* out */
int ret;
__u32 steps;
char buffer[ARGUMENTS_BUFFER];

/* The record of the caller, of which user space sees to it that there is one. */
static struct taskhold_rec *own(void)
{
	ret = -1;
	return taskhold_rec_lookup(bpf_get_current_task_btf());
}

static __u32 bounded(void)
{
	return size > ARGUMENTS_BUFFER ? ARGUMENTS_BUFFER : size;
}

SEC("syscall")
int snapshot(void *ctx)
{
	struct taskhold_rec *rec = own();

	if (!rec)
		return 0;
	ret = taskhold_rec_snapshot(rec, buffer, bounded(), flags);
	taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int cgroup_path(void *ctx)
{
	struct taskhold_rec *rec = own();

	if (!rec)
		return 0;
	ret = taskhold_rec_cgroup_path(rec, buffer, bounded());
	taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int exe_path(void *ctx)
{
	struct taskhold_rec *rec = own();

	if (!rec)
		return 0;
	ret = taskhold_rec_exe_path(rec, buffer, bounded());
	taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int rec_task(void *ctx)
{
	struct taskhold_rec *rec = own();
	struct task_struct *task;

	if (!rec)
		return 0;
	task = taskhold_rec_task(rec);
	taskhold_rec_release(rec);
	if (task) {
		ret = task->pid;
		bpf_task_release(task);
	}
	return 0;
}

SEC("syscall")
int stats_read(void *ctx)
{
	ret = taskhold_stats_read(buffer, bounded());
	return 0;
}

SEC("syscall")
int policy_stats_read(void *ctx)
{
	ret = taskhold_policy_stats_read(slot, buffer, bounded());
	return 0;
}

SEC("syscall")
int totals_next(void *ctx)
{
	ret = taskhold_totals_next(slot, &cursor, buffer, bounded());
	return 0;
}

SEC("syscall")
int totals_path(void *ctx)
{
	ret = taskhold_totals_path(slot, id, buffer, bounded());
	return 0;
}

SEC("syscall")
int in_cgroup(void *ctx)
{
	ret = taskhold_task_in_cgroup(bpf_get_current_task_btf(), id);
	return 0;
}

SEC("syscall")
int walk(void *ctx)
{
	struct bpf_iter_taskhold_rec it;

	steps = 0;
	bpf_rcu_read_lock();
	ret = bpf_iter_taskhold_rec_new(&it, slot, flags);
	while (bpf_iter_taskhold_rec_next(&it))
		steps++;
	/* past the end it stays there */
	if (bpf_iter_taskhold_rec_next(&it))
		steps = -1;
	bpf_iter_taskhold_rec_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
