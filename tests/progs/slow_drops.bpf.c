// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the kernel take its time over each reference to one pid that is dropped,
 * and counts them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* in */
int nr;			/* of the pid */

/* out */
__u64 dropped;

static int idle(__u32 i, void *ctx)
{
	return 0;
}

SEC("fentry/put_pid")
int BPF_PROG(on_put_pid, struct pid *pid)
{
	if (!pid || pid->numbers[0].nr != nr)
		return 0;
	bpf_loop(20000, idle, NULL, 0);
	__sync_fetch_and_add(&dropped, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
