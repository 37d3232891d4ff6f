// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/cli/policy_faults and policy_race: a policy whose companion sends a signal to
 * who pins something first, while that is done.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

const volatile int admit_result;
const volatile int signal = 15;

bool sent;

SEC("fentry/bpf_obj_pin_user")
int BPF_PROG(send_signal)
{
	if (!sent)
		bpf_send_signal(signal);
	sent = true;
	return 0;
}

SEC("struct_ops/admit")
int BPF_PROG(signal_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return admit_result;
}

SEC(".struct_ops.link")
struct taskhold_ops signalled = {
	.name = "signalled",
	.admit = (void *)signal_admit,
};

char LICENSE[] SEC("license") = "GPL";
