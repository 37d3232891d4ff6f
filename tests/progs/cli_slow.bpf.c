// SPDX-License-Identifier: GPL-2.0-only
/* For tests/cli/policy_attach: a policy whose exit() lasts as long as it is told. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

const volatile __u32 exit_ms;

static int nothing(__u32 i, void *ctx)
{
	return 0;
}

static int until_then(__u32 i, __u64 *end)
{
	bpf_loop(1 << 10, nothing, NULL, 0);
	return bpf_ktime_get_ns() > *end;
}

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return (event & TASKHOLD_EV_KIND) == TASKHOLD_EV_FORK;
}

SEC("struct_ops/exit")
void BPF_PROG(on_exit)
{
	__u64 end = bpf_ktime_get_ns() + exit_ms * 1000000ULL;

	bpf_loop(1 << 23, until_then, &end, 0);
}

SEC(".struct_ops.link")
struct taskhold_ops slow = {
	.name = "cli-slow",
	.admit = (void *)on_admit,
	.exit = (void *)on_exit,
};

char LICENSE[] SEC("license") = "GPL";
