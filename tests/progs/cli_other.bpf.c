// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/cli/policy_update: what takes the place of the policy of cli_policy.bpf.c,
 * with a companion of another name, and optional policies that cannot.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

__u64 admitted;

SEC("struct_ops/admit")
int BPF_PROG(other_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	__sync_fetch_and_add(&admitted, 1);
	return (event & TASKHOLD_EV_KIND) == TASKHOLD_EV_FORK;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(count_exit)
{
	return 0;
}

SEC(".struct_ops.link")
struct taskhold_ops other = {
	.name = "built-in",
	.admit = (void *)other_admit,
	.max_held = 500,
};

SEC("?.struct_ops.link")
struct taskhold_ops threads = {
	.name = "built-in",
	.admit = (void *)other_admit,
	.flags = TASKHOLD_POLICY_THREADS,
};

SEC("?.struct_ops.link")
struct taskhold_ops too_many = {
	.name = "built-in",
	.admit = (void *)other_admit,
	.max_held = TASKHOLD_MAX_HELD + 1,
};

char LICENSE[] SEC("license") = "GPL";
