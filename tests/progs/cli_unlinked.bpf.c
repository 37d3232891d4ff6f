// SPDX-License-Identifier: GPL-2.0-only
/* For tests/cli/policy_race: a policy that libbpf attaches without a link. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

SEC("struct_ops/admit")
int BPF_PROG(unlinked_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC(".struct_ops")
struct taskhold_ops unlinked = {
	.name = "unlinked",
	.admit = (void *)unlinked_admit,
};

char LICENSE[] SEC("license") = "GPL";
