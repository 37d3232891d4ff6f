// SPDX-License-Identifier: GPL-2.0-only
/* For tests/cli/policy_update and policy_race: a policy without companions. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

SEC("struct_ops/admit")
int BPF_PROG(plain_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC(".struct_ops.link")
struct taskhold_ops plain = {
	.name = "plain",
	.admit = (void *)plain_admit,
};

char LICENSE[] SEC("license") = "GPL";
