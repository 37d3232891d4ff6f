/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_THREAD_RECORD_H
#define _TASKHOLD_THREAD_RECORD_H

#include <linux/types.h>

struct cgroup;
struct task_struct;
struct taskhold_policy;
struct taskhold_rec;

/* Events; all of them under rcu_read_lock(). */
void taskhold_thread_record_start(struct task_struct *task);
void taskhold_thread_record_hold_older(struct taskhold_policy *policy,
				       const struct taskhold_rec *process_rec,
				       struct task_struct *task);
void taskhold_thread_record_exec(struct task_struct *task);
void taskhold_thread_record_exit(struct task_struct *task);
void taskhold_thread_record_free(struct task_struct *task);
void taskhold_thread_record_move(struct cgroup *dst, struct task_struct *task, bool threadgroup);

#endif /* _TASKHOLD_THREAD_RECORD_H */
