/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose a map with a timer is: for policies that sum up by a bpf_timer.
 *
 * The map has to be pinned by name, as the kernel cancels its timers when user space
 * lets go of it. So all objects of such a policy that are loaded have one map in common,
 * and the one timer in it. attach() takes it, by which a second policy is refused, and
 * detach() gives it back. The members ask whether it is theirs: an update of the link
 * has new programs called whose attach() has not been.
 *
 * attach() and detach() of all policies are called one at a time, by the module, and
 * detach() always, also of a policy that is at fault. So no owner is left over, unless
 * the policy was updated to one of another kind that has a detach() of its own.
 */
#ifndef _OWNER_BPF_H
#define _OWNER_BPF_H

#include "taskhold.bpf.h"

#define NSEC_PER_MSEC		1000000ULL
#define OWNER_MIN_MS		10	/* least time between two looks */
#define OWNER_LATE_LOOKS	10	/* so many that have not come, */
#define OWNER_LATE_MS		5000	/* and this: the timer has stopped */

#define EBUSY			16
#define CLOCK_BOOTTIME		7

/* A member of the map's value. */
struct timer_owner {
	__u64 since_ns;		/* CLOCK_BOOTTIME, in attach(); 0: it is nobody's */
	__u64 newest_id;	/* of the policies that were attached then */
};

/* What these programs have taken; 0: their attach() has not been called. */
static __u64 owner_since_ns;

/* Of attach(), and of the timer, which are not called at once. */
static struct taskhold_policy_stats owner_stats;

/*
 * Take the timer, for attach().
 *
 * Returns 0, to be given back by owner_release(), or -EBUSY if another policy has it.
 */
static __always_inline int owner_take(struct timer_owner *owner)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 i;

	if (__sync_val_compare_and_swap(&owner->since_ns, 0, now))
		return -EBUSY;
	owner->newest_id = 0;
	bpf_for(i, 0, TASKHOLD_MAX_POLICIES) {
		if (!taskhold_policy_stats_read(i, &owner_stats, sizeof(owner_stats)) &&
		    owner->newest_id < owner_stats.id)
			owner->newest_id = owner_stats.id;
	}
	owner_since_ns = now;
	return 0;
}

/* Let others take it; the timer has been cancelled. */
static __always_inline void owner_release(struct timer_owner *owner)
{
	owner_since_ns = 0;
	owner->since_ns = 0;
}

/* Is it these programs' own? Not after an update, until the policy is detached. */
static __always_inline bool owner_is_self(const struct timer_owner *owner)
{
	return owner_since_ns && owner->since_ns == owner_since_ns;
}

/*
 * Is it that of the policy with these counters, whichever programs it has by now? It is
 * the only one that was made after those that were there, and before it was taken.
 */
static __always_inline bool owner_is(const struct timer_owner *owner,
				     const struct taskhold_policy_stats *stats)
{
	return stats->id > owner->newest_id && stats->attached_ns <= owner->since_ns;
}

/* The slot of the policy that has the timer, under whatever name; -1 before it has one. */
static __always_inline int owner_slot(const struct timer_owner *owner)
{
	int slot = -1;
	__u32 i;

	bpf_for(i, 0, TASKHOLD_MAX_POLICIES) {
		if (!taskhold_policy_stats_read(i, &owner_stats, sizeof(owner_stats)) &&
		    owner_is(owner, &owner_stats))
			slot = i;
	}
	return slot;
}

/*
 * Has the timer stopped, as it does when the map's pin is removed? @looked_ns is when it
 * came last, 0 if it has not. A machine that was stopped for a while has its timers
 * late, and then they come: so what is to be done is to wait for them.
 */
static __always_inline bool owner_is_late(const struct timer_owner *owner, __u64 looked_ns,
					  __u32 refresh_ms)
{
	__u64 late_ms = OWNER_LATE_LOOKS * (__u64)refresh_ms + OWNER_LATE_MS;

	return bpf_ktime_get_boot_ns() > (looked_ns ?: owner->since_ns) + late_ms * NSEC_PER_MSEC;
}

/* Have the timer come again, after @refresh_ms. */
static __always_inline void owner_rearm(struct bpf_timer *timer, __u32 refresh_ms)
{
	__u64 ms = refresh_ms < OWNER_MIN_MS ? OWNER_MIN_MS : refresh_ms;

	bpf_timer_start(timer, ms * NSEC_PER_MSEC, 0);
}

/*
 * Have the timer in an element of @map, whose owner these programs are, call @look, at
 * once. Returns 0 or a negative error.
 */
static __always_inline int owner_arm(struct bpf_timer *timer, void *map, void *look)
{
	int err = bpf_timer_init(timer, map, CLOCK_BOOTTIME);

	/* the map is older than this policy, and has its timer */
	if (err && err != -EBUSY)
		return err;
	err = bpf_timer_set_callback(timer, look);
	if (err)
		return err;
	return bpf_timer_start(timer, 0, 0);
}

#endif /* _OWNER_BPF_H */
