// SPDX-License-Identifier: GPL-2.0-only
/* For holders_test: a program that calls a kfunc of the module, and one that does not. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include <taskhold/kfuncs.h>

struct taskhold_stats stats;

SEC("syscall")
int calls(void *ctx)
{
	return taskhold_stats_read(&stats, sizeof(stats));
}

SEC("syscall")
int calls_not(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
