// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/rcupdate_wait.h>

#include "live.h"

/* Running processes: some hundreds, or some 10,000 with a few in each bucket. */
#define LIVE_BITS 11

struct taskhold_index taskhold_live;
static atomic64_t live_count = ATOMIC64_INIT(0);

/**
 * taskhold_live_init - make the table
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int taskhold_live_init(void)
{
	return taskhold_index_init(&taskhold_live, LIVE_BITS, TASKHOLD_SLOT_BITS);
}

/**
 * taskhold_live_destroy - free the table, which is empty
 *
 * Context: may sleep; no policy is attached, and who had seen one is done.
 */
void taskhold_live_destroy(void)
{
	taskhold_index_destroy(&taskhold_live);
}

/**
 * taskhold_live_count - records of running processes
 *
 * Context: any.
 *
 * Return: their number.
 */
u64 taskhold_live_count(void)
{
	return atomic64_read(&live_count);
}

/**
 * taskhold_live_insert - let a record be found
 * @rec: the record; its first reference is the table's from now on
 * @task: a thread of its process; for the record of a thread, that thread
 *
 * Context: any but NMI.
 *
 * Return: false if the policy has such a record already.
 */
bool taskhold_live_insert(struct taskhold_rec *rec, const struct task_struct *task)
{
	bool is_thread = taskhold_record_is_thread(rec);
	unsigned long key = is_thread ? (unsigned long)task : (unsigned long)task->signal;

	if (!taskhold_index_insert_unique(&taskhold_live, &rec->live, key | rec->slot))
		return false;
	if (!is_thread)
		atomic64_inc(&live_count);
	return true;
}

/**
 * taskhold_live_remove - let a record be found no more
 * @rec: the record
 *
 * Context: any but NMI.
 *
 * Return: true for the one caller that took it out, to whom the table's
 * reference goes.
 */
bool taskhold_live_remove(struct taskhold_rec *rec)
{
	if (!taskhold_index_remove(&taskhold_live, &rec->live))
		return false;
	if (!taskhold_record_is_thread(rec))
		atomic64_dec(&live_count);
	return true;
}

/**
 * taskhold_live_forget - let go of all records that a policy has here
 * @slot: of the policy, which nobody sees any more
 *
 * The probes still run, and free the tasks of those not forgotten yet.
 *
 * Context: may sleep.
 */
void taskhold_live_forget(u8 slot)
{
	struct taskhold_index_node *node;
	struct taskhold_rec *rec;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < 1U << taskhold_live.bits; i++) {
		hlist_for_each_entry_rcu(node, &taskhold_live.buckets[i].head, link) {
			rec = container_of(node, struct taskhold_rec, live);
			if (rec->slot != slot)
				continue;
			/* before nobody can find it, and tell it that its task is freed */
			taskhold_record_take_out(rec);
			if (taskhold_live_remove(rec))
				taskhold_record_put(rec);
		}
		cond_resched_rcu();
	}
	rcu_read_unlock();
}
