// SPDX-License-Identifier: GPL-2.0-only
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "slots.h"

u8 taskhold_slots_active;
u8 taskhold_slots_threads;	/* of these, with TASKHOLD_POLICY_THREADS */
struct taskhold_policy __rcu *taskhold_slots[TASKHOLD_MAX_POLICIES];

/**
 * taskhold_slots_find_free - a slot for a new policy
 * @ops: its members
 * @mutex: held by the caller
 *
 * Context: may sleep.
 *
 * Return: the slot; -EEXIST if a policy of this name is attached, -EBUSY if all
 * slots are taken.
 */
int taskhold_slots_find_free(const struct taskhold_ops *ops, struct mutex *mutex)
{
	struct taskhold_policy *policy;
	int slot, free = -EBUSY;

	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		policy = rcu_dereference_protected(taskhold_slots[slot], lockdep_is_held(mutex));
		if (!policy)
			free = free < 0 ? slot : free;
		else if (!strncmp(policy->name, ops->name, sizeof(policy->name)))
			return -EEXIST;
	}
	return free;
}

/**
 * taskhold_slots_find - the policy that has these members
 * @ops: the members
 * @mutex: held by the caller
 *
 * Context: may sleep.
 *
 * Return: the policy or NULL.
 */
struct taskhold_policy *taskhold_slots_find(const struct taskhold_ops *ops, struct mutex *mutex)
{
	struct taskhold_policy *policy;
	unsigned int slot;

	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		policy = rcu_dereference_protected(taskhold_slots[slot], lockdep_is_held(mutex));
		if (policy && policy->registered == ops)
			return policy;
	}
	return NULL;
}

/**
 * taskhold_slots_find_named - the slot of the policy that has this name
 * @name: NUL-terminated
 *
 * Context: any, under rcu_read_lock().
 *
 * Return: the slot, or -ENOENT.
 */
int taskhold_slots_find_named(const char *name)
{
	struct taskhold_policy *policy;
	int slot;

	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		policy = rcu_dereference(taskhold_slots[slot]);
		if (policy && !strncmp(policy->name, name, sizeof(policy->name)))
			return slot;
	}
	return -ENOENT;
}

/**
 * taskhold_slots_publish - let probes and kfuncs see a policy
 * @policy: the policy, with its slot
 *
 * Context: under the tracker's mutex.
 */
void taskhold_slots_publish(struct taskhold_policy *policy)
{
	rcu_assign_pointer(taskhold_slots[policy->slot], policy);
	if (policy->flags & TASKHOLD_POLICY_THREADS)
		WRITE_ONCE(taskhold_slots_threads, taskhold_slots_threads | 1U << policy->slot);
	/* pairs with taskhold_slots_mask() */
	smp_store_release(&taskhold_slots_active, taskhold_slots_active | 1U << policy->slot);
}

/**
 * taskhold_slots_unpublish - let nobody see a policy from now on
 * @policy: the policy; who has seen it is done after a grace period
 *
 * The bit of its slot stays, so that the probes go on to look after its
 * records: see taskhold_slots_clear().
 *
 * Context: under the tracker's mutex.
 */
void taskhold_slots_unpublish(struct taskhold_policy *policy)
{
	RCU_INIT_POINTER(taskhold_slots[policy->slot], NULL);
}

/**
 * taskhold_slots_clear - clear the bit of a slot whose records are forgotten
 * @slot: the slot
 *
 * Context: under the tracker's mutex.
 */
void taskhold_slots_clear(u32 slot)
{
	WRITE_ONCE(taskhold_slots_active, taskhold_slots_active & ~(1U << slot));
	WRITE_ONCE(taskhold_slots_threads, taskhold_slots_threads & ~(1U << slot));
}
