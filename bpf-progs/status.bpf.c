// SPDX-License-Identifier: GPL-2.0-only
/*
 * status: reads the module's counters, those of every attached policy, and why
 * others have ended.
 *
 * Run once by `taskhold status` and `taskhold policy` (BPF_PROG_RUN); it is
 * attached to nothing. What the kfuncs returned is kept beside what they filled
 * in: policy_ret[slot] is -ENOENT where no policy is attached in that slot,
 * ended_ret[nth] where not so many have ended.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include <taskhold/types.h>
#include <taskhold/kfuncs.h>

struct taskhold_stats stats;
struct taskhold_policy_stats policies[TASKHOLD_MAX_POLICIES];
int stats_ret;
int policy_ret[TASKHOLD_MAX_POLICIES];
struct taskhold_exit_info ended[TASKHOLD_MAX_ENDED];
int ended_ret[TASKHOLD_MAX_ENDED];

SEC("syscall")
int read_status(void *ctx)
{
	__u32 slot, nth;

	stats_ret = taskhold_stats_read(&stats, sizeof(stats));
	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++)
		policy_ret[slot] = taskhold_policy_stats_read(slot, &policies[slot],
							      sizeof(policies[slot]));
	for (nth = 0; nth < TASKHOLD_MAX_ENDED; nth++)
		ended_ret[nth] = taskhold_exit_info_read(nth, &ended[nth], sizeof(ended[nth]));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
