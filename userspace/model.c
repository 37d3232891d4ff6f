// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the items of a recording to processes, cgroups and sums, see model.h.
 *
 * Records of threads are set apart before anything is summed: their numbers are
 * in those of their processes already.
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

#include "array.h"
#include "model.h"
#include "tree.h"

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
	[TASKHOLD_NO_CGROUP] = { "no-cgroup",
		"sums that had no room or no memory for their cgroup: they stand at cgroup:0" },
	[TASKHOLD_FOLD_THREAD] = { "fold-thread",
		"threads without a row: their process has their numbers, so the sums are right" },
	[MODEL_RING_LOST] = { "ring-lost",
		"names and counters of cgroups lost when the ring buffer was full" },
	[MODEL_FILE] = { "file",
		"the file cannot be read to its end" },
	[MODEL_NO_END] = { "no-end",
		"the recording did not end in order, or has not ended yet" },
	[MODEL_DETACHED] = { "detached",
		"the policy was detached from outside: what was held then is missing" },
	[MODEL_NO_COUNTERS] = { "no-counters",
		"the counters of the policy are missing, so losses are not known" },
	[MODEL_FINISHED_MISSING] = { "finished-missing",
		"finished processes or threads that were written are not in the file" },
	[MODEL_REPEATED] = { "repeated",
		"processes or threads stand in the file twice; the first counts" },
	[MODEL_VANISHED] = { "vanished",
		"processes or threads were seen running, and nothing tells of their end" },
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

static struct model_cgroup *cgroup_of(struct model *m, __u64 id)
{
	bool added;
	__u32 i = map_add(&m->cgroup_map, (struct map_key){ id, 0 }, &added);
	struct model_cgroup *cg;

	if (i == MAP_NONE)
		return NULL;
	if (!added)
		return &m->cgroups[i];
	cg = map_entry((void **)&m->cgroups, &m->room_cgroups, i, sizeof(*cg));
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
	exe = map_entry((void **)&m->exes, &m->room_exes, i, sizeof(*exe));
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
		{ "detached=", &m->detached },
	};
	size_t i, n;

	if (!memchr(body, '=', len) || memchr(body, 0, len))
		return -EBADMSG;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
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
	task = map_entry((void **)&m->tasks, &m->room_tasks, i, sizeof(*task));
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
	m->finished_items += finished;
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

static bool is_thread(const struct model_task *task)
{
	return task->info.flags & TASKHOLD_INFO_THREAD;
}

static int by_seen(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/*
 * What was LIVE in some sample and is not FINISHED either runs at the end, or
 * it was folded: then it is in the totals, or a thread in its process, and must
 * not count twice.  END tells how many run; as these were written last, they are
 * the last seen.
 */
static int drop_folded_live(struct model *m)
{
	__u64 live = m->nr_tasks - m->finished_items;
	__u64 limit, *seen, n = 0;
	__u32 i, kept = 0;
	__u64 threads = 0;

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
		else
			threads += is_thread(&m->tasks[i]);
	m->nr_tasks = kept;
	m->vanished_threads = threads;
	m->vanished_tasks = live - m->end.live - threads;
	return 0;
}

/* Both keep their order. */
static int part_threads(struct model *m)
{
	__u32 i, tasks = 0, threads = 0;

	for (i = 0; i < m->nr_tasks; i++)
		threads += is_thread(&m->tasks[i]);
	m->finished = m->finished_items;
	if (!threads)
		return 0;
	m->threads = malloc(threads * sizeof(*m->threads));
	if (!m->threads)
		return -ENOMEM;
	for (i = 0; i < m->nr_tasks; i++) {
		const struct model_task *task = &m->tasks[i];

		if (!is_thread(task)) {
			m->tasks[tasks++] = *task;
			continue;
		}
		m->threads[m->nr_threads++] = *task;
		m->finished -= task->finished;
		m->threads_live += !task->finished;
	}
	m->nr_tasks = tasks;
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
	__u64 *over = &m->flaws[MODEL_OVERFLOW];
	__u64 moved = 0, task_moved = 0;
	__u32 i;

	for (i = 0; i < m->nr_tasks; i++) {
		const struct model_task *task = &m->tasks[i];
		struct model_cgroup *cg = cgroup_of(m, task->info.cgroup_id);
		struct taskhold_info here = task->info;
		__u64 away = here.cpu_moved_ns;

		if (!cg)
			return -ENOMEM;
		if (away > here.use.cpu_ns)
			away = here.use.cpu_ns;
		here.use.cpu_ns -= away;
		sums_add_task(over, &cg->sums, &here, task->finished);
		sums_add(over, &cg->moved_in_ns, away);
		sums_add_task(over, &m->totals, &task->info, task->finished);
		sums_add(over, &task_moved, away);
	}
	for (i = 0; i < m->nr_cgroups; i++) {
		struct model_cgroup *cg = &m->cgroups[i];

		if (!cg->has_totals)
			continue;
		sums_add_totals(over, &cg->sums, &cg->totals);
		sums_add(over, &cg->sums.use.cpu_ns, cg->totals.moved_ns);
		sums_add_totals(over, &m->totals, &cg->totals);
		sums_add(over, &moved, cg->totals.moved_ns);
	}
	/*
	 * What processes used before they moved stands in totals.moved_ns and,
	 * for those not folded, in their cpu_ns too.  The rest is of the folded.
	 */
	m->moved_rest_ns = sums_less(moved, task_moved);
	sums_add(over, &m->totals.use.cpu_ns, m->moved_rest_ns);
	return 0;
}

static void judge(struct model *m)
{
	__u64 *over = &m->flaws[MODEL_OVERFLOW];
	unsigned int i;

	if (m->has_policy)
		memcpy(m->flaws, m->policy.reasons, sizeof(m->policy.reasons));
	else
		m->flaws[MODEL_NO_COUNTERS] = 1;
	if (m->has_end) {
		m->flaws[MODEL_RING_LOST] = m->end.ring_lost;
		m->flaws[MODEL_DETACHED] = m->end.why == TASKHOLD_END_DETACHED;
		m->flaws[MODEL_FINISHED_MISSING] =
			sums_less(m->end.finished, m->finished_items + m->flaws[MODEL_REPEATED]);
	} else {
		m->flaws[MODEL_NO_END] = 1;
	}
	m->flaws[MODEL_FILE] = m->state.stop != RECORDING_WHOLE;
	m->flaws[MODEL_VANISHED] = sums_less(m->vanished_tasks, m->totals.folded) +
		sums_less(m->vanished_threads, m->flaws[TASKHOLD_FOLD_THREAD]);
	sums_add(over, &m->lost, m->flaws[TASKHOLD_LOST_NOMEM]);
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
		err = part_threads(m);
	if (!err)
		err = unite_exes(m);
	if (!err)
		err = sum_tasks(m);
	if (!err)
		err = tree_sum(m);
	if (!err)
		judge(m);
nomem:
	if (err)
		recording_say(why, err, "no memory to read %s with %u processes and threads", path,
			      m->nr_tasks + m->nr_threads);
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
	free(m->threads);
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
