/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_LIVE_H
#define _TASKHOLD_LIVE_H

#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "index.h"
#include "record.h"

/* Low bits of an address, where a key has the slot. */
#define TASKHOLD_SLOT_BITS 3
#define TASKHOLD_SLOT_MASK ((1UL << TASKHOLD_SLOT_BITS) - 1)
static_assert(TASKHOLD_MAX_POLICIES <= 1 << TASKHOLD_SLOT_BITS);

/*
 * Records of running processes by signal_struct and slot, and those of single
 * threads by task_struct and slot: no address is both.  The table exists
 * while a policy is attached; probes and kfuncs may use it when they have seen
 * a bit of taskhold_slots_mask() or a policy, under rcu_read_lock().
 */
extern struct taskhold_index taskhold_live;

int taskhold_live_init(void);
void taskhold_live_destroy(void);
u64 taskhold_live_count(void);
bool taskhold_live_insert(struct taskhold_rec *rec, const struct task_struct *task);
bool taskhold_live_remove(struct taskhold_rec *rec);
void taskhold_live_forget(u8 slot);

/**
 * taskhold_live_find - the record that a policy has of a process
 * @task: a thread of it
 * @slot: of the policy
 *
 * Context: any, under rcu_read_lock().
 *
 * Return: the record or NULL.
 */
static inline struct taskhold_rec *taskhold_live_find(const struct task_struct *task, u8 slot)
{
	struct taskhold_index_node *node;

	node = taskhold_index_find(&taskhold_live, (unsigned long)task->signal | slot);
	return node ? container_of(node, struct taskhold_rec, live) : NULL;
}

/**
 * taskhold_live_find_thread - the record that a policy has of a thread
 * @task: the thread
 * @slot: of the policy
 *
 * Context: any, under rcu_read_lock().
 *
 * Return: the record or NULL.
 */
static inline struct taskhold_rec *taskhold_live_find_thread(const struct task_struct *task,
							     u8 slot)
{
	struct taskhold_index_node *node;

	node = taskhold_index_find(&taskhold_live, (unsigned long)task | slot);
	return node ? container_of(node, struct taskhold_rec, live) : NULL;
}

/* The first record of @of from @link on, in the chain of its bucket. */
static __always_inline struct taskhold_rec *taskhold_live_from(struct hlist_node *link,
							       unsigned long of)
{
	struct taskhold_index_node *node;

	for (; link; link = rcu_dereference(hlist_next_rcu(link))) {
		node = hlist_entry(link, struct taskhold_index_node, link);
		if ((node->key & ~TASKHOLD_SLOT_MASK) == of)
			return container_of(node, struct taskhold_rec, live);
	}
	return NULL;
}

static __always_inline struct taskhold_rec *taskhold_live_first(unsigned long of)
{
	return taskhold_live_from(taskhold_index_first(&taskhold_live, of), of);
}

static __always_inline struct taskhold_rec *taskhold_live_next(struct taskhold_rec *rec,
							       unsigned long of)
{
	return taskhold_live_from(rcu_dereference(hlist_next_rcu(&rec->live.link)), of);
}

/*
 * All records of the process of @task, one a policy; under rcu_read_lock().
 * The one at hand may be taken out of the index meanwhile.
 */
#define for_each_record(rec, task)							\
	for ((rec) = taskhold_live_first((unsigned long)(task)->signal);		\
	     (rec);									\
	     (rec) = taskhold_live_next(rec, (unsigned long)(task)->signal))

/* All records of @task as a thread, likewise. */
#define for_each_thread_record(rec, task)						\
	for ((rec) = taskhold_live_first((unsigned long)(task));			\
	     (rec);									\
	     (rec) = taskhold_live_next(rec, (unsigned long)(task)))

#endif /* _TASKHOLD_LIVE_H */
