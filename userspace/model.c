// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the items of a recording to processes, cgroups and sums, see model.h.
 *
 * What stands in the file is not trusted: recording.c has checked that items
 * lie within their block, and here nothing is taken from a body that is too
 * short, no number is used as an index or a length before it was compared,
 * and memory grows with what was read and not with what a number claims.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* Texts live until model_free(): chunks, so that they never move. */
struct model_text {
	struct model_text *next;
	size_t used, size;
	char text[];
};

#define TEXT_CHUNK	(64u << 10)

static const struct {
	const char *name, *text;
} flaws[MODEL_NR_FLAWS] = {
	[TASKHOLD_FOLD_VERDICT] = { "fold-verdict",
		"processes folded when the ring buffer was full: only their sums are known" },
	[TASKHOLD_FOLD_OLDEST] = { "fold-oldest",
		"finished processes folded when max_held was reached: only their sums are known" },
	[TASKHOLD_FOLD_LIVE] = { "fold-live",
		"processes born when max_held others were running: only their sums are known" },
	[TASKHOLD_FOLD_NOMEM] = { "fold-nomem",
		"finished processes folded for want of kernel memory: only their sums are known" },
	[TASKHOLD_LOST_NOMEM] = { "lost-nomem",
		"processes lost for want of kernel memory: their numbers are missing" },
	[TASKHOLD_LOST_TOTALS] = { "lost-totals",
		"processes lost, no room for totals of their cgroup: their numbers are missing" },
	[MODEL_RING_LOST] = { "ring-lost",
		"names and counters of cgroups lost when the ring buffer was full" },
	[MODEL_FILE] = { "file",
		"the file cannot be read to its end" },
	[MODEL_NO_END] = { "no-end",
		"the recording did not end in order, or has not ended yet" },
	[MODEL_NO_COUNTERS] = { "no-counters",
		"the counters of the policy are missing, so losses are not known" },
	[MODEL_FINISHED_MISSING] = { "finished-missing",
		"finished processes that were written are not in the file" },
	[MODEL_REPEATED] = { "repeated",
		"processes stand in the file twice; the first counts" },
	[MODEL_VANISHED] = { "vanished",
		"processes were seen running, and nothing tells of their end" },
	[MODEL_OVERFLOW] = { "overflow",
		"sums are over 64 bits and stopped there: the file cannot be right" },
};

const char *model_flaw_name(unsigned int flaw)
{
	return flaws[flaw].name;
}

const char *model_flaw_text(unsigned int flaw)
{
	return flaws[flaw].text;
}

size_t model_comm_len(const char comm[TASKHOLD_COMM_LEN])
{
	return strnlen(comm, TASKHOLD_COMM_LEN);
}

static void add(struct model *m, __u64 *to, __u64 what)
{
	if (__builtin_add_overflow(*to, what, to)) {
		*to = UINT64_MAX;
		m->flaws[MODEL_OVERFLOW]++;
	}
}

static __u64 less(__u64 a, __u64 b)
{
	return a > b ? a - b : 0;
}

static __s64 clamp(__int128 v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (__s64)v;
}

static void add_use(struct model *m, struct taskhold_use *to,
		    const struct taskhold_use *what)
{
	add(m, &to->cpu_ns, what->cpu_ns);
	add(m, &to->user_ns, what->user_ns);
	add(m, &to->sys_ns, what->sys_ns);
	add(m, &to->nvcsw, what->nvcsw);
	add(m, &to->nivcsw, what->nivcsw);
	add(m, &to->min_flt, what->min_flt);
	add(m, &to->maj_flt, what->maj_flt);
	add(m, &to->rchar, what->rchar);
	add(m, &to->wchar, what->wchar);
	add(m, &to->read_bytes, what->read_bytes);
	add(m, &to->write_bytes, what->write_bytes);
}

static void add_span(struct model_sums *to, __u64 max_rss, __u64 first_ns,
		     __u64 last_ns)
{
	if (max_rss > to->max_rss)
		to->max_rss = max_rss;
	if (first_ns && (!to->first_ns || first_ns < to->first_ns))
		to->first_ns = first_ns;
	if (last_ns > to->last_ns)
		to->last_ns = last_ns;
}

static void add_task(struct model *m, struct model_sums *to,
		     const struct model_task *task)
{
	const struct taskhold_info *info = &task->info;

	to->tasks++;
	to->live += !task->finished;
	to->failed += (info->flags & TASKHOLD_INFO_EXITED) && info->exit_code;
	to->threads += info->threads;
	add_span(to, info->max_rss, info->start_ns, info->exit_ns);
	add_use(m, &to->use, &info->use);
}

static void add_totals(struct model *m, struct model_sums *to,
		       const struct taskhold_totals *totals)
{
	add(m, &to->tasks, totals->tasks);
	add(m, &to->folded, totals->tasks);
	add_span(to, totals->max_rss, totals->first_ns, totals->last_ns);
	add_use(m, &to->use, &totals->use);
}

/* A copy of @text that ends with a NUL, or NULL: no memory. */
static const char *keep_text(struct model *m, const void *text, size_t len)
{
	struct model_text *chunk = m->texts;
	char *at;

	if (!chunk || chunk->size - chunk->used < len + 1) {
		size_t size = len + 1 > TEXT_CHUNK ? len + 1 : TEXT_CHUNK;

		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
		chunk->next = m->texts;
		chunk->used = 0;
		chunk->size = size;
		m->texts = chunk;
	}
	at = chunk->text + chunk->used;
	memcpy(at, text, len);
	at[len] = 0;
	chunk->used += len + 1;
	return at;
}

/* The entry number @i of an array, which grows to hold it: zeroed if new. */
static void *entry(void **array, __u32 *room, __u32 i, size_t size)
{
	if (i >= *room) {
		__u32 more = *room ? 2 * *room : 64;
		char *p = realloc(*array, more * size);

		if (!p)
			return NULL;
		*array = p;
		*room = more;
	}
	return (char *)*array + i * size;
}

static struct model_cgroup *cgroup_of(struct model *m, __u64 id)
{
	bool added;
	__u32 i = map_add(&m->cgroup_map, (struct map_key){ id, 0 }, &added);
	struct model_cgroup *cg;

	if (i == MAP_NONE)
		return NULL;
	if (!added)
		return &m->cgroups[i];
	cg = entry((void **)&m->cgroups, &m->room_cgroups, i, sizeof(*cg));
	if (!cg)
		return NULL;
	memset(cg, 0, sizeof(*cg));
	cg->id = id;
	m->nr_cgroups = i + 1;
	return cg;
}

static struct model_exe *exe_of(struct model *m, __u64 id)
{
	bool added;
	__u32 i = map_add(&m->exe_map, (struct map_key){ id, 0 }, &added);
	struct model_exe *exe;

	if (i == MAP_NONE)
		return NULL;
	if (!added)
		return &m->exes[i];
	exe = entry((void **)&m->exes, &m->room_exes, i, sizeof(*exe));
	if (!exe)
		return NULL;
	*exe = (struct model_exe){ .id = id, .same = i };
	m->nr_exes = i + 1;
	return exe;
}

/*
 * Handlers of items: 0, -EBADMSG for a malformed one (reading stops there), or
 * -ENOMEM.
 */
static int take_meta(struct model *m, const char *body, size_t len)
{
	const struct {
		const char *key;
		const char **value;
	} keys[] = {
		{ "version=", &m->version },
		{ "hostname=", &m->hostname },
		{ "kernel=", &m->kernel },
		{ "machine=", &m->machine },
		{ "command=", &m->command },
		{ "policy=", &m->policy_name },
	};
	size_t i, n;

	if (!memchr(body, '=', len) || memchr(body, 0, len))
		return -EBADMSG;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		n = strlen(keys[i].key);
		if (len < n || memcmp(body, keys[i].key, n))
			continue;
		*keys[i].value = keep_text(m, body + n, len - n);
		return *keys[i].value ? 0 : -ENOMEM;
	}
	return 0;
}

static int take_name(struct model *m, const void *body, size_t len)
{
	const struct taskhold_name *name = body;
	struct model_cgroup *cg;
	struct model_exe *exe;
	const char **path;

	if (len < sizeof(*name) || name->len > len - sizeof(*name) ||
	    name->len == 0 || name->len >= TASKHOLD_PATH_MAX ||
	    memchr(name->text, 0, name->len))
		return -EBADMSG;
	switch (name->what) {
	case TASKHOLD_NAME_CGROUP:
		cg = cgroup_of(m, name->id);
		if (!cg)
			return -ENOMEM;
		path = &cg->path;
		break;
	case TASKHOLD_NAME_EXE:
		exe = exe_of(m, name->id);
		if (!exe)
			return -ENOMEM;
		path = &exe->path;
		break;
	default:
		return 0;
	}
	/* A name that is repeated, as one for each process may be, costs nothing. */
	if (*path && strlen(*path) == name->len && !memcmp(*path, name->text, name->len))
		return 0;
	*path = keep_text(m, name->text, name->len);
	return *path ? 0 : -ENOMEM;
}

static int take_task(struct model *m, const void *body, size_t len,
		     bool finished, __u64 number)
{
	const struct taskhold_info *info = body;
	struct model_task *task;
	bool added;
	__u32 i;

	if (len < sizeof(*info))
		return -EBADMSG;
	i = map_add(&m->task_map, (struct map_key){ info->id, 0 }, &added);
	if (i == MAP_NONE)
		return -ENOMEM;
	task = entry((void **)&m->tasks, &m->room_tasks, i, sizeof(*task));
	if (!task)
		return -ENOMEM;
	if (added) {
		m->nr_tasks = i + 1;
	} else if (task->finished) {
		if (finished)
			m->flaws[MODEL_REPEATED]++;
		return 0;
	}
	task->info = *info;
	task->finished = finished;
	task->seen = number;
	m->finished += finished;
	return 0;
}

static int take_cgroup(struct model *m, const void *body, size_t len)
{
	const struct taskhold_cgroup_stat *stat = body;
	struct model_cgroup *cg;

	if (len < sizeof(*stat))
		return -EBADMSG;
	cg = cgroup_of(m, stat->cgroup_id);
	if (!cg)
		return -ENOMEM;
	switch (stat->when) {
	case TASKHOLD_CGROUP_START:
		if (!cg->has_start)
			cg->start_ns = stat->usage_ns;
		cg->has_start = true;
		break;
	case TASKHOLD_CGROUP_STOP:
		cg->stop_ns = stat->usage_ns;
		cg->has_stop = true;
		break;
	case TASKHOLD_CGROUP_RMDIR:
	case TASKHOLD_CGROUP_RELEASE:
		/* It only grows, so the highest is the last, in whatever order. */
		if (stat->usage_ns > cg->gone_ns)
			cg->gone_ns = stat->usage_ns;
		cg->has_gone = true;
		cg->removed = true;
		break;
	default:
		break;
	}
	return 0;
}

static int take_totals(struct model *m, const void *body, size_t len)
{
	const struct taskhold_totals *totals = body;
	struct model_cgroup *cg;

	if (len < sizeof(*totals))
		return -EBADMSG;
	cg = cgroup_of(m, totals->cgroup_id);
	if (!cg)
		return -ENOMEM;
	cg->totals = *totals;
	cg->has_totals = true;
	return 0;
}

static int take_fixed(void *to, size_t size, bool *has, const void *body, size_t len)
{
	if (len < size)
		return -EBADMSG;
	memcpy(to, body, size);
	*has = true;
	return 0;
}

static int take_item(struct model *m, long kind, const void *body, size_t len,
		     __u64 number)
{
	switch (kind) {
	case TASKHOLD_ITEM_META:
		return take_meta(m, body, len);
	case TASKHOLD_ITEM_NAME:
		return take_name(m, body, len);
	case TASKHOLD_ITEM_FINISHED:
		return take_task(m, body, len, true, number);
	case TASKHOLD_ITEM_LIVE:
		return take_task(m, body, len, false, number);
	case TASKHOLD_ITEM_CGROUP:
		return take_cgroup(m, body, len);
	case TASKHOLD_ITEM_TOTALS:
		return take_totals(m, body, len);
	case TASKHOLD_ITEM_POLICY:
		return take_fixed(&m->policy, sizeof(m->policy), &m->has_policy, body, len);
	case TASKHOLD_ITEM_END:
		return take_fixed(&m->end, sizeof(m->end), &m->has_end, body, len);
	default:
		return 0;
	}
}

/* The first item decides whether this is a recording, and one we can read. */
static int take_begin(struct model *m, struct recording_reader *r, const char *path,
		      struct recording_why *why)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	struct recording_state state;
	const void *body;
	size_t len;
	long kind = recording_next(r, &body, &len, why);

	if (kind < 0)
		return (int)kind;
	recording_stopped(r, &state);
	if (kind == 0 && (state.stop == RECORDING_CUT || state.stop == RECORDING_WHOLE))
		return recording_say(why, -EBADMSG,
				     "%s holds no whole block of a recording; was it cut, or is it still empty?",
				     name);
	if (kind == 0)
		return recording_say(why, -EBADMSG,
				     "%s is no recording of taskhold, or its beginning is damaged (%s, at byte %llu)",
				     name, recording_stop_name(state.stop),
				     (unsigned long long)state.offset);
	if (kind != TASKHOLD_ITEM_BEGIN || len < sizeof(m->begin))
		return recording_say(why, -EBADMSG, "%s does not begin as a recording does", name);
	memcpy(&m->begin, body, sizeof(m->begin));
	if (m->begin.version != TASKHOLD_FILE_VERSION)
		return recording_say(why, -EPROTO,
				     "%s has format %u, and this is taskhold %s, which reads format %u; use the taskhold that wrote it, or a newer one",
				     name, m->begin.version, TASKHOLD_VERSION,
				     TASKHOLD_FILE_VERSION);
	return 0;
}

static int by_seen(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/*
 * A process that was LIVE in some sample and is not FINISHED either runs at the
 * end, or it was folded: then it is in the totals and must not count twice.
 * END tells how many run; as these were written last, they are the last seen.
 */
static int drop_folded_live(struct model *m)
{
	__u64 live = m->nr_tasks - m->finished;
	__u64 limit, *seen, n = 0;
	__u32 i, kept = 0;

	if (!m->has_end || live <= m->end.live)
		return 0;
	seen = malloc(live * sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	for (i = 0; i < m->nr_tasks; i++)
		if (!m->tasks[i].finished)
			seen[n++] = m->tasks[i].seen;
	qsort(seen, n, sizeof(*seen), by_seen);
	limit = m->end.live ? seen[m->end.live - 1] : UINT64_MAX;
	free(seen);
	for (i = 0; i < m->nr_tasks; i++)
		if (m->tasks[i].finished || m->tasks[i].seen >= limit)
			m->tasks[kept++] = m->tasks[i];
	m->nr_tasks = kept;
	m->flaws[MODEL_VANISHED] = live - m->end.live;
	return 0;
}

static int by_exe_path(const void *a, const void *b, void *exes)
{
	const struct model_exe *x = (const struct model_exe *)exes + *(const __u32 *)a;
	const struct model_exe *y = (const struct model_exe *)exes + *(const __u32 *)b;
	int cmp = strcmp(x->path, y->path);

	return cmp ? cmp : x < y ? -1 : x > y;
}

/* A path that was forgotten and named again has two ids. */
static int unite_exes(struct model *m)
{
	__u32 i, n = 0, *order;

	if (!m->nr_exes)
		return 0;
	order = malloc(m->nr_exes * sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (i = 0; i < m->nr_exes; i++)
		if (m->exes[i].path)
			order[n++] = i;
	qsort_r(order, n, sizeof(*order), by_exe_path, m->exes);
	for (i = 1; i < n; i++)
		if (!strcmp(m->exes[order[i - 1]].path, m->exes[order[i]].path))
			m->exes[order[i]].same = m->exes[order[i - 1]].same;
	free(order);
	return 0;
}

static int sum_tasks(struct model *m)
{
	__u64 moved = 0, task_moved = 0;
	__u32 i;

	for (i = 0; i < m->nr_tasks; i++) {
		struct model_task *task = &m->tasks[i];
		__u64 away = task->info.cpu_moved_ns;
		struct model_cgroup *cg = cgroup_of(m, task->info.cgroup_id);
		struct model_task here = *task;

		if (!cg)
			return -ENOMEM;
		if (away > task->info.use.cpu_ns)
			away = task->info.use.cpu_ns;
		here.info.use.cpu_ns -= away;
		add_task(m, &cg->sums, &here);
		add(m, &cg->moved_in_ns, away);
		add_task(m, &m->totals, task);
		add(m, &task_moved, away);
	}
	for (i = 0; i < m->nr_cgroups; i++) {
		struct model_cgroup *cg = &m->cgroups[i];

		if (!cg->has_totals)
			continue;
		add_totals(m, &cg->sums, &cg->totals);
		add(m, &cg->sums.use.cpu_ns, cg->totals.moved_ns);
		add_totals(m, &m->totals, &cg->totals);
		add(m, &moved, cg->totals.moved_ns);
	}
	/*
	 * What processes used before they moved stands in totals.moved_ns and,
	 * for those not folded, in their cpu_ns too.  The rest is of the folded.
	 */
	m->moved_rest_ns = less(moved, task_moved);
	add(m, &m->totals.use.cpu_ns, m->moved_rest_ns);
	return 0;
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
static int sum_trees(struct model *m)
{
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

		add(m, &cg->cpu_tree_ns, cg->sums.use.cpu_ns);
		add(m, &cg->tree_tasks, cg->sums.tasks);
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
		add(m, &up->cpu_tree_ns, cg->cpu_tree_ns);
		add(m, &up->tree_tasks, cg->tree_tasks);
		up->start_below |= cg->has_start || cg->start_below;
		up->gone_below &= cg->has_stat && !cg->has_stop;
		if (cg->has_stat)
			add(m, &up->below_stat_ns, cg->cpu_stat_ns);
	}
	for (i = 0; i < m->nr_cgroups; i++) {
		struct model_cgroup *cg = &m->cgroups[order[i]];

		if (cg->parent != MODEL_NO_PARENT && m->cgroups[cg->parent].topmost) {
			cg->topmost = true;
		} else if (cg->has_residual) {
			cg->topmost = true;
			m->has_residual = true;
			add(m, &m->residual_stat_ns, cg->cpu_stat_ns);
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

static void judge(struct model *m)
{
	unsigned int i;

	if (m->has_policy)
		memcpy(m->flaws, m->policy.reasons, sizeof(m->policy.reasons));
	else
		m->flaws[MODEL_NO_COUNTERS] = 1;
	if (m->has_end) {
		m->flaws[MODEL_RING_LOST] = m->end.ring_lost;
		m->flaws[MODEL_FINISHED_MISSING] =
			less(m->end.finished, m->finished + m->flaws[MODEL_REPEATED]);
	} else {
		m->flaws[MODEL_NO_END] = 1;
	}
	m->flaws[MODEL_FILE] = m->state.stop != RECORDING_WHOLE;
	m->flaws[MODEL_VANISHED] = less(m->flaws[MODEL_VANISHED], m->totals.folded);
	add(m, &m->lost, m->flaws[TASKHOLD_LOST_NOMEM]);
	add(m, &m->lost, m->flaws[TASKHOLD_LOST_TOTALS]);
	m->complete = true;
	for (i = 0; i < MODEL_NR_FLAWS; i++)
		m->complete &= !m->flaws[i];
	m->stop_ns = m->has_end ? m->end.time_ns : m->state.last_ns;
	if (m->stop_ns < m->begin.time_ns)
		m->stop_ns = m->begin.time_ns;
}

int model_load(struct model *m, const char *path, struct recording_why *why)
{
	struct recording_reader *r;
	const void *body;
	__u64 number = 0;
	size_t len;
	long kind;
	int err;

	memset(m, 0, sizeof(*m));
	err = recording_open(&r, path, why);
	if (err)
		return err;
	err = take_begin(m, r, path, why);
	if (err)
		goto out;
	while ((kind = recording_next(r, &body, &len, why)) > 0) {
		err = take_item(m, kind, body, len, number++);
		if (err == -EBADMSG) {
			recording_reject(r);
			err = 0;
		}
		if (err)
			goto nomem;
	}
	if (kind < 0) {
		err = (int)kind;
		goto out;
	}
	recording_stopped(r, &m->state);
	/* Only to find a process again by its id, which is over. */
	map_free(&m->task_map);
	err = drop_folded_live(m);
	if (!err)
		err = unite_exes(m);
	if (!err)
		err = sum_tasks(m);
	if (!err)
		err = sum_trees(m);
	if (!err)
		judge(m);
nomem:
	if (err)
		recording_say(why, err, "no memory to read %s with %u processes", path,
			      m->nr_tasks);
out:
	recording_free(r);
	if (err)
		model_free(m);
	return err;
}

void model_free(struct model *m)
{
	map_free(&m->task_map);
	map_free(&m->cgroup_map);
	map_free(&m->exe_map);
	free(m->tasks);
	free(m->cgroups);
	free(m->exes);
	while (m->texts) {
		struct model_text *next = m->texts->next;

		free(m->texts);
		m->texts = next;
	}
	memset(m, 0, sizeof(*m));
}

const struct model_cgroup *model_cgroup(const struct model *m, __u64 id)
{
	__u32 i = map_find(&m->cgroup_map, (struct map_key){ id, 0 });

	return i == MAP_NONE ? NULL : &m->cgroups[i];
}

const struct model_exe *model_exe(const struct model *m, __u64 id)
{
	__u32 i = map_find(&m->exe_map, (struct map_key){ id, 0 });

	return i == MAP_NONE ? NULL : &m->exes[i];
}

static struct map_key group_key(const struct model *m, enum model_by by,
				const struct taskhold_info *info)
{
	const struct model_exe *exe;
	struct map_key key = {};

	switch (by) {
	case MODEL_BY_COMM:
		/* What stands behind the NUL is no part of it. */
		memcpy(&key, info->comm, model_comm_len(info->comm));
		break;
	case MODEL_BY_EXE:
		exe = model_exe(m, info->exe_id);
		key.a = exe ? m->exes[exe->same].id : info->exe_id;
		break;
	case MODEL_BY_USER:
		key.a = info->uid;
		break;
	case MODEL_BY_PARENT:
		key = (struct map_key){ info->ppid, info->parent_start_ns };
		break;
	case MODEL_BY_TASK:
	case MODEL_BY_CGROUP:
		break;
	}
	return key;
}

/* (tgid, start) is what a process is known by; the rare twin is left out. */
static int find_parents(struct model *m, struct model_group *groups, __u32 n)
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

long model_group(struct model *m, enum model_by by, struct model_group **out)
{
	struct model_group *groups = NULL, *g;
	struct model_sums rest = {};
	struct map map = {};
	__u32 i, n = 0, room = 0;
	__u64 overflow = m->flaws[MODEL_OVERFLOW];

	for (i = 0; i < m->nr_tasks; i++) {
		bool added;
		__u32 at = map_add(&map, group_key(m, by, &m->tasks[i].info), &added);

		if (at == MAP_NONE)
			goto nomem;
		g = entry((void **)&groups, &room, at, sizeof(*g));
		if (!g)
			goto nomem;
		if (added) {
			*g = (struct model_group){ .by = by, .task = &m->tasks[i] };
			n++;
		}
		add_task(m, &g->sums, &m->tasks[i]);
	}
	if (by == MODEL_BY_PARENT && find_parents(m, groups, n))
		goto nomem;
	for (i = 0; i < m->nr_cgroups; i++)
		if (m->cgroups[i].has_totals)
			add_totals(m, &rest, &m->cgroups[i].totals);
	add(m, &rest.use.cpu_ns, m->moved_rest_ns);
	if (rest.tasks || rest.use.cpu_ns) {
		g = entry((void **)&groups, &room, n, sizeof(*g));
		if (!g)
			goto nomem;
		*g = (struct model_group){ .by = by, .rest = true, .sums = rest };
		n++;
	}
	/* The same sums again: what went over was counted when they were read. */
	m->flaws[MODEL_OVERFLOW] = overflow;
	map_free(&map);
	*out = groups;
	return n;
nomem:
	free(groups);
	map_free(&map);
	return -ENOMEM;
}
