/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sums over processes.  They never wrap: one that would is the highest number,
 * and counted in *@overflows.  Nor do differences.
 */
#ifndef _SUMS_H
#define _SUMS_H

#include <stdbool.h>
#include <taskhold/types.h>

struct sums {
	__u64 tasks;		/* finished, live and folded */
	__u64 live;		/* of these: ran when the recording ended */
	__u64 folded;		/* of these: known by their sums alone */
	__u64 failed;		/* exited with a status other than 0, folded ones not known */
	__u64 threads;		/* of those not folded */
	__u64 max_rss;		/* the highest */
	__u64 first_ns;		/* earliest start, 0: none */
	__u64 last_ns;		/* latest exit, 0: none */
	struct taskhold_use use;
};

void sums_add(__u64 *overflows, __u64 *to, __u64 what);

/* @a - @b, and 0 where @b is more. */
static inline __u64 sums_less(__u64 a, __u64 b)
{
	return a > b ? a - b : 0;
}

void sums_add_task(__u64 *overflows, struct sums *to,
		   const struct taskhold_info *info, bool finished);

/* All of @totals but moved_ns, which are not of processes that it counts. */
void sums_add_totals(__u64 *overflows, struct sums *to,
		     const struct taskhold_totals *totals);

#endif /* _SUMS_H */
