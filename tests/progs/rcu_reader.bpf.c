// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run is one RCU read-side section of a time: what waits for a grace period waits
 * for its end.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define READ_NS	300000000ULL

static int nothing(__u32 i, void *ctx)
{
	return 0;
}

static int until_end(__u32 i, __u64 *end_ns)
{
	bpf_loop(1 << 10, nothing, NULL, 0);
	return bpf_ktime_get_ns() >= *end_ns;
}

SEC("tc")
int read_long(struct __sk_buff *skb)
{
	__u64 end_ns = bpf_ktime_get_ns() + READ_NS;

	bpf_loop(1 << 23, until_end, &end_ns, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
