// SPDX-License-Identifier: GPL-2.0-only
/* Programs that take the place of functions of replaced.bpf.c, and call kfuncs there. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

struct taskhold_stats stats;
struct taskhold_totals totals;
__u64 cursor;

SEC("freplace/of_perf_event")
int stats_in_perf_event(int a)
{
	return taskhold_stats_read(&stats, sizeof(stats));
}

SEC("freplace/of_perf_event")
int none_in_perf_event(int a)
{
	return stats.records;
}

SEC("freplace/of_syscall")
int totals_in_syscall(int a)
{
	return taskhold_totals_next(0, &cursor, &totals, sizeof(totals));
}

char LICENSE[] SEC("license") = "GPL";
