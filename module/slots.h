/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_SLOTS_H
#define _TASKHOLD_SLOTS_H

#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "policy.h"

/*
 * The attached policies.  Probes and kfuncs read under rcu_read_lock(); attach,
 * update and detach change it under the tracker's mutex.
 */
extern u8 taskhold_slots_active;
extern u8 taskhold_slots_threads;
extern struct taskhold_policy __rcu *taskhold_slots[TASKHOLD_MAX_POLICIES];

int taskhold_slots_find_free(const struct taskhold_ops *ops, struct mutex *mutex);
struct taskhold_policy *taskhold_slots_find(const struct taskhold_ops *ops, struct mutex *mutex);
int taskhold_slots_find_named(const char *name);
void taskhold_slots_publish(struct taskhold_policy *policy);
void taskhold_slots_unpublish(struct taskhold_policy *policy);
void taskhold_slots_clear(u32 slot);

/**
 * taskhold_slots_mask - bits of the slots in use
 *
 * What the probes look at first.  Who sees a bit sees the tables of records and
 * threads too.
 *
 * Context: any, under rcu_read_lock().
 *
 * Return: the bits.
 */
static inline u8 taskhold_slots_mask(void)
{
	/* pairs with taskhold_slots_publish() */
	return smp_load_acquire(&taskhold_slots_active);
}

/**
 * taskhold_slots_want_threads - has any policy records of threads?
 *
 * Context: any.  Who then looks into the live index does so under
 * rcu_read_lock(), after taskhold_slots_mask() has said that there is one.
 *
 * Return: true if the live index may have some.
 */
static inline bool taskhold_slots_want_threads(void)
{
	return unlikely(READ_ONCE(taskhold_slots_threads));
}

/**
 * taskhold_slots_policy - the policy in a slot
 * @slot: any number
 *
 * Context: any, under rcu_read_lock().
 *
 * Return: the policy or NULL.
 */
static inline struct taskhold_policy *taskhold_slots_policy(u32 slot)
{
	return slot < TASKHOLD_MAX_POLICIES ? rcu_dereference(taskhold_slots[slot]) : NULL;
}

/* The first policy in @bits, or NULL; clears the bits of slots that have none. */
static __always_inline struct taskhold_policy *taskhold_slots_first(unsigned long *bits)
{
	struct taskhold_policy *policy;

	for (; *bits; *bits &= *bits - 1) {
		policy = rcu_dereference(taskhold_slots[__ffs(*bits)]);
		if (policy)
			return policy;
	}
	return NULL;
}

/* The policies in @mask, one after the other; under rcu_read_lock(). */
#define for_each_policy(policy, bits, mask)						\
	for ((bits) = (mask); ((policy) = taskhold_slots_first(&(bits))); (bits) &= (bits) - 1)

#endif /* _TASKHOLD_SLOTS_H */
