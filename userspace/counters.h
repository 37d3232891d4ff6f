/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counters of the module: of itself, of each attached policy, and of those that
 * have ended, with the reason.
 */
#ifndef _TASKHOLD_COUNTERS_H
#define _TASKHOLD_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>

#include <taskhold/types.h>

struct counters {
	struct taskhold_stats module;
	struct taskhold_policy_stats policies[TASKHOLD_MAX_POLICIES];
	size_t nr_policies;
	int slot_err[TASKHOLD_MAX_POLICIES];	/* 0, or why a slot could not be read: -errno */
	struct taskhold_exit_info ended[TASKHOLD_MAX_ENDED];	/* the latest first */
	size_t nr_ended;
};

/*
 * Asks the module, by a BPF program that is run once.  Its references to the module
 * may go a moment after this returns: module_wait_refcnt().  While a policy is being
 * detached it is neither attached nor ended, for some grace periods.
 *
 * Returns 0, or a negative errno with *what naming what failed; it does not speak.
 */
int counters_read(struct counters *c, const char **what);

/* The attached policy of that name, or the latest that ended; NULL: there is none. */
const struct taskhold_policy_stats *counters_find(const struct counters *c, const char *name);
const struct taskhold_exit_info *counters_find_ended(const struct counters *c, const char *name);

/* Likewise by the number that the module gave it. */
const struct taskhold_policy_stats *counters_find_id(const struct counters *c, __u64 id);
const struct taskhold_exit_info *counters_find_ended_id(const struct counters *c, __u64 id);

/*
 * Is it at fault, or named to the module's parameter detach?  It is not called any more,
 * and will have ended.
 */
bool counters_is_ending(const struct taskhold_policy_stats *stats);

/* The highest of these numbers: a policy that is attached later has a higher one. */
__u64 counters_newest_id(const struct counters *c);

#endif /* _TASKHOLD_COUNTERS_H */
