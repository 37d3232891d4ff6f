// SPDX-License-Identifier: GPL-2.0-only
/* Programs with a function that another program may take the place of. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

__noinline int of_perf_event(int a)
{
	asm volatile("");
	return a;
}

SEC("perf_event")
int in_perf_event(void *ctx)
{
	return of_perf_event(0);
}

__noinline int of_syscall(int a)
{
	asm volatile("");
	return a;
}

SEC("syscall")
int in_syscall(void *ctx)
{
	return of_syscall(0);
}

char LICENSE[] SEC("license") = "GPL";
