// SPDX-License-Identifier: GPL-2.0-only
/* Counts how often the kernel calls the module's destructor of records, and from where. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#define SOFTIRQ_MASK	0xff00	/* include/linux/preempt.h */

/* The count is in the one until 6.14, and by itself since. */
extern const struct pcpu_hot pcpu_hot __ksym __weak;
extern const int __preempt_count __ksym __weak;

__u64 calls;
__u64 in_bh;	/* of these, where nothing may sleep: callbacks of RCU are called so */
char outside_bh[16];	/* who it was that called otherwise, the last time */
bool blind;	/* nobody knows where the kernel counts */

static int preempt_count(void)
{
	if (bpf_ksym_exists(&pcpu_hot))
		return ((const struct pcpu_hot *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count;
	if (bpf_ksym_exists(&__preempt_count))
		return *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	blind = true;
	return 0;
}

SEC("fentry/taskhold_rec_release_dtor")
int BPF_PROG(on_dtor)
{
	__sync_fetch_and_add(&calls, 1);
	if (preempt_count() & SOFTIRQ_MASK)
		__sync_fetch_and_add(&in_bh, 1);
	else
		bpf_get_current_comm(outside_bh, sizeof(outside_bh));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
