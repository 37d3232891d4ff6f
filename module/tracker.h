/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_TRACKER_H
#define _TASKHOLD_TRACKER_H

#include <linux/types.h>

#include <taskhold/ops.h>
#include <taskhold/types.h>

struct cgroup;
struct task_struct;
struct taskhold_rec;

int taskhold_tracker_init(void);

int taskhold_tracker_attach(const struct taskhold_ops *ops);
int taskhold_tracker_update(const struct taskhold_ops *ops, const struct taskhold_ops *old);
void taskhold_tracker_detach(const struct taskhold_ops *ops);

void taskhold_tracker_stats(struct taskhold_stats *stats);
int taskhold_tracker_policy_stats(u32 slot, struct taskhold_policy_stats *stats);
int taskhold_tracker_next_totals(u32 slot, u64 *cursor, struct taskhold_totals *out);
int taskhold_tracker_totals_path(u32 slot, u64 cgroup_id, char *out, u32 size);

/**
 * struct taskhold_cursor - a place among the records
 * @rec: the record of this place, a reference; NULL before the first
 * @policy_id: of the policy whose records are meant
 * @slot: its slot
 * @bucket: of the live index; past the last: among the finished
 * @last: of the record in that bucket, or the next index among the finished
 */
struct taskhold_cursor {
	struct taskhold_rec *rec;
	u64 policy_id;
	u32 slot;
	u32 bucket;
	u64 last;
};

int taskhold_cursor_begin(struct taskhold_cursor *cursor, u32 slot);
struct taskhold_rec *taskhold_cursor_next(struct taskhold_cursor *cursor);
void taskhold_cursor_end(struct taskhold_cursor *cursor);

/* Returns a strong reference to a record, or NULL: */
struct taskhold_rec *taskhold_tracker_find(struct task_struct *task);

#endif /* _TASKHOLD_TRACKER_H */
