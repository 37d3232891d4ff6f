// SPDX-License-Identifier: GPL-2.0-only
/* The callback of a timer, which must not sleep, calls what does. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#define CLOCK_MONOTONIC	1
#define UNTOUCHED	1

struct with_timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct with_timer);
} timers SEC(".maps");

int settled = UNTOUCHED;	/* what it returned in the callback */

static int expired(void *map, __u32 *key, struct with_timer *value)
{
	settled = taskhold_settle();
	return 0;
}

SEC("syscall")
int start(void *ctx)
{
	struct with_timer *value;
	__u32 zero = 0;

	value = bpf_map_lookup_elem(&timers, &zero);
	if (!value)
		return -1;
	if (bpf_timer_init(&value->timer, &timers, CLOCK_MONOTONIC) ||
	    bpf_timer_set_callback(&value->timer, expired))
		return -2;
	return bpf_timer_start(&value->timer, 0, 0);
}

char LICENSE[] SEC("license") = "GPL";
