// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of fields.  A new field is one line here; tests/cli/report_test
 * then says which line docs/report.md lacks.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "fields.h"
#include "units.h"

#define AT(type, member)	.offset = offsetof(type, member), \
				.size = sizeof(((type *)0)->member)
#define GET(fn)			.get = fn
#define UNUSED			__attribute__((unused))
#define LEN(array)		(sizeof(array) / sizeof((array)[0]))

static void set_u64(struct fields_value *v, __u64 u)
{
	v->type = FIELDS_U64;
	v->u = u;
}

static void set_text(struct fields_value *v, const char *text, size_t len)
{
	v->type = FIELDS_STRING;
	v->text = text;
	v->len = len;
}

/* A name, or "what:ID" where the recording does not tell it. */
static void set_name(struct fields_context *ctx, struct fields_value *v,
		     const char *what, const char *name, __u64 id)
{
	if (name) {
		set_text(v, name, strlen(name));
		return;
	}
	snprintf(ctx->made, sizeof(ctx->made), "%s:%llu", what, (unsigned long long)id);
	set_text(v, ctx->made, strlen(ctx->made));
	v->made = true;
	v->u = id;
}

static void set_exe(struct fields_context *ctx, struct fields_value *v, __u64 id)
{
	const struct model_exe *exe = model_exe(ctx->model, id);

	if (id)
		set_name(ctx, v, "exe", exe ? exe->path : NULL, id);
}

static void set_s64(struct fields_value *v, __s64 s)
{
	v->type = FIELDS_S64;
	v->s = s;
}

/* Of a process. */
static void task_state(struct fields_context *ctx UNUSED, const void *row,
		       struct fields_value *v)
{
	const struct model_task *t = row;
	const char *state = t->finished ? "finished" : "live";

	set_text(v, state, strlen(state));
}

static void task_exe(struct fields_context *ctx, const void *row,
		     struct fields_value *v)
{
	const struct model_task *t = row;

	set_exe(ctx, v, t->info.exe_id);
}

static void task_cgroup(struct fields_context *ctx, const void *row,
			struct fields_value *v)
{
	const struct model_task *t = row;
	const struct model_cgroup *cg = model_cgroup(ctx->model, t->info.cgroup_id);

	set_name(ctx, v, "cgroup", cg ? cg->path : NULL, t->info.cgroup_id);
}

static void task_start_real_ns(struct fields_context *ctx, const void *row,
			       struct fields_value *v)
{
	const struct taskhold_begin *begin = &ctx->model->begin;
	const struct model_task *t = row;

	set_u64(v, begin->real_ns + (t->info.start_ns - begin->time_ns));
}

static void task_wall_ns(struct fields_context *ctx, const void *row,
			 struct fields_value *v)
{
	const struct model_task *t = row;
	__u64 end = t->info.exit_ns;

	if (!end && !t->finished)
		end = ctx->model->stop_ns;
	if (end >= t->info.start_ns)
		set_u64(v, end - t->info.start_ns);
}

static void task_exit_code(struct fields_context *ctx UNUSED, const void *row,
			   struct fields_value *v)
{
	const struct model_task *t = row;

	if (t->finished || (t->info.flags & TASKHOLD_INFO_EXITED))
		set_u64(v, t->info.exit_code);
}

static void task_exit_status(struct fields_context *ctx, const void *row,
			     struct fields_value *v)
{
	task_exit_code(ctx, row, v);
	if (v->type != FIELDS_U64)
		return;
	if (WIFEXITED((int)v->u))
		v->u = WEXITSTATUS((int)v->u);
	else
		v->type = FIELDS_NONE;
}

static void task_exit_signal(struct fields_context *ctx, const void *row,
			     struct fields_value *v)
{
	task_exit_code(ctx, row, v);
	if (v->type != FIELDS_U64)
		return;
	if (WIFSIGNALED((int)v->u))
		v->u = WTERMSIG((int)v->u);
	else
		v->type = FIELDS_NONE;
}

static void task_flags(struct fields_context *ctx, const void *row,
		       struct fields_value *v)
{
	static const char *const names[] = {
		"finished", "exited", "kthread", "older", "execed", "moved", "core", "folded",
		"thread",
	};
	const struct model_task *t = row;
	size_t i, len = 0;

	for (i = 0; i < LEN(names); i++)
		if (t->info.flags & (1u << i))
			len += (size_t)snprintf(ctx->made + len, sizeof(ctx->made) - len,
						"%s%s", len ? "+" : "", names[i]);
	set_text(v, ctx->made, len);
	v->made = true;
	v->u = t->info.flags;
}

/* Of a group: what any of its processes tells; none has what was folded. */
static void group_comm(struct fields_context *ctx UNUSED, const void *row,
		       struct fields_value *v)
{
	const struct group *g = row;

	if (g->task)
		set_text(v, g->task->info.comm, model_comm_len(g->task->info.comm));
}

static void group_exe(struct fields_context *ctx, const void *row,
		      struct fields_value *v)
{
	const struct group *g = row;

	if (g->task)
		set_exe(ctx, v, g->task->info.exe_id);
}

static void group_uid(struct fields_context *ctx UNUSED, const void *row,
		      struct fields_value *v)
{
	const struct group *g = row;

	if (g->task)
		set_u64(v, g->task->info.uid);
}

static void group_ppid(struct fields_context *ctx UNUSED, const void *row,
		       struct fields_value *v)
{
	const struct group *g = row;

	if (g->task)
		set_u64(v, g->task->info.ppid);
}

static void group_parent_start(struct fields_context *ctx UNUSED, const void *row,
			       struct fields_value *v)
{
	const struct group *g = row;

	if (g->task && g->task->info.parent_start_ns)
		set_u64(v, g->task->info.parent_start_ns);
}

static void group_parent_comm(struct fields_context *ctx UNUSED, const void *row,
			      struct fields_value *v)
{
	const struct group *g = row;

	if (g->parent)
		set_text(v, g->parent->info.comm, model_comm_len(g->parent->info.comm));
}

/* Of a cgroup. */
static void cgroup_path(struct fields_context *ctx, const void *row,
			struct fields_value *v)
{
	const struct model_cgroup *cg = row;

	set_name(ctx, v, "cgroup", cg->path, cg->id);
}

static void cgroup_stat(struct fields_context *ctx UNUSED, const void *row,
			struct fields_value *v)
{
	const struct model_cgroup *cg = row;

	if (cg->has_stat)
		set_u64(v, cg->cpu_stat_ns);
}

static void cgroup_residual(struct fields_context *ctx UNUSED, const void *row,
			    struct fields_value *v)
{
	const struct model_cgroup *cg = row;

	if (cg->has_residual)
		set_s64(v, cg->residual_ns);
}

static void cgroup_ppm(struct fields_context *ctx UNUSED, const void *row,
		       struct fields_value *v)
{
	const struct model_cgroup *cg = row;

	if (cg->has_ppm)
		set_s64(v, cg->residual_ppm);
}

/* Of all three kinds, from a struct taskhold_use at @use. */
#define TIMES(type, use) \
	{ "user_ns", "USER", "ns", "of cpu_ns, in user mode", \
	  FIELDS_NS, true, AT(type, use.user_ns), NULL }, \
	{ "sys_ns", "SYS", "ns", "of cpu_ns, in the kernel", \
	  FIELDS_NS, true, AT(type, use.sys_ns), NULL }

#define USE(type, use) \
	{ "nvcsw", "VCSW", "", "voluntary context switches", \
	  FIELDS_COUNT, false, AT(type, use.nvcsw), NULL }, \
	{ "nivcsw", "IVCSW", "", "involuntary context switches", \
	  FIELDS_COUNT, false, AT(type, use.nivcsw), NULL }, \
	{ "min_flt", "MINFLT", "", "page faults without I/O", \
	  FIELDS_COUNT, false, AT(type, use.min_flt), NULL }, \
	{ "maj_flt", "MAJFLT", "", "page faults with I/O", \
	  FIELDS_COUNT, false, AT(type, use.maj_flt), NULL }, \
	{ "rchar", "RCHAR", "bytes", "read by system calls", \
	  FIELDS_BYTES, false, AT(type, use.rchar), NULL }, \
	{ "wchar", "WCHAR", "bytes", "written by system calls", \
	  FIELDS_BYTES, false, AT(type, use.wchar), NULL }, \
	{ "read_bytes", "READ", "bytes", "fetched from storage", \
	  FIELDS_BYTES, false, AT(type, use.read_bytes), NULL }, \
	{ "write_bytes", "WRITE", "bytes", "sent to storage", \
	  FIELDS_BYTES, false, AT(type, use.write_bytes), NULL }

/* Of groups and cgroups, from a struct sums. */
#define SUMS(type) \
	{ "max_rss", "MAXRSS", "bytes", "highest resident memory of any one of them", \
	  FIELDS_BYTES, true, AT(type, sums.max_rss), NULL }, \
	{ "threads", "THREADS", "", "threads they had in all, those of folded ones not known", \
	  FIELDS_COUNT, false, AT(type, sums.threads), NULL }, \
	{ "live", "LIVE", "", "of tasks, ran when the recording ended", \
	  FIELDS_COUNT, false, AT(type, sums.live), NULL }, \
	{ "folded", "FOLDED", "", "of tasks, known by their sums alone", \
	  FIELDS_COUNT, false, AT(type, sums.folded), NULL }, \
	{ "failed", "FAILED", "", "of tasks, ended by a signal or with a status other than 0", \
	  FIELDS_COUNT, true, AT(type, sums.failed), NULL }, \
	{ "first_start_ns", "FIRST", "ns", "earliest start, CLOCK_BOOTTIME", \
	  FIELDS_TIME, false, AT(type, sums.first_ns), NULL }, \
	{ "last_exit_ns", "LAST", "ns", "latest exit, CLOCK_BOOTTIME", \
	  FIELDS_TIME, false, AT(type, sums.last_ns), NULL }

#define TASKS(type) \
	{ "tasks", "TASKS", "", "processes: finished, live and folded", \
	  FIELDS_COUNT, true, AT(type, sums.tasks), NULL }

#define GROUP_FIELDS \
	TASKS(struct group), \
	{ "cpu_ns", "CPU", "ns", "CPU time of all their threads, the exit path included", \
	  FIELDS_NS, true, AT(struct group, sums.use.cpu_ns), NULL }, \
	TIMES(struct group, sums.use), \
	USE(struct group, sums.use), \
	SUMS(struct group)

#define INFO(member)	AT(struct model_task, info.member), NULL

static const struct field task_fields[] = {
	{ "id", "ID", "", "number of the record, unique in the recording",
	  FIELDS_NUMBER, false, INFO(id) },
	{ "pid", "PID", "", "process id in the initial pid namespace",
	  FIELDS_NUMBER, true, INFO(tgid) },
	{ "ppid", "PPID", "", "process id of the parent at birth, 0: the kernel",
	  FIELDS_NUMBER, true, INFO(ppid) },
	{ "parent_start_ns", "PARENTSTART", "ns",
	  "start of that parent, CLOCK_BOOTTIME: with ppid it names it for good; none: the kernel",
	  FIELDS_TIME, false, INFO(parent_start_ns) },
	{ "uid", "USER", "", "real user id at the end, initial user namespace",
	  FIELDS_UID, true, INFO(uid) },
	{ "gid", "GID", "", "real group id at the end, initial user namespace",
	  FIELDS_NUMBER, false, INFO(gid) },
	{ "comm", "COMM", "", "name at exit, or when last seen",
	  FIELDS_TEXT, true, INFO(comm) },
	{ "comm_exec", "COMMEXEC", "", "name after the last exec, else at fork",
	  FIELDS_TEXT, false, INFO(comm_exec) },
	{ "exe", "EXE", "", "path of the executable; exe:ID if the recording does not tell; none: a kernel thread",
	  FIELDS_TEXT, false, GET(task_exe) },
	{ "exe_id", "EXEID", "", "number of that path in the recording, 0: none",
	  FIELDS_NUMBER, false, INFO(exe_id) },
	{ "state", "STATE", "", "finished, or live: its numbers are those when the recording ended",
	  FIELDS_TEXT, false, GET(task_state) },
	{ "exit_code", "EXIT", "", "status as wait(2) has it: code * 256 + signal + 128 if core was dumped; none: runs",
	  FIELDS_STATUS, true, GET(task_exit_code) },
	{ "exit_status", "STATUS", "", "argument of exit(), none if a signal ended it",
	  FIELDS_NUMBER, false, GET(task_exit_status) },
	{ "exit_signal", "SIGNAL", "", "signal that ended it, none if exit() did",
	  FIELDS_NUMBER, false, GET(task_exit_signal) },
	{ "start_ns", "START", "ns", "start, CLOCK_BOOTTIME: with pid it names the process for good",
	  FIELDS_TIME, true, INFO(start_ns) },
	{ "start_real_ns", "STARTREAL", "ns", "the same by the clock on the wall, since 1970 in UTC",
	  FIELDS_NUMBER, false, GET(task_start_real_ns) },
	{ "exec_ns", "EXEC", "ns", "last exec, CLOCK_BOOTTIME; none: it called none while held",
	  FIELDS_TIME, false, INFO(exec_ns) },
	{ "exit_ns", "END", "ns", "when its last thread began to exit, CLOCK_BOOTTIME; none: runs",
	  FIELDS_TIME, false, INFO(exit_ns) },
	{ "wall_ns", "WALL", "ns", "from start to exit, or to the end of the recording",
	  FIELDS_NS, true, GET(task_wall_ns) },
	{ "cpu_ns", "CPU", "ns", "CPU time of all its threads since it was held, the exit path included",
	  FIELDS_NS, true, INFO(use.cpu_ns) },
	TIMES(struct model_task, info.use),
	USE(struct model_task, info.use),
	{ "cpu_before_ns", "CPUBEFORE", "ns", "CPU time before it was held, in no other number",
	  FIELDS_NS, false, INFO(cpu_before_ns) },
	{ "cpu_moved_ns", "CPUMOVED", "ns", "of cpu_ns, in cgroups that it left",
	  FIELDS_NS, false, INFO(cpu_moved_ns) },
	{ "max_rss", "MAXRSS", "bytes", "highest resident memory",
	  FIELDS_BYTES, true, INFO(max_rss) },
	{ "threads", "THREADS", "", "threads it had in all while held, the first included",
	  FIELDS_COUNT, false, INFO(threads) },
	{ "flags", "FLAGS", "", "of finished, exited, kthread, older, execed, moved, core, folded, joined by +",
	  FIELDS_TEXT, false, GET(task_flags) },
	{ "cgroup_id", "CGROUPID", "", "id of its cgroup (v2) at the end",
	  FIELDS_NUMBER, false, INFO(cgroup_id) },
	{ "cgroup", "CGROUP", "", "path of that cgroup; cgroup:ID if the recording does not tell",
	  FIELDS_TEXT, true, GET(task_cgroup) },
};

/* What one thread has, and the rest of folded processes has not. */
#define OF_ONE		.none_if = offsetof(struct thread, rest)
#define ONE(fn)		GET(fn), OF_ONE
#define THREAD(member)	AT(struct thread, task.info.member), OF_ONE

static const struct field thread_fields[] = {
	{ "tid", "TID", "", "thread id in the initial pid namespace",
	  FIELDS_NUMBER, true, THREAD(tid) },
	{ "pid", "PID", "", "id of its process there, also that of the process's first thread",
	  FIELDS_NUMBER, true, THREAD(tgid) },
	{ "first", "FIRST", "", "it is the first of its process: its numbers are those of the process less those of the other rows, so threads without a row are in it",
	  FIELDS_BOOL, false, AT(struct thread, first), OF_ONE },
	{ "process_start_ns", "PROCSTART", "ns", "start of its process, CLOCK_BOOTTIME: with pid it names the process for good",
	  FIELDS_TIME, false, AT(struct thread, process_start_ns), NULL },
	{ "id", "ID", "", "number of the record, unique in the recording; first: that of the process",
	  FIELDS_NUMBER, false, THREAD(id) },
	{ "uid", "USER", "", "real user id at the end, initial user namespace",
	  FIELDS_UID, true, THREAD(uid) },
	{ "gid", "GID", "", "real group id at the end, initial user namespace",
	  FIELDS_NUMBER, false, THREAD(gid) },
	{ "comm", "COMM", "", "its name at exit, or when last seen",
	  FIELDS_TEXT, true, THREAD(comm) },
	{ "comm_exec", "COMMEXEC", "", "its name at birth; first: after the last exec of the process, else at fork",
	  FIELDS_TEXT, false, THREAD(comm_exec) },
	{ "exe", "EXE", "", "path of the executable; exe:ID if the recording does not tell; none: a kernel thread",
	  FIELDS_TEXT, false, ONE(task_exe) },
	{ "exe_id", "EXEID", "", "number of that path in the recording, 0: none",
	  FIELDS_NUMBER, false, THREAD(exe_id) },
	{ "state", "STATE", "", "finished, or live: its numbers are those when the recording ended",
	  FIELDS_TEXT, false, ONE(task_state) },
	{ "exit_code", "EXIT", "", "status as wait(2) has it: 0 of a thread that ended alone; first: of the process; none: runs",
	  FIELDS_STATUS, true, ONE(task_exit_code) },
	{ "exit_status", "STATUS", "", "argument of exit(), none if a signal ended it",
	  FIELDS_NUMBER, false, ONE(task_exit_status) },
	{ "exit_signal", "SIGNAL", "", "signal that ended it, none if exit() did",
	  FIELDS_NUMBER, false, ONE(task_exit_signal) },
	{ "start_ns", "START", "ns", "start, CLOCK_BOOTTIME: with tid it names the thread for good",
	  FIELDS_TIME, true, AT(struct thread, task.info.start_ns), NULL },
	{ "start_real_ns", "STARTREAL", "ns", "the same by the clock on the wall, since 1970 in UTC",
	  FIELDS_NUMBER, false, ONE(task_start_real_ns) },
	{ "exec_ns", "EXEC", "ns", "exec, CLOCK_BOOTTIME: the thread has become the first and its row ends there; first: the last exec of the process; none: none while held",
	  FIELDS_TIME, false, AT(struct thread, task.info.exec_ns), NULL },
	{ "exit_ns", "END", "ns", "when it began to exit, CLOCK_BOOTTIME, or called exec; first: when the last thread of the process began to; none: runs",
	  FIELDS_TIME, false, AT(struct thread, task.info.exit_ns), NULL },
	{ "wall_ns", "WALL", "ns", "from start to exit, or to the end of the recording",
	  FIELDS_NS, true, ONE(task_wall_ns) },
	{ "cpu_ns", "CPU", "ns", "CPU time since it was held, the exit path included",
	  FIELDS_NS, true, AT(struct thread, task.info.use.cpu_ns), NULL },
	TIMES(struct thread, task.info.use),
	USE(struct thread, task.info.use),
	{ "cpu_before_ns", "CPUBEFORE", "ns", "CPU time before it was held, in no other number",
	  FIELDS_NS, false, THREAD(cpu_before_ns) },
	{ "cpu_moved_ns", "CPUMOVED", "ns", "of cpu_ns, in cgroups that it left",
	  FIELDS_NS, false, THREAD(cpu_moved_ns) },
	{ "flags", "FLAGS", "", "as of a task, and thread of those that are not the first, joined by +",
	  FIELDS_TEXT, false, ONE(task_flags) },
	{ "cgroup_id", "CGROUPID", "", "id of its cgroup (v2) at the end",
	  FIELDS_NUMBER, false, THREAD(cgroup_id) },
	{ "cgroup", "CGROUP", "", "path of that cgroup; cgroup:ID if the recording does not tell",
	  FIELDS_TEXT, true, ONE(task_cgroup) },
};

static const struct field comm_fields[] = {
	{ "comm", "COMM", "", "name at exit; none: processes that were folded",
	  FIELDS_TEXT, true, GET(group_comm) },
	GROUP_FIELDS,
};

static const struct field exe_fields[] = {
	{ "exe", "EXE", "", "path of the executable; exe:ID if the recording does not tell; none: kernel threads, or folded",
	  FIELDS_TEXT, true, GET(group_exe) },
	GROUP_FIELDS,
};

static const struct field user_fields[] = {
	{ "uid", "USER", "", "real user id at the end; none: processes that were folded",
	  FIELDS_UID, true, GET(group_uid) },
	GROUP_FIELDS,
};

static const struct field parent_fields[] = {
	{ "parent_comm", "PARENT", "", "name of the parent, if it is in the recording",
	  FIELDS_TEXT, true, GET(group_parent_comm) },
	{ "ppid", "PPID", "", "process id of the parent at birth; none: processes that were folded",
	  FIELDS_NUMBER, true, GET(group_ppid) },
	{ "parent_start_ns", "START", "ns", "start of the parent, CLOCK_BOOTTIME; none: the kernel, or folded",
	  FIELDS_TIME, true, GET(group_parent_start) },
	GROUP_FIELDS,
};

#define CGROUP(member)	AT(struct model_cgroup, member), NULL

static const struct field cgroup_fields[] = {
	{ "path", "CGROUP", "", "path; cgroup:ID if the recording does not tell, cgroup:0: those over the limit of totals",
	  FIELDS_TEXT, true, GET(cgroup_path) },
	{ "id", "ID", "", "cgroup id (v2)",
	  FIELDS_NUMBER, false, CGROUP(id) },
	TASKS(struct model_cgroup),
	{ "cpu_ns", "CPU", "ns", "CPU time used in this very cgroup: of its processes less what they used in others, of those that moved on, of those folded",
	  FIELDS_NS, true, CGROUP(sums.use.cpu_ns) },
	{ "cpu_tree_ns", "CPUTREE", "ns", "cpu_ns of it and of all cgroups below it",
	  FIELDS_NS, true, CGROUP(cpu_tree_ns) },
	{ "cpu_stat_ns", "CPUSTAT", "ns", "what the kernel charged to the same during the recording, by cpu.stat; none: not known",
	  FIELDS_NS, true, GET(cgroup_stat) },
	{ "residual_ns", "RESIDUAL", "ns", "cpu_stat_ns - cpu_tree_ns; none: not covered, or cpu_stat_ns not known",
	  FIELDS_RESIDUAL, true, GET(cgroup_residual) },
	{ "residual_ppm", "PPM", "ppm", "residual_ns in millionths of cpu_stat_ns",
	  FIELDS_COUNT, true, GET(cgroup_ppm) },
	{ "covered", "COVERED", "", "every process in it was to be recorded",
	  FIELDS_BOOL, false, CGROUP(covered) },
	{ "removed", "REMOVED", "", "it was removed during the recording",
	  FIELDS_BOOL, true, CGROUP(removed) },
	{ "moved_in_ns", "MOVEDIN", "ns", "what its processes used in cgroups that they left, not in cpu_ns",
	  FIELDS_NS, false, CGROUP(moved_in_ns) },
	{ "moved_out_ns", "MOVEDOUT", "ns", "of cpu_ns, by processes that moved on",
	  FIELDS_NS, false, CGROUP(totals.moved_ns) },
	{ "user_ns", "USER", "ns", "in user mode, of its processes, also what they used in cgroups that they left",
	  FIELDS_NS, false, CGROUP(sums.use.user_ns) },
	{ "sys_ns", "SYS", "ns", "in the kernel, likewise",
	  FIELDS_NS, false, CGROUP(sums.use.sys_ns) },
	USE(struct model_cgroup, sums.use),
	SUMS(struct model_cgroup),
};

static const struct {
	const char *name;
	const struct field *fields;
	size_t count;
} rows[FIELDS_NR_ROWS] = {
	[FIELDS_TASK]	= { "task", task_fields, LEN(task_fields) },
	[FIELDS_THREAD]	= { "thread", thread_fields, LEN(thread_fields) },
	[FIELDS_COMM]	= { "comm", comm_fields, LEN(comm_fields) },
	[FIELDS_EXE]	= { "exe", exe_fields, LEN(exe_fields) },
	[FIELDS_USER]	= { "user", user_fields, LEN(user_fields) },
	[FIELDS_PARENT]	= { "parent", parent_fields, LEN(parent_fields) },
	[FIELDS_CGROUP]	= { "cgroup", cgroup_fields, LEN(cgroup_fields) },
};

const struct field *fields_of(enum fields_row row, size_t *count)
{
	*count = rows[row].count;
	return rows[row].fields;
}

const char *fields_row_name(enum fields_row row)
{
	return rows[row].name;
}

const struct field *fields_find(enum fields_row row, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < rows[row].count; i++) {
		const struct field *f = &rows[row].fields[i];

		if (strlen(f->name) == len && !memcmp(f->name, name, len))
			return f;
	}
	return NULL;
}

void fields_get(struct fields_context *ctx, const struct field *field,
		const void *row, struct fields_value *v)
{
	const char *at = (const char *)row + field->offset;
	__u32 small;
	bool truth;

	*v = (struct fields_value){ .type = FIELDS_NONE };
	if (field->none_if && *(const bool *)((const char *)row + field->none_if))
		return;
	if (field->get) {
		field->get(ctx, row, v);
		return;
	}
	switch (field->kind) {
	case FIELDS_TEXT:
		set_text(v, at, model_comm_len(at));
		return;
	case FIELDS_BOOL:
		memcpy(&truth, at, sizeof(truth));
		v->type = FIELDS_TRUTH;
		v->u = truth;
		return;
	default:
		break;
	}
	v->type = FIELDS_U64;
	if (field->size == sizeof(v->u)) {
		memcpy(&v->u, at, sizeof(v->u));
	} else {
		memcpy(&small, at, sizeof(small));
		v->u = small;
	}
	/* A time of 0 is one that has not come. */
	if (field->kind == FIELDS_TIME && !v->u)
		v->type = FIELDS_NONE;
}

/* The pointer stays: it is ctx->made, or what text_term() returns. */
static const char *made(struct fields_context *ctx, const char *text)
{
	snprintf(ctx->made, sizeof(ctx->made), "%s", text);
	return ctx->made;
}

static const char *human_status(struct fields_context *ctx, int status)
{
	if (WIFEXITED(status)) {
		snprintf(ctx->made, sizeof(ctx->made), "%d", WEXITSTATUS(status));
	} else if (WIFSIGNALED(status)) {
		struct units_text sig = units_signal((unsigned int)WTERMSIG(status));

		snprintf(ctx->made, sizeof(ctx->made), "%s%s", sig.s,
			 WCOREDUMP(status) ? "+core" : "");
	} else {
		snprintf(ctx->made, sizeof(ctx->made), "0x%x", (unsigned int)status);
	}
	return ctx->made;
}

static const char *human_uid(struct fields_context *ctx, __u64 uid)
{
	char buf[1024];
	struct passwd pw, *found;

	if (getpwuid_r((uid_t)uid, &pw, buf, sizeof(buf), &found) == 0 && found)
		return text_term(&ctx->buf, pw.pw_name, strlen(pw.pw_name));
	snprintf(ctx->made, sizeof(ctx->made), "%llu", (unsigned long long)uid);
	return ctx->made;
}

const char *fields_human(struct fields_context *ctx, const struct field *field,
			 const struct fields_value *v)
{
	switch (v->type) {
	case FIELDS_NONE:
		return "-";
	case FIELDS_STRING:
		return text_term(&ctx->buf, v->text, v->len);
	case FIELDS_TRUTH:
		return v->u ? "yes" : "no";
	case FIELDS_S64:
		if (field->kind == FIELDS_RESIDUAL)
			return made(ctx, units_signed_ns(v->s).s);
		snprintf(ctx->made, sizeof(ctx->made), "%lld", (long long)v->s);
		return ctx->made;
	case FIELDS_U64:
		break;
	}
	switch (field->kind) {
	case FIELDS_NS:
		return made(ctx, units_ns(v->u).s);
	case FIELDS_TIME:
		return made(ctx, units_signed_ns((__s64)(v->u - ctx->model->begin.time_ns)).s);
	case FIELDS_BYTES:
		return made(ctx, units_bytes(v->u).s);
	case FIELDS_UID:
		return human_uid(ctx, v->u);
	case FIELDS_STATUS:
		return human_status(ctx, (int)v->u);
	default:
		snprintf(ctx->made, sizeof(ctx->made), "%llu", (unsigned long long)v->u);
		return ctx->made;
	}
}

bool fields_descending(const struct field *field)
{
	switch (field->kind) {
	case FIELDS_NS:
	case FIELDS_RESIDUAL:
	case FIELDS_BYTES:
	case FIELDS_COUNT:
	case FIELDS_BOOL:
		return true;
	default:
		return false;
	}
}
