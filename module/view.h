/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_VIEW_H
#define _TASKHOLD_VIEW_H

#include <linux/types.h>

#include <taskhold/types.h>

struct task_struct;
struct taskhold_rec;

void taskhold_view_stats(struct taskhold_stats *stats);
int taskhold_view_policy_stats(u32 slot, struct taskhold_policy_stats *stats);
int taskhold_view_next_totals(u32 slot, u64 *cursor, struct taskhold_totals *out);
int taskhold_view_totals_path(u32 slot, u64 cgroup_id, char *out, u32 size);
int taskhold_view_slot(const char *name);

/* Returns a strong reference to a record, or NULL: */
struct taskhold_rec *taskhold_view_find(struct task_struct *task, u8 slots);

#endif /* _TASKHOLD_VIEW_H */
