// SPDX-License-Identifier: GPL-2.0-only
/* For holders_test: two policies that call no kfunc, one for a link. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <taskhold/ops.h>

SEC("struct_ops/admit")
int BPF_PROG(admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC(".struct_ops.link")
struct taskhold_ops by_link = {
	.admit = (void *)admit,
	.name = "holders-link",
};

SEC("struct_ops/admit")
int BPF_PROG(admit_too, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return 0;
}

SEC(".struct_ops")
struct taskhold_ops by_itself = {
	.admit = (void *)admit_too,
	.name = "holders-itself",
};

char LICENSE[] SEC("license") = "GPL";
