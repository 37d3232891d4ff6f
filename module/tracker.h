/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_TRACKER_H
#define _TASKHOLD_TRACKER_H

#include <linux/types.h>

#include <taskhold/ops.h>
#include <taskhold/types.h>

struct bpf_link;
struct cgroup;
struct task_struct;
struct taskhold_rec;

int taskhold_tracker_init(void);

int taskhold_tracker_attach(const struct taskhold_ops *ops, struct bpf_link *link);
int taskhold_tracker_update(const struct taskhold_ops *ops, const struct taskhold_ops *old);
void taskhold_tracker_detach(const struct taskhold_ops *ops);
int taskhold_tracker_detach_named(const char *name);
void taskhold_tracker_end_faulty(void);

void taskhold_tracker_stats(struct taskhold_stats *stats);
int taskhold_tracker_policy_stats(u32 slot, struct taskhold_policy_stats *stats);
int taskhold_tracker_next_totals(u32 slot, u64 *cursor, struct taskhold_totals *out);
int taskhold_tracker_totals_path(u32 slot, u64 cgroup_id, char *out, u32 size);

/* Returns a strong reference to a record, or NULL: */
struct taskhold_rec *taskhold_tracker_find(struct task_struct *task, u8 slots);

#endif /* _TASKHOLD_TRACKER_H */
