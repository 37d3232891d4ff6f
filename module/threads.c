// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which threads a record waits for.
 *
 * A record is final when the last of its process's threads has been freed, so
 * it counts those whose free is still to come (threads_left).  Of a process
 * born under the policy that is all of them.  Of one that is older, those that
 * were on its list are counted in one by one and remembered by address: a
 * thread that had been released by then, but not freed, must not be counted
 * down, and start times alone cannot tell.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "live.h"
#include "slots.h"
#include "threads.h"

/* Threads of multi-threaded processes that are older than a policy. */
#define OLDER_BITS 8

/**
 * struct older_thread - a thread that started before its record was made
 * @node: in the index of these, by the address of the task and the slot
 * @rec: a reference
 * @rcu: to free it
 *
 * Other threads of such a process cannot be told apart by when they started:
 * one that has been released but not yet freed must not be counted, since the
 * record never counted it in.
 */
struct older_thread {
	struct taskhold_index_node node;
	struct taskhold_rec *rec;
	struct rcu_head rcu;
};

static struct taskhold_index older;

/**
 * taskhold_threads_init - make the table
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int taskhold_threads_init(void)
{
	return taskhold_index_init(&older, OLDER_BITS, TASKHOLD_SLOT_BITS);
}

/**
 * taskhold_threads_destroy - free the table, which is empty
 *
 * Context: may sleep; no policy is attached, and who had seen one is done.
 */
void taskhold_threads_destroy(void)
{
	taskhold_index_destroy(&older);
}

/**
 * taskhold_threads_bytes - memory of the table
 *
 * Context: any.
 *
 * Return: bytes.
 */
size_t taskhold_threads_bytes(void)
{
	return taskhold_index_bytes(&older);
}

/*
 * Count a thread that is older than @rec, unless that has been done.  The
 * thread cannot be freed meanwhile: the caller found it on its process's list
 * under rcu_read_lock(), or it has not run yet.
 */
static bool older_insert(struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_policy *policy;
	struct older_thread *thread;

	thread = kmalloc(sizeof(*thread), GFP_ATOMIC | __GFP_NOWARN);
	if (!thread) {
		policy = taskhold_slots_policy(rec->slot);
		if (policy)
			taskhold_policy_lost(policy, rec, TASKHOLD_LOST_NOMEM);
		return false;
	}

	/* who detaches the policy lets go of what a probe has just found */
	if (!taskhold_record_get_not_zero(rec)) {
		kfree(thread);
		return false;
	}
	thread->rec = rec;
	/*
	 * Count first: once it is in the index, a free of the thread that is
	 * not held up by the caller's RCU section counts it down.
	 */
	atomic_inc(&rec->threads_left);
	if (taskhold_index_insert_unique(&older, &thread->node,
					 (unsigned long)task | rec->slot))
		return true;

	atomic_dec(&rec->threads_left);
	taskhold_record_put(rec);
	kfree(thread);
	return false;
}

static void older_free(struct older_thread *thread)
{
	taskhold_record_put(thread->rec);
	kfree_rcu(thread, rcu);
}

static bool older_remove(const struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_index_node *node;

	node = taskhold_index_remove_key(&older, (unsigned long)task | rec->slot);
	if (!node)
		return false;
	older_free(container_of(node, struct older_thread, node));
	return true;
}

/**
 * taskhold_threads_forget - forget the threads of all records of a policy
 * @slot: of the policy, which nobody sees any more
 *
 * Context: may sleep.
 */
void taskhold_threads_forget(u8 slot)
{
	struct taskhold_index_node *node;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < 1U << older.bits; i++) {
		hlist_for_each_entry_rcu(node, &older.buckets[i].head, link) {
			if ((node->key & TASKHOLD_SLOT_MASK) == slot &&
			    taskhold_index_remove(&older, node))
				older_free(container_of(node, struct older_thread, node));
		}
	}
	rcu_read_unlock();
}

/**
 * taskhold_threads_counted - was this thread counted in?
 * @rec: the record of its process
 * @task: the thread, which is about to be freed; forgotten from now on
 *
 * Context: the RCU callback that frees the thread, under rcu_read_lock().
 *
 * Return: true if it is one of those that @rec waits for.
 */
bool taskhold_threads_counted(struct taskhold_rec *rec, struct task_struct *task)
{
	unsigned long flags;
	bool counted;

	if (likely(!rec->since_ns))
		return true;

	raw_spin_lock_irqsave(&rec->lock, flags);
	counted = rec->first == task;
	if (counted)
		rec->first = NULL;
	raw_spin_unlock_irqrestore(&rec->lock, flags);

	/*
	 * A leader is always counted: it was the first when the record was made,
	 * or it was counted when it started and has become the first by exec.  That
	 * exec may have failed afterwards, with the process lost, and nobody was
	 * told; but the start time is the former first thread's since.
	 */
	return older_remove(rec, task) || counted || thread_group_leader(task) ||
	       task->start_boottime >= READ_ONCE(rec->since_ns);
}

/**
 * taskhold_threads_start - a thread has been made
 * @task: the thread, which has not run yet
 *
 * Context: task_newtask, under rcu_read_lock().
 */
void taskhold_threads_start(struct task_struct *task)
{
	struct taskhold_rec *rec;
	unsigned long flags;

	for_each_record(rec, task) {
		/*
		 * A thread that started before the record was in the index may
		 * have been counted by who made the record; one that started
		 * later was not.
		 */
		if (task->start_boottime < READ_ONCE(rec->since_ns))
			older_insert(rec, task);
		else
			atomic_inc(&rec->threads_left);

		raw_spin_lock_irqsave(&rec->lock, flags);
		rec->info.threads++;
		raw_spin_unlock_irqrestore(&rec->lock, flags);
	}
}

/**
 * taskhold_threads_count_older - count the threads of a process that is older
 * @rec: its record, just put into the live index with since_ns at U64_MAX
 * @task: its first thread, which is counted already: that keeps the record
 *	from finishing until the caller's RCU section ends
 *
 * Context: any but NMI, under rcu_read_lock().
 */
void taskhold_threads_count_older(struct taskhold_rec *rec, struct task_struct *task)
{
	struct task_struct *thread;
	u64 now = ktime_get_boottime_ns();
	u32 threads = 0;

	/*
	 * Every thread that starts from now on finds the record.  Of those
	 * before, taskhold_threads_start() puts into the index whom it sees,
	 * and the list has all that are not released: none is missed, and none
	 * is counted twice.
	 */
	WRITE_ONCE(rec->since_ns, now);
	for_each_thread(task, thread) {
		threads++;
		if (thread != task && thread->start_boottime < now && older_insert(rec, thread))
			taskhold_record_count_base(rec, thread);
	}
	/* a thread that starts right now may miss here: info.threads is a count for people */
	WRITE_ONCE(rec->info.threads, max(threads, 1U));
}

/**
 * taskhold_threads_change_first - another thread has become the first, by exec
 * @rec: the record of its process, which is older than it
 * @task: the thread; cannot be freed under the caller
 *
 * The start time that it has now is the former first thread's, so it must be
 * known as the first to be counted when it is freed.  The former first, unless
 * it has been freed already, must be known one by one from now on.  Its free
 * may run on another CPU at this very moment; then it has been counted as the
 * first, and what was done for it here is undone.
 *
 * Context: any but NMI, under rcu_read_lock().
 */
void taskhold_threads_change_first(struct taskhold_rec *rec, struct task_struct *task)
{
	struct task_struct *former;
	unsigned long flags;
	bool inserted = false, freed;

	raw_spin_lock_irqsave(&rec->lock, flags);
	former = rec->first;
	raw_spin_unlock_irqrestore(&rec->lock, flags);
	if (former == task)
		return;

	/* its own place among threads_left stays */
	older_remove(rec, task);
	if (former)
		inserted = older_insert(rec, former);

	raw_spin_lock_irqsave(&rec->lock, flags);
	freed = rec->first != former;
	rec->first = task;
	raw_spin_unlock_irqrestore(&rec->lock, flags);

	if (freed && inserted)
		older_remove(rec, former);
	/*
	 * The former first had one place and got another when it was inserted.
	 * The place of @task keeps the count above 0.
	 */
	if (inserted || (former && !freed))
		atomic_dec(&rec->threads_left);
}
