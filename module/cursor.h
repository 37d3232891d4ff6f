/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_CURSOR_H
#define _TASKHOLD_CURSOR_H

#include <linux/types.h>

struct taskhold_rec;

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

#endif /* _TASKHOLD_CURSOR_H */
