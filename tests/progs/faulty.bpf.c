// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy that is at fault when it is told to be: it returns what it may not, or
 * one of its calls takes long. It says nothing wrong until `faulty` is set.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

/* in; may be changed while it is attached */
__s32 root_pid; /* its children are held */
bool faulty;
int admit_result = 1;
int finish_result;
__u32 admit_loops, exec_loops, exit_loops, finish_loops, overflow_loops;
__u32 stop; /* not 0: ends a call that takes long */

/* out */
__u32 calls;		/* of all members but attach and detach */
bool inside;		/* one of them takes long at this moment */
__u32 detached;		/* calls of detach */
struct taskhold_exit_info info; /* what it was told */

static int nothing(__u32 i, void *ctx)
{
	return 0;
}

static int nothing_often(__u32 i, void *ctx)
{
	bpf_loop(1 << 23, nothing, NULL, 0);
	return stop != 0;
}

/* The loop that the kernel's bound allows is not long enough. */
static void take_long(__u32 loops)
{
	__sync_fetch_and_add(&calls, 1);
	if (!faulty || !loops)
		return;
	inside = true;
	bpf_loop(loops, nothing_often, NULL, 0);
	inside = false;
}

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;

	if (!parent || parent->tgid != root_pid)
		return 0;
	take_long(admit_loops);
	return faulty ? admit_result : 1;
}

SEC("struct_ops/exec")
void BPF_PROG(on_exec)
{
	take_long(exec_loops);
}

SEC("struct_ops/exit")
void BPF_PROG(on_exit)
{
	take_long(exit_loops);
}

SEC("struct_ops/finish")
int BPF_PROG(on_finish)
{
	take_long(finish_loops);
	return faulty ? finish_result : TASKHOLD_KEEP;
}

SEC("struct_ops/overflow")
void BPF_PROG(on_overflow)
{
	take_long(overflow_loops);
}

SEC("struct_ops.s/detach")
void BPF_PROG(on_detach, const struct taskhold_exit_info *why)
{
	bpf_probe_read_kernel(&info, sizeof(info), why);
	detached++;
}

SEC(".struct_ops.link")
struct taskhold_ops ops = {
	.name = "faulty",
	.admit = (void *)on_admit,
	.exec = (void *)on_exec,
	.exit = (void *)on_exit,
	.finish = (void *)on_finish,
	.overflow = (void *)on_overflow,
	.detach = (void *)on_detach,
};

/* The same, registered without a link. */
SEC(".struct_ops")
struct taskhold_ops unlinked = {
	.name = "unlinked",
	.admit = (void *)on_admit,
	.finish = (void *)on_finish,
	.detach = (void *)on_detach,
};

char LICENSE[] SEC("license") = "GPL";
