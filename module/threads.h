/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_THREADS_H
#define _TASKHOLD_THREADS_H

#include <linux/types.h>

struct task_struct;
struct taskhold_rec;

int taskhold_threads_init(void);
void taskhold_threads_destroy(void);
size_t taskhold_threads_bytes(void);
void taskhold_threads_start(struct task_struct *task);
void taskhold_threads_count_older(struct taskhold_rec *rec, struct task_struct *task);
void taskhold_threads_change_first(struct taskhold_rec *rec, struct task_struct *task);
bool taskhold_threads_counted(struct taskhold_rec *rec, struct task_struct *task);
void taskhold_threads_forget(u8 slot);

#endif /* _TASKHOLD_THREADS_H */
