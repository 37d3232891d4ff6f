// SPDX-License-Identifier: GPL-2.0-only
/* Sums by what processes have in common: see group.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"

static struct map_key group_key(const struct model *m, enum group_by by,
				const struct taskhold_info *info)
{
	const struct model_exe *exe;
	struct map_key key = {};

	switch (by) {
	case GROUP_BY_COMM:
		/* What stands behind the NUL is no part of it. */
		memcpy(&key, info->comm, model_comm_len(info->comm));
		break;
	case GROUP_BY_EXE:
		exe = model_exe(m, info->exe_id);
		key.a = exe ? m->exes[exe->same].id : info->exe_id;
		break;
	case GROUP_BY_USER:
		key.a = info->uid;
		break;
	case GROUP_BY_PARENT:
		key = (struct map_key){ info->ppid, info->parent_start_ns };
		break;
	}
	return key;
}

/* (tgid, start) is what a process is known by; the rare twin is left out. */
static int find_parents(const struct model *m, struct group *groups, __u32 n)
{
	struct map map = {};
	__u32 i, *task_of;
	int err = -ENOMEM;

	task_of = malloc((m->nr_tasks + 1ull) * sizeof(*task_of));
	if (!task_of)
		return err;
	for (i = 0; i < m->nr_tasks; i++) {
		const struct taskhold_info *info = &m->tasks[i].info;
		bool added;
		__u32 at = map_add(&map, (struct map_key){ info->tgid, info->start_ns }, &added);

		if (at == MAP_NONE)
			goto out;
		if (added)
			task_of[at] = i;
	}
	for (i = 0; i < n; i++) {
		const struct taskhold_info *info = &groups[i].task->info;
		__u32 at = map_find(&map, (struct map_key){ info->ppid, info->parent_start_ns });

		if (at != MAP_NONE)
			groups[i].parent = &m->tasks[task_of[at]];
	}
	err = 0;
out:
	free(task_of);
	map_free(&map);
	return err;
}

long group_make(const struct model *m, enum group_by by, struct group **out)
{
	struct group *groups = NULL, *g;
	struct sums rest = {};
	struct map map = {};
	__u32 i, n = 0, room = 0;
	/* The same sums again: what went over was counted when they were read. */
	__u64 counted = 0, *over = &counted;

	for (i = 0; i < m->nr_tasks; i++) {
		bool added;
		__u32 at = map_add(&map, group_key(m, by, &m->tasks[i].info), &added);

		if (at == MAP_NONE)
			goto nomem;
		g = map_entry((void **)&groups, &room, at, sizeof(*g));
		if (!g)
			goto nomem;
		if (added) {
			*g = (struct group){ .task = &m->tasks[i] };
			n++;
		}
		sums_add_task(over, &g->sums, &m->tasks[i].info, m->tasks[i].finished);
	}
	if (by == GROUP_BY_PARENT && find_parents(m, groups, n))
		goto nomem;
	for (i = 0; i < m->nr_cgroups; i++)
		if (m->cgroups[i].has_totals)
			sums_add_totals(over, &rest, &m->cgroups[i].totals);
	sums_add(over, &rest.use.cpu_ns, m->moved_rest_ns);
	if (rest.tasks || rest.use.cpu_ns) {
		g = map_entry((void **)&groups, &room, n, sizeof(*g));
		if (!g)
			goto nomem;
		*g = (struct group){ .rest = true, .sums = rest };
		n++;
	}
	map_free(&map);
	*out = groups;
	return n;
nomem:
	free(groups);
	map_free(&map);
	return -ENOMEM;
}
