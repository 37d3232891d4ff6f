/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_TOTALS_H
#define _TASKHOLD_TOTALS_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include <taskhold/types.h>

#include "path.h"

#define TASKHOLD_TOTALS_BITS 10

/**
 * struct taskhold_totals_table - sums by cgroup, of one policy
 * @lock: protects everything here; innermost lock, taken with interrupts off
 * @buckets: entries by cgroup id, each bucket in the order of their making;
 *	entries go only with the table, so a position in a bucket is a cursor
 * @other: what had no room or no memory for an entry, cgroup_id 0
 * @count: entries
 */
struct taskhold_totals_table {
	raw_spinlock_t lock;
	struct hlist_head buckets[1 << TASKHOLD_TOTALS_BITS];
	struct taskhold_totals other;
	u32 count;
};

struct taskhold_totals_table *taskhold_totals_alloc(void);
void taskhold_totals_free(struct taskhold_totals_table *table);
size_t taskhold_totals_bytes(const struct taskhold_totals_table *table);
bool taskhold_totals_fold(struct taskhold_totals_table *table, const struct taskhold_info *info,
			  struct taskhold_path *cgroup);
bool taskhold_totals_move(struct taskhold_totals_table *table, struct taskhold_path *cgroup,
			  u64 cpu_ns);
int taskhold_totals_copy_path(struct taskhold_totals_table *table, u64 cgroup_id, char *out,
			      u32 size);
int taskhold_totals_next_entry(struct taskhold_totals_table *table, u64 *cursor,
			       struct taskhold_totals *out);

#endif /* _TASKHOLD_TOTALS_H */
