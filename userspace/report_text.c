// SPDX-License-Identifier: GPL-2.0-only
/* The report for people: what was recorded, a table, what it adds up to. */
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "report.h"
#include "units.h"

#define COMMAND_SHOWN	512	/* bytes */

__attribute__((format(printf, 2, 3)))
static void line(const char *key, const char *fmt, ...)
{
	va_list ap;

	printf("%-10s ", key);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* @text, or "unknown", fit for a terminal. */
static const char *clean(struct report *r, const char *text)
{
	const char *out = text_term(&r->ctx.buf, text ? text : "unknown",
				    text ? strnlen(text, COMMAND_SHOWN) : 7);

	return out ? out : "(no memory)";
}

static void print_when(struct report *r)
{
	const struct taskhold_begin *b = &r->model->begin;
	time_t sec = (time_t)(b->real_ns / 1000000000u);
	char when[64] = "at an unknown time";
	struct tm tm;

	if (localtime_r(&sec, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %z", &tm);
	line("recorded", "%s, for %s", when, units_ns(r->model->stop_ns - b->time_ns).s);
}

static void print_scope(struct report *r)
{
	const struct taskhold_begin *b = &r->model->begin;
	const struct model_cgroup *root;

	switch (b->scope) {
	case TASKHOLD_SCOPE_ALL:
		line("scope", "every process");
		break;
	case TASKHOLD_SCOPE_TREE:
		line("scope", "process %u and its descendants", b->root_pid);
		break;
	case TASKHOLD_SCOPE_CGROUP:
		root = model_cgroup(r->model, b->root_cgroup_id);
		if (root && root->path)
			line("scope", "cgroup %s and those below it", clean(r, root->path));
		else
			line("scope", "cgroup:%llu and those below it",
			     (unsigned long long)b->root_cgroup_id);
		break;
	default:
		line("scope", "unknown (%u)", b->scope);
		break;
	}
}

static void print_end(struct report *r)
{
	const struct taskhold_end *end = &r->model->end;
	const char *why;

	switch (end->why) {
	case TASKHOLD_END_COMMAND:
		if (WIFSIGNALED(end->status))
			line("ended", "the command was killed by SIG%s",
			     units_signal((unsigned int)WTERMSIG(end->status)).s);
		else
			line("ended", "the command exited with status %d",
			     WEXITSTATUS(end->status));
		return;
	case TASKHOLD_END_SIGNAL:
		why = "by SIGINT or SIGTERM";
		break;
	case TASKHOLD_END_DETACHED:
		line("ended", "as the policy was detached%s%s", r->model->detached ? ": " : "",
		     r->model->detached ? clean(r, r->model->detached) : "");
		return;
	case TASKHOLD_END_TASK:
		why = "as the process to follow ended";
		break;
	default:
		why = "for an unknown reason";
		break;
	}
	line("ended", "%s", why);
}

static void print_head(struct report *r)
{
	const struct model *m = r->model;

	printf("%-10s %s", "host", clean(r, m->hostname));
	printf(", Linux %s", clean(r, m->kernel));
	printf(" %s, %u CPUs\n", clean(r, m->machine), m->begin.ncpus);
	print_when(r);
	print_scope(r);
	if (m->command)
		line("command", "%s%s", clean(r, m->command),
		     strlen(m->command) > COMMAND_SHOWN ? " ..." : "");
	if (m->has_end)
		print_end(r);
}

/* Is row number @i of folded processes, of which no name is known? */
static bool is_rest(const struct report *r, __u64 i)
{
	const void *row = report_row(r, i);

	switch (r->row) {
	case FIELDS_TASK:
	case FIELDS_CGROUP:
		return false;
	case FIELDS_THREAD:
		return ((const struct thread *)row)->rest;
	default:
		return ((const struct group *)row)->rest;
	}
}

static int print_table(struct report *r)
{
	struct libscols_table *tb;
	struct libscols_line *ln;
	struct fields_value v;
	int err = -ENOMEM;
	size_t f;
	__u64 i;

	scols_init_debug(0);
	tb = scols_new_table();
	if (!tb)
		return err;
	/* Everything has gone through text_term(); twice would escape \ again. */
	scols_table_enable_noencoding(tb, 1);
	for (f = 0; f < r->nr_fields; f++) {
		const struct field *field = r->fields[f];
		int flags = 0;

		if (field->kind != FIELDS_TEXT && field->kind != FIELDS_UID)
			flags = SCOLS_FL_RIGHT;
		/* Paths give way where a terminal is narrow. */
		else if (field->kind == FIELDS_TEXT)
			flags = SCOLS_FL_TRUNC;
		if (!scols_table_new_column(tb, field->title, 0, flags))
			goto out;
	}
	for (i = 0; i < r->nr_rows; i++) {
		ln = scols_table_new_line(tb, NULL);
		if (!ln)
			goto out;
		for (f = 0; f < r->nr_fields; f++) {
			const char *text;

			fields_get(&r->ctx, r->fields[f], report_row(r, i), &v);
			text = fields_human(&r->ctx, r->fields[f], &v);
			/* A name that was never given is no dash. */
			if (text && v.type == FIELDS_NONE && f == 0 && is_rest(r, i))
				text = "(folded)";
			if (!text || scols_line_set_data(ln, f, text) != 0)
				goto out;
		}
	}
	err = scols_print_table(tb) ? -ENOMEM : 0;
out:
	scols_unref_table(tb);
	return err;
}

/*
 * The kernel tells what it charged for a part of the CPU time alone: not for the
 * root, and not for cgroups that others than the recorded used as well.
 */
static void print_witness(const struct model *m)
{
	if (!m->has_residual) {
		line("cpu.stat", "known of no cgroup in which all was recorded: nothing to compare with");
		return;
	}
	printf("%-10s %s of this CPU was used where cpu.stat is known; ",
	       "cpu.stat", units_ns(m->residual_tree_ns).s);
	printf("the kernel charged %s there, difference %s", units_ns(m->residual_stat_ns).s,
	       units_signed_ns(m->residual_ns).s);
	if (m->has_ppm)
		printf(" (%lld ppm)", (long long)m->residual_ppm);
	putchar('\n');
}

static void print_totals(struct report *r)
{
	const struct model *m = r->model;
	const struct sums *s = &m->totals;

	printf("%-10s %llu processes: %llu finished, %llu live at the end", "total",
	       (unsigned long long)s->tasks, (unsigned long long)m->finished,
	       (unsigned long long)s->live);
	if (s->folded)
		printf(", %llu folded", (unsigned long long)s->folded);
	if (m->lost)
		printf("; %llu lost", (unsigned long long)m->lost);
	printf("; CPU %s", units_ns(s->use.cpu_ns).s);
	printf(" (user %s", units_ns(s->use.user_ns).s);
	printf(", sys %s)\n", units_ns(s->use.sys_ns).s);
	if (threads_known(m))
		line("threads", "%u recorded one by one besides the first of each process: %llu finished, %llu live at the end",
		     m->nr_threads, (unsigned long long)(m->nr_threads - m->threads_live),
		     (unsigned long long)m->threads_live);
	print_witness(m);
}

static void print_complete(struct report *r)
{
	const struct recording_state *s = &r->model->state;
	unsigned int i;

	printf("complete: %s\n", r->model->complete ? "yes" : "no");
	for (i = 0; i < MODEL_NR_FLAWS; i++) {
		if (!r->model->flaws[i])
			continue;
		if (i != MODEL_FILE) {
			printf("  %s: %llu (%s)\n", model_flaw_name(i),
			       (unsigned long long)r->model->flaws[i], model_flaw_text(i));
			continue;
		}
		printf("  %s: %s at byte %llu, ", model_flaw_name(i),
		       recording_stop_name(s->stop), (unsigned long long)s->offset);
		if (s->left_known)
			printf("%llu bytes left", (unsigned long long)s->left);
		else
			printf("an unknown number of bytes left");
		printf(" (%s)\n", model_flaw_text(i));
	}
}

int report_text(struct report *r)
{
	int err = 0;

	print_head(r);
	putchar('\n');
	if (r->nr_rows)
		err = print_table(r);
	if (err)
		return err;
	if (r->nr_rows < r->nr_all)
		printf("%llu more, --limit 0 shows all\n",
		       (unsigned long long)(r->nr_all - r->nr_rows));
	if (r->nr_idle)
		printf("%llu cgroups more in which nothing ran\n",
		       (unsigned long long)r->nr_idle);
	if (r->nr_rows)
		putchar('\n');
	print_totals(r);
	print_complete(r);
	return 0;
}
