// SPDX-License-Identifier: GPL-2.0-only
/* For tests/cli/policy_update: three policies with one companion. They hold nobody. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

SEC("tp_btf/sched_process_exec")
int BPF_PROG(count_shared)
{
	return 0;
}

SEC(".struct_ops.link")
struct taskhold_ops left = {
	.name = "left",
	.max_held = 1,
};

SEC(".struct_ops.link")
struct taskhold_ops middle = {
	.name = "middle",
	.max_held = 1,
};

SEC(".struct_ops.link")
struct taskhold_ops right = {
	.name = "right",
	.max_held = 1,
};

char LICENSE[] SEC("license") = "GPL";
