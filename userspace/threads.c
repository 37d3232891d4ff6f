// SPDX-License-Identifier: GPL-2.0-only
/* Rows of single threads: see threads.h. */
#include <errno.h>
#include <stdlib.h>

#include "threads.h"

static __u64 min(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* What is taken of @left, at most @want. */
static void take(__u64 *left, __u64 *want)
{
	*want = min(*want, *left);
	*left -= *want;
}

/*
 * Takes @use out of @left.  Where user and sys of @left add up to its cpu, they
 * do so in both afterwards: what is left in user mode must fit into the time that
 * is left.
 */
static void take_use(struct taskhold_use *left, struct taskhold_use *use)
{
	bool split = left->user_ns <= left->cpu_ns &&
		     left->sys_ns == left->cpu_ns - left->user_ns;

	take(&left->cpu_ns, &use->cpu_ns);
	if (split) {
		__u64 low = sums_less(left->user_ns, left->cpu_ns);

		use->user_ns = min(use->user_ns > low ? use->user_ns : low, use->cpu_ns);
		use->sys_ns = use->cpu_ns - min(use->user_ns, left->user_ns);
	}
	take(&left->user_ns, &use->user_ns);
	take(&left->sys_ns, &use->sys_ns);
	take(&left->nvcsw, &use->nvcsw);
	take(&left->nivcsw, &use->nivcsw);
	take(&left->min_flt, &use->min_flt);
	take(&left->maj_flt, &use->maj_flt);
	take(&left->rchar, &use->rchar);
	take(&left->wchar, &use->wchar);
	take(&left->read_bytes, &use->read_bytes);
	take(&left->write_bytes, &use->write_bytes);
}

/* Makes the row of @thread, whose numbers are part of those in @of. */
static void make_row(struct thread *row, const struct model_task *thread, struct thread *of)
{
	struct taskhold_use use = thread->info.use, left = of->task.info.use;

	*row = (struct thread){
		.task = *thread, .process_start_ns = thread->info.parent_start_ns,
	};
	take_use(&left, &use);
	/*
	 * Of a process that was not folded either nothing is known, as in a file
	 * that was cut: then its thread is in no sum, must not seem idle, and takes
	 * nothing of what was folded.
	 */
	if (of->rest && use.cpu_ns < row->task.info.use.cpu_ns)
		return;
	of->task.info.use = left;
	row->task.info.use = use;
	if (of->rest)
		return;
	take(&of->task.info.cpu_before_ns, &row->task.info.cpu_before_ns);
	take(&of->task.info.cpu_moved_ns, &row->task.info.cpu_moved_ns);
}

/* What was folded is known by its sums alone; threads of it may have rows. */
static struct thread make_rest(const struct model *m)
{
	struct thread rest = { .rest = true };
	struct sums sums = {};
	__u64 counted = 0;
	__u32 i;

	for (i = 0; i < m->nr_cgroups; i++)
		if (m->cgroups[i].has_totals)
			sums_add_totals(&counted, &sums, &m->cgroups[i].totals);
	sums_add(&counted, &sums.use.cpu_ns, m->moved_rest_ns);
	rest.task.info.use = sums.use;
	return rest;
}

long threads_make(const struct model *m, struct thread **out)
{
	struct thread *rows, rest = make_rest(m);
	struct map map = {};
	bool live;
	int pass;
	__u32 i, *row_of;
	long n = 0;

	rows = malloc((m->nr_tasks + m->nr_threads + 1ull) * sizeof(*rows));
	row_of = malloc((m->nr_tasks + 1ull) * sizeof(*row_of));
	if (!rows || !row_of)
		goto nomem;
	/* (tgid, start) is what a process is known by; the rare twin is left out. */
	for (i = 0; i < m->nr_tasks; i++) {
		const struct taskhold_info *info = &m->tasks[i].info;
		bool added;
		__u32 at = map_add(&map, (struct map_key){ info->tgid, info->start_ns }, &added);

		if (at == MAP_NONE)
			goto nomem;
		if (added)
			row_of[at] = i;
		rows[n] = (struct thread){
			.task = m->tasks[i], .process_start_ns = info->start_ns, .first = true,
		};
		rows[n++].task.info.tid = info->tgid;
	}
	/* Numbers of those that are gone are final: the others have to fit in beside them. */
	for (pass = 0; pass < 2; pass++) {
		live = pass;
		for (i = 0; i < m->nr_threads; i++) {
			const struct taskhold_info *info = &m->threads[i].info;
			struct map_key key = { info->tgid, info->parent_start_ns };
			__u32 at;

			if (m->threads[i].finished == live)
				continue;
			at = map_find(&map, key);
			make_row(&rows[n++], &m->threads[i],
				 at == MAP_NONE ? &rest : &rows[row_of[at]]);
		}
	}
	if (m->totals.folded || rest.task.info.use.cpu_ns)
		rows[n++] = rest;
	free(row_of);
	map_free(&map);
	*out = rows;
	return n;
nomem:
	free(rows);
	free(row_of);
	map_free(&map);
	return -ENOMEM;
}
