// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>
#include <linux/xarray.h>

#include "cursor.h"
#include "live.h"
#include "slots.h"

/**
 * taskhold_cursor_begin - begin to read the records of a policy
 * @cursor: where to keep the place
 * @slot: the policy's slot
 *
 * Context: any.
 *
 * Return: 0, -ENOENT for a slot without policy; in either case the cursor may
 * be moved, and has to be ended.
 */
int taskhold_cursor_begin(struct taskhold_cursor *cursor, u32 slot)
{
	struct taskhold_policy *policy;

	memset(cursor, 0, sizeof(*cursor));
	cursor->slot = slot;
	cursor->last = U64_MAX;

	rcu_read_lock();
	policy = taskhold_slots_policy(slot);
	if (policy)
		cursor->policy_id = policy->id;
	rcu_read_unlock();
	return policy ? 0 : -ENOENT;
}

/*
 * The next record in the cursor's bucket, or in one after: the one with the
 * highest number below the last.  That needs no pointer into the bucket,
 * which changes between two calls.
 */
static struct taskhold_rec *cursor_next_live(struct taskhold_cursor *cursor)
{
	struct taskhold_rec *rec, *best;
	struct taskhold_index_node *node;
	struct hlist_head *head;

	for (; cursor->bucket < 1U << taskhold_live.bits; cursor->bucket++) {
		head = &taskhold_live.buckets[cursor->bucket].head;
		do {
			best = NULL;
			hlist_for_each_entry_rcu(node, head, link) {
				rec = container_of(node, struct taskhold_rec, live);
				if (rec->slot == cursor->slot && rec->info.id < cursor->last &&
				    (!best || rec->info.id > best->info.id))
					best = rec;
			}
			if (!best)
				break;
			cursor->last = best->info.id;
		} while (!taskhold_record_get_not_zero(best));
		if (best)
			return best;
		cursor->last = U64_MAX;
	}
	return NULL;
}

static struct taskhold_rec *cursor_next_kept(struct taskhold_cursor *cursor,
					     struct taskhold_policy *policy)
{
	unsigned long index = cursor->last;
	struct taskhold_rec *rec;

	do {
		rec = xa_find(&policy->kept, &index, ULONG_MAX, XA_PRESENT);
		if (!rec)
			return NULL;
		cursor->last = ++index;
	} while (!taskhold_record_get_not_zero(rec));
	return rec;
}

/**
 * taskhold_cursor_next - the next record of the policy
 * @cursor: the place
 *
 * Running processes first, then finished ones, oldest first.  What comes or
 * finishes meanwhile may be seen, or seen twice, or not be seen.
 *
 * Context: any.
 *
 * Return: a record that is valid until the next call for this cursor, or NULL
 * after the last, or when the policy has been detached.
 */
struct taskhold_rec *taskhold_cursor_next(struct taskhold_cursor *cursor)
{
	struct taskhold_rec *rec = NULL;
	struct taskhold_policy *policy;

	rcu_read_lock();
	policy = taskhold_slots_policy(cursor->slot);
	if (policy && policy->id == cursor->policy_id) {
		if (cursor->bucket < 1U << taskhold_live.bits) {
			rec = cursor_next_live(cursor);
			if (!rec)
				cursor->last = 0;
		}
		if (!rec)
			rec = cursor_next_kept(cursor, policy);
	}
	rcu_read_unlock();

	taskhold_cursor_end(cursor);
	cursor->rec = rec;
	return rec;
}

/**
 * taskhold_cursor_end - let go of the place
 * @cursor: the place
 *
 * Context: any.
 */
void taskhold_cursor_end(struct taskhold_cursor *cursor)
{
	if (cursor->rec)
		taskhold_record_put(cursor->rec);
	cursor->rec = NULL;
}
