// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy of most tests: holds a chosen process tree, decides as user space
 * says, and notes each call. tests/lib/policy.h opens and attaches it.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "events.h"
#include "sizes.h"

/* in; may be changed while it is attached */
__s32 root_pid;		/* its children are held, */
bool hold_root;		/* and itself, */
bool hold_descendants;	/* and theirs */
bool hold_all;		/* and everybody */
bool refuse_fork;	/* not at fork: later, when it calls exec or is moved */
bool drop_threads;	/* records of threads are counted here, not noted and not kept */
int verdict;
int attach_result;

/* out */
struct policy_event events[POLICY_EVENTS];
__u32 nr_events;	/* more than POLICY_EVENTS: there was no room for the others */
__u32 calls[POLICY_CALLS];

static void note(__u32 call, __u32 tgid, __u32 pid, __u32 arg)
{
	__u32 n = __sync_fetch_and_add(&nr_events, 1);

	__sync_fetch_and_add(&calls[call], 1);
	if (n >= POLICY_EVENTS)
		return;
	events[n].call = call;
	events[n].tgid = tgid;
	events[n].pid = pid;
	events[n].arg = arg;
	events[n].ns = bpf_ktime_get_boot_ns();
}

static bool wanted(struct task_struct *task, __u32 event)
{
	struct task_struct *parent = task->real_parent;

	if (hold_all)
		return true;
	if (task->tgid == root_pid)
		return hold_root;
	return (parent && parent->tgid == root_pid) ||
	       (hold_descendants && (event & TASKHOLD_EV_PARENT_HELD));
}

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	if (!wanted(task, event))
		return 0;
	note(POLICY_ADMIT, task->tgid, task->pid, event);
	return !(refuse_fork && (event & TASKHOLD_EV_KIND) == TASKHOLD_EV_FORK);
}

SEC("struct_ops/exec")
void BPF_PROG(on_exec, struct taskhold_rec *rec, struct task_struct *task)
{
	note(POLICY_EXEC, task->tgid, task->pid, 0);
}

SEC("struct_ops/exit")
void BPF_PROG(on_exit, struct taskhold_rec *rec, struct task_struct *task)
{
	if (!(rec->info.flags & TASKHOLD_INFO_THREAD))
		note(POLICY_EXIT, task->tgid, task->pid, 0);
	else if (!drop_threads)
		note(POLICY_EXIT_THREAD, task->tgid, task->pid, 0);
}

SEC("struct_ops/finish")
int BPF_PROG(on_finish, struct taskhold_rec *rec, struct task_struct *task)
{
	if (rec->info.flags & TASKHOLD_INFO_THREAD) {
		if (drop_threads) {
			__sync_fetch_and_add(&calls[POLICY_FINISH_THREAD], 1);
			return TASKHOLD_DROP;
		}
		note(POLICY_FINISH_THREAD, rec->info.tgid, task ? task->pid : 0, rec->info.tid);
		return verdict;
	}
	note(POLICY_FINISH, rec->info.tgid, task ? task->pid : 0, rec->info.tgid);
	return verdict;
}

SEC("struct_ops/overflow")
void BPF_PROG(on_overflow, struct taskhold_rec *rec, __u32 reason)
{
	note(POLICY_OVERFLOW, 0, 0, reason);
}

SEC("struct_ops/attach")
int BPF_PROG(on_attach)
{
	note(POLICY_ATTACH, 0, 0, 0);
	return attach_result;
}

SEC("struct_ops.s/detach")
void BPF_PROG(on_detach)
{
	note(POLICY_DETACH, 0, 0, 0);
}

SEC(".struct_ops.link")
struct taskhold_ops ops = {
	.name = "test",
	.admit = (void *)on_admit,
	.exec = (void *)on_exec,
	.exit = (void *)on_exit,
	.finish = (void *)on_finish,
	.overflow = (void *)on_overflow,
	.attach = (void *)on_attach,
	.detach = (void *)on_detach,
};

char LICENSE[] SEC("license") = "GPL";
