// SPDX-License-Identifier: GPL-2.0-only
/* Counts how often the kernel calls the module's destructor of records. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

__u64 calls;

SEC("fentry/taskhold_rec_release_dtor")
int BPF_PROG(on_dtor)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
