// SPDX-License-Identifier: GPL-2.0-only
/* For tests/bpftool: implements the struct_ops type of testmod_ops. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* As the module has it; the kernel's own BTF does not. */
struct testmod_ops {
	int (*count)(struct task_struct *task, __u64 number);
	__u16 flags;
	char label[16];
};

SEC("struct_ops")
int BPF_PROG(count, struct task_struct *task, __u64 number)
{
	return 1;
}

SEC(".struct_ops.link")
struct testmod_ops policy = {
	.count = (void *)count,
	.flags = 0x1234,
	.label = "second",
};

char LICENSE[] SEC("license") = "GPL";
