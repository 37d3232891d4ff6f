/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prototypes of the module's kfuncs, for the module and for BPF programs.
 * Their kernel-doc stands with the bodies in module/kfuncs/.
 */
#ifndef _TASKHOLD_KFUNCS_H
#define _TASKHOLD_KFUNCS_H

#include "types.h"

#ifdef __bpf__
#define TASKHOLD_KFUNC __ksym __weak
#else
#define TASKHOLD_KFUNC
#endif

struct cgroup;
struct file;
struct pid;
struct task_struct;
struct taskhold_rec;

/* Opaque state of the open-coded iterator, on the BPF program's stack. */
struct bpf_iter_taskhold_rec {
	__u64 __opaque[6];
};

/* Records: TRACING, SYSCALL, STRUCT_OPS. */
extern struct taskhold_rec *taskhold_rec_acquire(struct taskhold_rec *rec) TASKHOLD_KFUNC;
extern void taskhold_rec_release(struct taskhold_rec *rec) TASKHOLD_KFUNC;
extern struct taskhold_rec *taskhold_rec_lookup(struct task_struct *task) TASKHOLD_KFUNC;
extern struct taskhold_rec *taskhold_rec_lookup_in(struct task_struct *task,
						   __u32 slot) TASKHOLD_KFUNC;
extern int taskhold_rec_snapshot(struct taskhold_rec *rec, void *out, __u32 out__sz,
				 __u64 flags) TASKHOLD_KFUNC;
extern int taskhold_rec_cgroup_path(struct taskhold_rec *rec, void *out,
				    __u32 out__sz) TASKHOLD_KFUNC;
extern int taskhold_rec_exe_path(struct taskhold_rec *rec, void *out, __u32 out__sz) TASKHOLD_KFUNC;
extern struct task_struct *taskhold_rec_task(struct taskhold_rec *rec) TASKHOLD_KFUNC;

/* Tasks and cgroups. */
extern int taskhold_task_in_cgroup(struct task_struct *task, __u64 id) TASKHOLD_KFUNC;
extern __u64 taskhold_cgroup_cpu(struct cgroup *cgrp) TASKHOLD_KFUNC;

/*
 * Only on a kernel with the patches of kernel/patches: see taskhold_has(). What
 * is called slot is the address of a referenced kptr in a map value.
 */
extern struct taskhold_rec *taskhold_rec_kptr_get(struct taskhold_rec **slot) TASKHOLD_KFUNC;
extern struct task_struct *taskhold_task_acquire(struct task_struct *task) TASKHOLD_KFUNC;
extern void taskhold_task_release(struct task_struct *task) TASKHOLD_KFUNC;
extern struct task_struct *taskhold_task_kptr_get(struct task_struct **slot) TASKHOLD_KFUNC;
extern struct pid *taskhold_pid_of_task(struct task_struct *task) TASKHOLD_KFUNC;
extern struct pid *taskhold_pid_acquire(struct pid *pid) TASKHOLD_KFUNC;
extern void taskhold_pid_release(struct pid *pid) TASKHOLD_KFUNC;
extern struct pid *taskhold_pid_kptr_get(struct pid **slot) TASKHOLD_KFUNC;
extern __u32 taskhold_pid_number(struct pid *pid) TASKHOLD_KFUNC;
extern struct file *taskhold_file_of_fd(__u32 fd) TASKHOLD_KFUNC;
extern struct file *taskhold_file_acquire(struct file *file) TASKHOLD_KFUNC;
extern void taskhold_file_release(struct file *file) TASKHOLD_KFUNC;
extern struct file *taskhold_file_kptr_get(struct file **slot) TASKHOLD_KFUNC;
extern __u64 taskhold_file_refs(struct file *file) TASKHOLD_KFUNC;

/* Iterators and counters. */
extern int bpf_iter_taskhold_rec_new(struct bpf_iter_taskhold_rec *it, __u32 slot,
				     __u32 flags) TASKHOLD_KFUNC;
extern struct taskhold_rec *
bpf_iter_taskhold_rec_next(struct bpf_iter_taskhold_rec *it) TASKHOLD_KFUNC;
extern void bpf_iter_taskhold_rec_destroy(struct bpf_iter_taskhold_rec *it) TASKHOLD_KFUNC;
extern int taskhold_totals_next(__u32 slot, __u64 *cursor, void *out, __u32 out__sz) TASKHOLD_KFUNC;
extern int taskhold_totals_path(__u32 slot, __u64 cgroup_id, void *out,
				__u32 out__sz) TASKHOLD_KFUNC;
extern int taskhold_stats_read(void *out, __u32 out__sz) TASKHOLD_KFUNC;
extern int taskhold_policy_stats_read(__u32 slot, void *out, __u32 out__sz) TASKHOLD_KFUNC;
extern int taskhold_policy_slot(const char *name__str) TASKHOLD_KFUNC;
extern int taskhold_exit_info_read(__u32 nth, void *out, __u32 out__sz) TASKHOLD_KFUNC;
extern int taskhold_settle(void) TASKHOLD_KFUNC;

#endif /* _TASKHOLD_KFUNCS_H */
