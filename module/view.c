// SPDX-License-Identifier: GPL-2.0-only
/* What can be asked of the module, and of its policies. */
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "live.h"
#include "policy.h"
#include "pool.h"
#include "record.h"
#include "slots.h"
#include "threads.h"
#include "tracker.h"
#include "view.h"

/**
 * taskhold_view_stats - counters of the module
 * @stats: where to
 *
 * Context: any.
 */
void taskhold_view_stats(struct taskhold_stats *stats)
{
	struct taskhold_policy *policy;
	unsigned long bits;
	u8 mask;

	memset(stats, 0, sizeof(*stats));
	stats->records = taskhold_record_count();
	stats->live = taskhold_live_count();
	stats->held_total = taskhold_record_total();
	stats->finished_total = taskhold_tracker_finished();
	taskhold_path_usage(&stats->paths, &stats->path_bytes);
	stats->bytes = stats->path_bytes + stats->records * sizeof(struct taskhold_rec) +
		       taskhold_pool_kept();

	rcu_read_lock();
	mask = taskhold_slots_mask();
	for_each_policy(policy, bits, mask) {
		stats->policies++;
		stats->bytes += taskhold_policy_bytes(policy);
	}
	if (stats->policies)
		stats->bytes += taskhold_index_bytes(&taskhold_live) + taskhold_threads_bytes();
	rcu_read_unlock();
}

/**
 * taskhold_view_policy_stats - counters of a policy
 * @slot: its slot
 * @stats: where to
 *
 * Context: any.
 *
 * Return: 0, -ENOENT for a slot without policy.
 */
int taskhold_view_policy_stats(u32 slot, struct taskhold_policy_stats *stats)
{
	struct taskhold_policy *policy;

	rcu_read_lock();
	policy = taskhold_slots_policy(slot);
	if (policy)
		taskhold_policy_stats(policy, stats);
	rcu_read_unlock();
	return policy ? 0 : -ENOENT;
}

/**
 * taskhold_view_next_totals - read a policy's sums by cgroup one by one
 * @slot: its slot
 * @cursor: 0 to begin; updated
 * @out: the next sums
 *
 * Context: any but NMI.
 *
 * Return: 0, -ENOENT after the last or for a slot without policy.
 */
int taskhold_view_next_totals(u32 slot, u64 *cursor, struct taskhold_totals *out)
{
	struct taskhold_policy *policy;
	int err = -ENOENT;

	rcu_read_lock();
	policy = taskhold_slots_policy(slot);
	if (policy)
		err = taskhold_totals_next_entry(policy->totals, cursor, out);
	rcu_read_unlock();
	return err;
}

/**
 * taskhold_view_totals_path - path of a cgroup that a policy has sums of
 * @slot: the policy's slot
 * @cgroup_id: which
 * @out: where to
 * @size: bytes at @out
 *
 * Context: any but NMI.
 *
 * Return: as taskhold_path_copy(); -ENOENT also without policy or sums.
 */
int taskhold_view_totals_path(u32 slot, u64 cgroup_id, char *out, u32 size)
{
	struct taskhold_policy *policy;
	int ret = -ENOENT;

	rcu_read_lock();
	policy = taskhold_slots_policy(slot);
	if (policy)
		ret = taskhold_totals_copy_path(policy->totals, cgroup_id, out, size);
	rcu_read_unlock();
	return ret;
}

/**
 * taskhold_view_find - the record of a running process
 * @task: any of its threads
 * @slots: bits of the policies whose record will do
 *
 * Context: any.
 *
 * Return: a strong reference, or NULL if none of the policies holds it; if several
 * do, the record of the one in the lowest slot.
 */
struct taskhold_rec *taskhold_view_find(struct task_struct *task, u8 slots)
{
	struct taskhold_rec *rec, *found = NULL;

	rcu_read_lock();
	if (!taskhold_slots_mask())
		goto out;
	for_each_record(rec, task) {
		if (slots & 1U << rec->slot && (!found || rec->slot < found->slot))
			found = rec;
	}
	if (found)
		found = taskhold_record_get_not_zero(found);
out:
	rcu_read_unlock();
	return found;
}

/**
 * taskhold_view_slot - the slot of an attached policy
 * @name: its name, NUL-terminated
 *
 * Context: any.
 *
 * Return: the slot, -ENOENT if no policy of this name is attached.
 */
int taskhold_view_slot(const char *name)
{
	int slot;

	rcu_read_lock();
	slot = taskhold_slots_find_named(name);
	rcu_read_unlock();
	return slot;
}
