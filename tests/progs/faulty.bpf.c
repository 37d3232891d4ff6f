// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy that is at fault when it is told to be: it returns what it may not, or
 * one of its calls takes long. It says nothing wrong until `faulty` is set.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

/* in; may be changed while it is attached */
__s32 root_pid; /* its children are held; 0: everything is */
__u32 only_event; /* what admit is at fault for, with which alone anything is held; 0: all */
bool faulty;
int admit_result = 1;
int finish_result;
__u32 admit_ms, exec_ms, exit_ms, finish_ms, overflow_ms; /* what a call takes */
int stop; /* not 0: ends a call that takes long */

/* out */
__u32 calls;		/* of all members but attach and detach */
int inside;		/* those that take long and are under way */
int long_calls;		/* that take long, ever */
__u64 begun_ns[8], ended_ns[8]; /* of the first of these */
__u32 detached;		/* calls of detach */
struct taskhold_exit_info info; /* what it was told */

static int nothing(__u32 i, void *ctx)
{
	return 0;
}

/* Until a time, or until it is told to stop. */
static int nothing_until(__u32 i, __u64 *end_ns)
{
	bpf_loop(1 << 10, nothing, NULL, 0);
	return stop || bpf_ktime_get_ns() >= *end_ns;
}

static void take_long(__u32 ms)
{
	__u64 end_ns;
	int nth;

	__sync_fetch_and_add(&calls, 1);
	if (!faulty || !ms)
		return;
	nth = __sync_fetch_and_add(&long_calls, 1);
	end_ns = bpf_ktime_get_ns();
	if (nth >= 0 && nth < 8)
		begun_ns[nth] = end_ns;
	end_ns += ms * 1000000ULL;
	__sync_fetch_and_add(&inside, 1);
	bpf_loop(1 << 23, nothing_until, &end_ns, 0);
	__sync_fetch_and_add(&inside, -1);
	if (nth >= 0 && nth < 8)
		ended_ns[nth] = bpf_ktime_get_ns();
}

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task, struct task_struct *unused, __u32 event)
{
	struct task_struct *parent = task->real_parent;

	if (root_pid && (!parent || parent->tgid != root_pid))
		return 0;
	if (only_event && (event & TASKHOLD_EV_KIND) != only_event)
		return 0;
	take_long(admit_ms);
	return faulty ? admit_result : 1;
}

SEC("struct_ops/exec")
void BPF_PROG(on_exec)
{
	take_long(exec_ms);
}

SEC("struct_ops/exit")
void BPF_PROG(on_exit)
{
	take_long(exit_ms);
}

SEC("struct_ops/finish")
int BPF_PROG(on_finish)
{
	take_long(finish_ms);
	return faulty ? finish_result : TASKHOLD_KEEP;
}

SEC("struct_ops/overflow")
void BPF_PROG(on_overflow)
{
	take_long(overflow_ms);
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
