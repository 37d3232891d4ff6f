// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of cgroups, by their paths, and what the kernel says of each: see
 * tree.h.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

static __s64 clamp(__int128 v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (__s64)v;
}

static int by_path(const void *a, const void *b)
{
	const struct model_cgroup *x = a, *y = b;
	int cmp;

	if (!x->path || !y->path)
		cmp = !x->path - !y->path;
	else
		cmp = strcmp(x->path, y->path);
	return cmp ? cmp : x->id < y->id ? -1 : x->id > y->id;
}

/* strcmp(), where of @a only @len bytes count as its text. */
static int path_cmp(const char *a, size_t len, const char *b)
{
	int cmp = strncmp(a, b, len);

	return cmp ? cmp : b[len] ? -1 : 0;
}

/*
 * The cgroup that has the first @len bytes of child's path.  A path that was
 * removed and made again has several: ids grow, so it is the youngest that is
 * older than the child.
 */
static __u32 find_path(const struct model *m, const struct model_cgroup *child,
		       size_t len)
{
	__u32 low = 0, high = m->nr_cgroups;

	while (low < high) {
		__u32 mid = low + (high - low) / 2;
		const struct model_cgroup *cg = &m->cgroups[mid];
		int cmp = cg->path ? path_cmp(child->path, len, cg->path) : -1;

		if (cmp > 0 || (cmp == 0 && cg->id < child->id))
			low = mid + 1;
		else
			high = mid;
	}
	/* low is the first that is not before; the one searched is before it. */
	if (low > 0 && !path_cmp(child->path, len, m->cgroups[low - 1].path))
		return low - 1;
	if (low < m->nr_cgroups && m->cgroups[low].path &&
	    !path_cmp(child->path, len, m->cgroups[low].path))
		return low;
	return MODEL_NO_PARENT;
}

static __u32 find_parent(const struct model *m, const struct model_cgroup *cg)
{
	size_t len;
	__u32 found;

	if (!cg->path || cg->path[0] != '/' || !cg->path[1])
		return MODEL_NO_PARENT;
	for (len = strlen(cg->path) - 1; len > 0; len--) {
		if (cg->path[len] != '/')
			continue;
		found = find_path(m, cg, len);
		if (found != MODEL_NO_PARENT)
			return found;
	}
	found = find_path(m, cg, 1);
	return found;
}

static bool is_root(const struct model_cgroup *cg)
{
	return cg->path && !strcmp(cg->path, "/");
}

static bool in_scope(const struct model *m, const struct model_cgroup *cg,
		     const char *root)
{
	size_t len;

	/* The kernel keeps no cpu.stat of the root cgroup that could be compared. */
	if (!cg->path || cg->path[0] != '/' || is_root(cg))
		return false;
	switch (m->begin.scope) {
	case TASKHOLD_SCOPE_ALL:
		return true;
	case TASKHOLD_SCOPE_TREE:
		/*
		 * One that was made meanwhile, and is used by what was recorded:
		 * others make cgroups too.
		 */
		return !cg->has_start && cg->tree_tasks;
	case TASKHOLD_SCOPE_CGROUP:
		if (!root)
			return false;
		if (!strcmp(root, "/"))
			return true;
		len = strlen(root);
		return !strncmp(cg->path, root, len) &&
		       (!cg->path[len] || cg->path[len] == '/');
	default:
		return false;
	}
}

/* What the kernel charged to @cg and to all below it, all of which is done. */
static void find_stat(struct model_cgroup *cg)
{
	if (is_root(cg))
		return;
	if (cg->has_stop) {
		/* Made during the recording: it began at 0. */
		if (cg->stop_ns < cg->start_ns)
			return;
		cg->cpu_stat_ns = cg->stop_ns - cg->start_ns;
		cg->has_stat = true;
		return;
	}
	/*
	 * Removed: what is known is its own use alone.  START counts what was
	 * below it then, so the difference means something for a leaf only.
	 */
	if (!cg->has_gone || !cg->gone_below || cg->gone_ns < cg->start_ns ||
	    (cg->has_start && cg->start_below))
		return;
	cg->cpu_stat_ns = cg->gone_ns - cg->start_ns;
	cg->has_stat = !__builtin_add_overflow(cg->cpu_stat_ns, cg->below_stat_ns,
					       &cg->cpu_stat_ns);
}

static __s64 ppm_of(__s64 part, __u64 whole)
{
	return clamp((__int128)part * 1000000 / whole);
}

static int by_depth(const void *a, const void *b, void *cgroups)
{
	const struct model_cgroup *x = (const struct model_cgroup *)cgroups + *(const __u32 *)a;
	const struct model_cgroup *y = (const struct model_cgroup *)cgroups + *(const __u32 *)b;
	size_t lx = x->path ? strlen(x->path) : 0, ly = y->path ? strlen(y->path) : 0;

	return lx < ly ? -1 : lx > ly;
}

/* Sums and cpu.stat go up the tree, deepest first; then down, what counts. */
int tree_sum(struct model *m)
{
	__u64 *over = &m->flaws[MODEL_OVERFLOW];
	const struct model_cgroup *root = NULL;
	__int128 residual = 0;
	__u32 i, *order;

	if (!m->nr_cgroups)
		return 0;
	qsort(m->cgroups, m->nr_cgroups, sizeof(*m->cgroups), by_path);
	/* They have moved: from now on the map tells their new places. */
	map_free(&m->cgroup_map);
	order = malloc(m->nr_cgroups * sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (i = 0; i < m->nr_cgroups; i++) {
		struct model_cgroup *cg = &m->cgroups[i];
		bool added;

		if (map_add(&m->cgroup_map, (struct map_key){ cg->id, 0 }, &added) == MAP_NONE) {
			free(order);
			return -ENOMEM;
		}
		cg->parent = find_parent(m, cg);
		cg->gone_below = true;
		order[i] = i;
	}
	if (m->begin.scope == TASKHOLD_SCOPE_CGROUP)
		root = model_cgroup(m, m->begin.root_cgroup_id);
	/* A child's path is longer than its parent's. */
	qsort_r(order, m->nr_cgroups, sizeof(*order), by_depth, m->cgroups);
	for (i = m->nr_cgroups; i-- > 0;) {
		struct model_cgroup *cg = &m->cgroups[order[i]], *up;

		sums_add(over, &cg->cpu_tree_ns, cg->sums.use.cpu_ns);
		sums_add(over, &cg->tree_tasks, cg->sums.tasks);
		find_stat(cg);
		cg->covered = in_scope(m, cg, root ? root->path : NULL);
		cg->has_residual = cg->covered && cg->has_stat;
		if (cg->has_residual) {
			cg->residual_ns = clamp((__int128)cg->cpu_stat_ns - cg->cpu_tree_ns);
			cg->has_ppm = cg->cpu_stat_ns != 0;
			if (cg->has_ppm)
				cg->residual_ppm = ppm_of(cg->residual_ns, cg->cpu_stat_ns);
		}
		if (cg->parent == MODEL_NO_PARENT)
			continue;
		up = &m->cgroups[cg->parent];
		sums_add(over, &up->cpu_tree_ns, cg->cpu_tree_ns);
		sums_add(over, &up->tree_tasks, cg->tree_tasks);
		up->start_below |= cg->has_start || cg->start_below;
		up->gone_below &= cg->has_stat && !cg->has_stop;
		if (cg->has_stat)
			sums_add(over, &up->below_stat_ns, cg->cpu_stat_ns);
	}
	for (i = 0; i < m->nr_cgroups; i++) {
		struct model_cgroup *cg = &m->cgroups[order[i]];

		if (cg->parent != MODEL_NO_PARENT && m->cgroups[cg->parent].topmost) {
			cg->topmost = true;
		} else if (cg->has_residual) {
			cg->topmost = true;
			m->has_residual = true;
			sums_add(over, &m->residual_tree_ns, cg->cpu_tree_ns);
			sums_add(over, &m->residual_stat_ns, cg->cpu_stat_ns);
			residual += (__int128)cg->cpu_stat_ns - cg->cpu_tree_ns;
		}
	}
	free(order);
	m->residual_ns = clamp(residual);
	m->has_ppm = m->residual_stat_ns != 0;
	if (m->has_ppm)
		m->residual_ppm = ppm_of(m->residual_ns, m->residual_stat_ns);
	return 0;
}
