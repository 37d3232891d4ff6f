// SPDX-License-Identifier: GPL-2.0-only
/* For tests/cli/policy_check: programs that the verifier refuses, beside one that it takes. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

SEC("struct_ops/admit")
int BPF_PROG(no_check, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	if (event == TASKHOLD_EV_EXEC)
		return 1;
	return parent->tgid == 1; /* no check of parent */
}

SEC("struct_ops/exit")
void BPF_PROG(good, struct taskhold_rec *rec, struct task_struct *task)
{
}

SEC("struct_ops/exec")
void BPF_PROG(leak, struct taskhold_rec *rec, struct task_struct *task)
{
	taskhold_rec_acquire(rec); /* never released */
}

SEC(".struct_ops.link")
struct taskhold_ops refused = {
	.name = "refused",
	.admit = (void *)no_check,
	.exec = (void *)leak,
	.exit = (void *)good,
};

char LICENSE[] SEC("license") = "GPL";
