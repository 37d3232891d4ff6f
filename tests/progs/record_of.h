/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of a process by its number. Include after taskhold.bpf.h. */
#ifndef _TASKHOLD_TESTS_RECORD_OF_BPF_H
#define _TASKHOLD_TESTS_RECORD_OF_BPF_H

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;

/* NULL if there is none; else a reference, which the caller puts or releases. */
static __always_inline struct taskhold_rec *record_of(s32 pid)
{
	struct task_struct *task = bpf_task_from_pid(pid);
	struct taskhold_rec *rec;

	if (!task)
		return NULL;
	rec = taskhold_rec_lookup(task);
	bpf_task_release(task);
	return rec;
}

#endif /* _TASKHOLD_TESTS_RECORD_OF_BPF_H */
