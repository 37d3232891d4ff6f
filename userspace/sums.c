// SPDX-License-Identifier: GPL-2.0-only
/* Sums over processes: see sums.h. */
#include <stdint.h>

#include "sums.h"

void sums_add(__u64 *overflows, __u64 *to, __u64 what)
{
	if (__builtin_add_overflow(*to, what, to)) {
		*to = UINT64_MAX;
		(*overflows)++;
	}
}

static void add_use(__u64 *overflows, struct taskhold_use *to,
		    const struct taskhold_use *what)
{
	sums_add(overflows, &to->cpu_ns, what->cpu_ns);
	sums_add(overflows, &to->user_ns, what->user_ns);
	sums_add(overflows, &to->sys_ns, what->sys_ns);
	sums_add(overflows, &to->nvcsw, what->nvcsw);
	sums_add(overflows, &to->nivcsw, what->nivcsw);
	sums_add(overflows, &to->min_flt, what->min_flt);
	sums_add(overflows, &to->maj_flt, what->maj_flt);
	sums_add(overflows, &to->rchar, what->rchar);
	sums_add(overflows, &to->wchar, what->wchar);
	sums_add(overflows, &to->read_bytes, what->read_bytes);
	sums_add(overflows, &to->write_bytes, what->write_bytes);
}

static void add_span(struct sums *to, __u64 max_rss, __u64 first_ns,
		     __u64 last_ns)
{
	if (max_rss > to->max_rss)
		to->max_rss = max_rss;
	if (first_ns && (!to->first_ns || first_ns < to->first_ns))
		to->first_ns = first_ns;
	if (last_ns > to->last_ns)
		to->last_ns = last_ns;
}

void sums_add_task(__u64 *overflows, struct sums *to,
		   const struct taskhold_info *info, bool finished)
{
	to->tasks++;
	to->live += !finished;
	to->failed += (info->flags & TASKHOLD_INFO_EXITED) && info->exit_code;
	to->threads += info->threads;
	add_span(to, info->max_rss, info->start_ns, info->exit_ns);
	add_use(overflows, &to->use, &info->use);
}

void sums_add_totals(__u64 *overflows, struct sums *to,
		     const struct taskhold_totals *totals)
{
	sums_add(overflows, &to->tasks, totals->tasks);
	sums_add(overflows, &to->folded, totals->tasks);
	add_span(to, totals->max_rss, totals->first_ns, totals->last_ns);
	add_use(overflows, &to->use, &totals->use);
}
