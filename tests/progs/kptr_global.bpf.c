// SPDX-License-Identifier: GPL-2.0-only
/* Kptrs as global variables, in a section that user space does not map. */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "kptr_global.h"

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;

/* libbpf has a section mapped where a variable of it is not hidden. */
#define PRIVATE	SEC(".data.kptrs") __hidden __attribute__((aligned(8)))

struct pair {
	__u64 mark;
	struct task_struct __kptr *task;
};

PRIVATE struct task_struct __kptr *global_task;
PRIVATE struct task_struct __kptr_untrusted *global_unref;
PRIVATE struct pair global_pair;
PRIVATE struct task_struct __kptr *global_tasks[2];

/* in */
__s32 pid;

static __always_inline int put(struct task_struct **slot)
{
	struct task_struct *task = bpf_task_from_pid(pid);

	if (!task)
		return -1;
	task = bpf_kptr_xchg(slot, task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
int store(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);

	if (!task)
		return -1;
	global_unref = task;
	bpf_task_release(task);
	global_pair.mark = GLOBAL_MARK;
	return put(&global_task) ?: put(&global_pair.task) ?: put(&global_tasks[1]);
}

SEC("syscall")
int look(void *ctx)
{
	return (global_task ? GLOBAL_TASK : 0) | (global_unref ? GLOBAL_UNREF : 0) |
	       (global_pair.task ? GLOBAL_MEMBER : 0) |
	       (!global_tasks[0] && global_tasks[1] ? GLOBAL_ELEMENT : 0) |
	       (global_pair.mark == GLOBAL_MARK ? GLOBAL_MARKED : 0);
}

/* Whose task it was. */
SEC("syscall")
int take(void *ctx)
{
	struct task_struct *task = bpf_kptr_xchg(&global_task, NULL);
	int of = 0;

	if (!task)
		return 0;
	of = task->pid;
	bpf_task_release(task);
	return of;
}

/* References to the task that are not this program's. */
SEC("syscall")
int count(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);
	int refs;

	if (!task)
		return 0;
	refs = task->rcu_users.refs.counter - 1;
	bpf_task_release(task);
	return refs;
}

char LICENSE[] SEC("license") = "GPL";
