// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is left of the objects of kptr_race.bpf.c, and what the kernel does with
 * them by itself: it calls their destructors, and frees tasks. Apart from that
 * file, whose maps have to go first.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "race.h"

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;

/* in */
__s32 pid;	/* read_refs: of whom */

/* out */
struct race_refs refs;
__u64 dtors;
__u64 tasks;	/* of this name: */
char comm[16];

SEC("?fentry/taskhold_rec_release_dtor")
int BPF_PROG(on_rec)
{
	__sync_fetch_and_add(&dtors, 1);
	return 0;
}

SEC("?fentry/bpf_task_release_dtor")
int BPF_PROG(on_task)
{
	__sync_fetch_and_add(&dtors, 1);
	return 0;
}

SEC("?fentry/taskhold_pid_release_dtor")
int BPF_PROG(on_pid)
{
	__sync_fetch_and_add(&dtors, 1);
	return 0;
}

SEC("?fentry/taskhold_file_release_dtor")
int BPF_PROG(on_file)
{
	__sync_fetch_and_add(&dtors, 1);
	return 0;
}

SEC("fentry/__put_task_struct")
int BPF_PROG(on_free, struct task_struct *task)
{
	int i;

	for (i = 0; i < (int)sizeof(comm); i++) {
		if (task->comm[i] != comm[i])
			return 0;
		if (!comm[i])
			break;
	}
	__sync_fetch_and_add(&tasks, 1);
	return 0;
}

/* References to a process's task and pid, whoever has them. */
SEC("syscall")
int read_refs(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);

	if (!task)
		return 0;
	refs.task = task->rcu_users.refs.counter;
	refs.pid = task->thread_pid->count.refs.counter;
	bpf_task_release(task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
