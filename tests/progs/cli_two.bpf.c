// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/cli/policy_*: two policies, one of which asks for no link, an optional one,
 * and a struct_ops map of another type. They hold nobody.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

SEC("struct_ops/admit")
int BPF_PROG(first_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC("struct_ops/admit")
int BPF_PROG(second_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC("struct_ops/admit")
int BPF_PROG(third_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC("struct_ops")
__u32 BPF_PROG(window, struct sock *sk)
{
	return 2;
}

SEC("struct_ops")
void BPF_PROG(keep_window, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC(".struct_ops.link")
struct taskhold_ops first = {
	.name = "first",
	.admit = (void *)first_admit,
};

SEC(".struct_ops")
struct taskhold_ops second = {
	.name = "second",
	.admit = (void *)second_admit,
	.max_held = 7,
};

SEC("?.struct_ops.link")
struct taskhold_ops third = {
	.name = "third",
	.admit = (void *)third_admit,
};

SEC(".struct_ops.link")
struct tcp_congestion_ops other = {
	.ssthresh = (void *)window,
	.cong_avoid = (void *)keep_window,
	.undo_cwnd = (void *)window,
	.name = "th_cli_other",
};

char LICENSE[] SEC("license") = "GPL";
