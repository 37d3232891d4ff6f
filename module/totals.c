// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "totals.h"

/* @path: a reference; the cgroup may have been removed */
struct totals_entry {
	struct hlist_node link;
	struct taskhold_path *path;
	struct taskhold_totals sums;
};

/**
 * taskhold_totals_alloc - make an empty table
 *
 * Context: may sleep.
 *
 * Return: the table, or NULL without memory.
 */
struct taskhold_totals_table *taskhold_totals_alloc(void)
{
	struct taskhold_totals_table *table = kvzalloc(sizeof(*table), GFP_KERNEL);

	if (table)
		raw_spin_lock_init(&table->lock);
	return table;
}

/**
 * taskhold_totals_free - free a table and all its sums
 * @table: a table that nobody else can reach any more, or NULL
 *
 * Context: may sleep.
 */
void taskhold_totals_free(struct taskhold_totals_table *table)
{
	struct totals_entry *entry;
	struct hlist_node *next;
	unsigned int i;

	if (!table)
		return;
	for (i = 0; i < ARRAY_SIZE(table->buckets); i++) {
		hlist_for_each_entry_safe(entry, next, &table->buckets[i], link) {
			taskhold_path_put(entry->path);
			kfree(entry);
		}
	}
	kvfree(table);
}

/**
 * taskhold_totals_bytes - memory of a table
 * @table: a table
 *
 * Context: any.
 *
 * Return: bytes.
 */
size_t taskhold_totals_bytes(const struct taskhold_totals_table *table)
{
	return sizeof(*table) + (size_t)READ_ONCE(table->count) * sizeof(struct totals_entry);
}

static struct totals_entry *entry_find(struct hlist_head *bucket, u64 cgroup_id)
{
	struct totals_entry *entry;

	hlist_for_each_entry(entry, bucket, link) {
		if (entry->sums.cgroup_id == cgroup_id)
			return entry;
	}
	return NULL;
}

static void entry_append(struct hlist_head *bucket, struct totals_entry *entry)
{
	struct hlist_node *last = bucket->first;

	if (!last) {
		hlist_add_head(&entry->link, bucket);
		return;
	}
	while (last->next)
		last = last->next;
	hlist_add_behind(&entry->link, last);
}

static struct hlist_head *bucket_of(struct taskhold_totals_table *table, u64 cgroup_id)
{
	return &table->buckets[hash_64(cgroup_id, TASKHOLD_TOTALS_BITS)];
}

/*
 * Make the sums of @cgroup exist, unless there is no room or no memory.  The
 * lock is not held over the allocation: it is a raw one.
 */
static void entry_make(struct taskhold_totals_table *table, struct taskhold_path *cgroup)
{
	struct hlist_head *bucket = bucket_of(table, cgroup->id);
	struct totals_entry *entry;
	unsigned long flags;

	if (READ_ONCE(table->count) >= TASKHOLD_MAX_TOTALS)
		return;
	entry = kzalloc(sizeof(*entry), GFP_ATOMIC | __GFP_NOWARN);
	if (!entry)
		return;
	entry->sums.cgroup_id = cgroup->id;
	entry->path = taskhold_path_get(cgroup);

	raw_spin_lock_irqsave(&table->lock, flags);
	if (!entry_find(bucket, cgroup->id)) {
		entry_append(bucket, entry);
		WRITE_ONCE(table->count, table->count + 1);
		entry = NULL;
	}
	raw_spin_unlock_irqrestore(&table->lock, flags);
	if (entry) {
		taskhold_path_put(cgroup);
		kfree(entry);
	}
}

/* Sums of @cgroup, or those of id 0; returns with the lock held. */
static struct taskhold_totals *totals_lock(struct taskhold_totals_table *table,
					   struct taskhold_path *cgroup, unsigned long *flags)
	__acquires(table->lock)
{
	struct totals_entry *entry = NULL;

	raw_spin_lock_irqsave(&table->lock, *flags);
	if (!cgroup)
		return &table->other;
	entry = entry_find(bucket_of(table, cgroup->id), cgroup->id);
	if (!entry) {
		raw_spin_unlock_irqrestore(&table->lock, *flags);
		entry_make(table, cgroup);
		raw_spin_lock_irqsave(&table->lock, *flags);
		entry = entry_find(bucket_of(table, cgroup->id), cgroup->id);
	}
	return entry ? &entry->sums : &table->other;
}

static void use_add(struct taskhold_use *use, const struct taskhold_use *more)
{
	use->cpu_ns += more->cpu_ns;
	use->user_ns += more->user_ns;
	use->sys_ns += more->sys_ns;
	use->nvcsw += more->nvcsw;
	use->nivcsw += more->nivcsw;
	use->min_flt += more->min_flt;
	use->maj_flt += more->maj_flt;
	use->rchar += more->rchar;
	use->wchar += more->wchar;
	use->read_bytes += more->read_bytes;
	use->write_bytes += more->write_bytes;
}

/**
 * taskhold_totals_fold - add a finished process to the sums of its cgroup
 * @table: the sums
 * @info: its final numbers
 * @cgroup: its cgroup, which the caller keeps; NULL: not known
 *
 * Context: any but NMI.
 *
 * Return: true, or false if the cgroup has no sums of its own, and the numbers
 * went to those of cgroup id 0.
 */
bool taskhold_totals_fold(struct taskhold_totals_table *table, const struct taskhold_info *info,
			  struct taskhold_path *cgroup)
{
	struct taskhold_totals *sums;
	unsigned long flags;
	bool own;

	sums = totals_lock(table, cgroup, &flags);
	own = sums != &table->other;
	sums->tasks++;
	use_add(&sums->use, &info->use);
	sums->use.cpu_ns -= info->cpu_moved_ns;
	sums->max_rss = max(sums->max_rss, info->max_rss);
	if (!sums->first_ns || info->start_ns < sums->first_ns)
		sums->first_ns = info->start_ns;
	sums->last_ns = max(sums->last_ns, info->exit_ns);
	raw_spin_unlock_irqrestore(&table->lock, flags);

	return own;
}

/**
 * taskhold_totals_move - a process has left a cgroup
 * @table: the sums
 * @cgroup: which, and the caller keeps it; NULL: not known
 * @cpu_ns: CPU time in ns that it used there
 *
 * Context: any but NMI.
 *
 * Return: as taskhold_totals_fold().
 */
bool taskhold_totals_move(struct taskhold_totals_table *table, struct taskhold_path *cgroup,
			  u64 cpu_ns)
{
	struct taskhold_totals *sums;
	unsigned long flags;
	bool own;

	sums = totals_lock(table, cgroup, &flags);
	own = sums != &table->other;
	sums->moved_ns += cpu_ns;
	raw_spin_unlock_irqrestore(&table->lock, flags);

	return own;
}

/**
 * taskhold_totals_copy_path - the path of a cgroup that has sums
 * @table: the sums
 * @cgroup_id: which
 * @out: where to
 * @size: bytes at @out
 *
 * Context: any but NMI.
 *
 * Return: as taskhold_path_copy(); -ENOENT also if it has no sums.
 */
int taskhold_totals_copy_path(struct taskhold_totals_table *table, u64 cgroup_id, char *out,
			      u32 size)
{
	struct totals_entry *entry;
	unsigned long flags;

	raw_spin_lock_irqsave(&table->lock, flags);
	entry = entry_find(bucket_of(table, cgroup_id), cgroup_id);
	raw_spin_unlock_irqrestore(&table->lock, flags);
	/* entries and their paths stay as long as the table, which the caller keeps */
	return taskhold_path_copy(entry ? entry->path : NULL, out, size);
}

/**
 * taskhold_totals_next_entry - read the sums one by one
 * @table: the sums
 * @cursor: 0 to begin; updated
 * @out: the next sums
 *
 * What is added meanwhile may or may not be seen.  The sums of cgroup id 0
 * come last, if there are any.
 *
 * Context: any but NMI.
 *
 * Return: 0, or -ENOENT after the last.
 */
int taskhold_totals_next_entry(struct taskhold_totals_table *table, u64 *cursor,
			       struct taskhold_totals *out)
{
	u32 bucket = upper_32_bits(*cursor), skip = lower_32_bits(*cursor), pos;
	struct totals_entry *entry;
	unsigned long flags;
	int err = -ENOENT;

	raw_spin_lock_irqsave(&table->lock, flags);
	for (; bucket < ARRAY_SIZE(table->buckets); bucket++, skip = 0) {
		pos = 0;
		hlist_for_each_entry(entry, &table->buckets[bucket], link) {
			if (pos++ < skip)
				continue;
			*out = entry->sums;
			*cursor = (u64)bucket << 32 | pos;
			err = 0;
			goto out;
		}
	}
	if (bucket == ARRAY_SIZE(table->buckets) &&
	    (table->other.tasks || table->other.moved_ns)) {
		*out = table->other;
		*cursor = (u64)(bucket + 1) << 32;
		err = 0;
	}
out:
	raw_spin_unlock_irqrestore(&table->lock, flags);
	return err;
}
