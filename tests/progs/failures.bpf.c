// SPDX-License-Identifier: GPL-2.0-only
/* The policy that docs/policies.md writes: how many processes have ended with what status. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} by_status SEC(".maps");

SEC("struct_ops/finish")
int BPF_PROG(finish, struct taskhold_rec *rec, struct task_struct *task)
{
	__u32 status = rec->info.exit_code >> 8 & 255;
	__u64 *count = bpf_map_lookup_elem(&by_status, &status);

	if (count)
		__sync_fetch_and_add(count, 1);
	return TASKHOLD_DROP;
}

SEC(".struct_ops.link")
struct taskhold_ops failures = {
	.name = "failures",
	.finish = (void *)finish,
};

char LICENSE[] SEC("license") = "GPL";
