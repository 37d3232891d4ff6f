// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workqueues of maps that have none. Not for a kernel without the patches of
 * kernel/patches: its verifier follows a pointer that is NULL.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "expect.h"

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;

struct held {
	struct bpf_wq work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct plain {
	__u64 data[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct plain);
} plain SEC(".maps");

static const __u32 zero;

SEC("syscall")
__why("a workqueue is not made in a value that has nothing but numbers")
__failure __msg("map 'plain' has no valid bpf_wq")
int in_numbers(void *ctx)
{
	struct plain *v = bpf_map_lookup_elem(&plain, &zero);

	if (v)
		bpf_wq_init((void *)v, &plain, 0);
	return 0;
}

SEC("syscall")
__why("nor for a map of such values")
__failure __msg("doesn't match map pointer in R2")
int for_numbers(void *ctx)
{
	struct held *v = bpf_map_lookup_elem(&array, &zero);

	if (v)
		bpf_wq_init(&v->work, &plain, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
