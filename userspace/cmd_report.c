// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold report: what a recording says.  docs/report.md is its manual.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "error.h"
#include "report.h"

/* People get processes one by one up to this many, else by name. */
#define FEW_TASKS	50u
/* Nobody reads more, and a table is laid out in memory. */
#define TEXT_ROWS	1000u

static const char usage[] =
"usage: taskhold report FILE [option...]\n"
"Says what a recording holds: what ran, what it cost, and whether all is there.\n"
"FILE is what taskhold record wrote, - is standard input.\n"
"\n"
"  --by WHAT          a row for each task, thread (where they were recorded one\n"
"                     by one), comm, exe, cgroup, user or parent;\n"
"                     default: task; in a table without --sort and --fields,\n"
"                     comm if there are over 50 tasks\n"
"  --sort FIELD[,asc|,desc]\n"
"                     order of the rows, default: cpu_ns,desc\n"
"  --limit N          the first N rows, 0: all; default: all, in a table 1000\n"
"  --fields LIST      fields to show, separated by commas, or all;\n"
"                     help lists them with their units and meanings\n"
"  --json             one JSON object: everything, and the rows\n"
"  --csv              the rows by RFC 4180, with a header\n"
"  --require-complete exit with 5 if anything is missing\n"
"  -h, --help         this text\n"
"\n"
"Exit status: 0, 2 wrong usage, 4 FILE cannot be read or is no recording,\n"
"5 see --require-complete.\n";

enum form { FORM_TEXT, FORM_JSON, FORM_CSV };

struct options {
	const char *file;
	int by;			/* enum fields_row, -1: not given */
	const char *sort;
	const char *fields;
	__u64 limit;
	bool limit_given;
	enum form form;
	bool require_complete;
};

/* Of rows that are groups. */
static const enum group_by group_of[FIELDS_NR_ROWS] = {
	[FIELDS_COMM]	= GROUP_BY_COMM,
	[FIELDS_EXE]	= GROUP_BY_EXE,
	[FIELDS_USER]	= GROUP_BY_USER,
	[FIELDS_PARENT]	= GROUP_BY_PARENT,
};

const char *report_scope_name(__u32 scope)
{
	switch (scope) {
	case TASKHOLD_SCOPE_ALL:
		return "all";
	case TASKHOLD_SCOPE_TREE:
		return "tree";
	case TASKHOLD_SCOPE_CGROUP:
		return "cgroup";
	default:
		return "unknown";
	}
}

const char *report_why_name(__u32 why)
{
	switch (why) {
	case TASKHOLD_END_COMMAND:
		return "command";
	case TASKHOLD_END_SIGNAL:
		return "signal";
	case TASKHOLD_END_DETACHED:
		return "detached";
	case TASKHOLD_END_TASK:
		return "task";
	default:
		return "unknown";
	}
}

static int parse_by(const char *arg)
{
	int row;

	for (row = 0; row < FIELDS_NR_ROWS; row++)
		if (!strcmp(arg, fields_row_name((enum fields_row)row)))
			return row;
	return -1;
}

static int parse_limit(const char *arg, __u64 *limit)
{
	char *end;

	if (!*arg || strspn(arg, "0123456789") != strlen(arg))
		return -EINVAL;
	errno = 0;
	*limit = strtoull(arg, &end, 10);
	return errno ? -errno : 0;
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	enum { BY = 256, SORT, LIMIT, FIELDS, JSON, CSV, COMPLETE };
	static const struct option longs[] = {
		{ "by", required_argument, NULL, BY },
		{ "sort", required_argument, NULL, SORT },
		{ "limit", required_argument, NULL, LIMIT },
		{ "fields", required_argument, NULL, FIELDS },
		{ "json", no_argument, NULL, JSON },
		{ "csv", no_argument, NULL, CSV },
		{ "require-complete", no_argument, NULL, COMPLETE },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (c) {
		case BY:
			o->by = parse_by(optarg);
			if (o->by < 0)
				return th_fail(TH_USAGE, "report: --by takes task, thread, comm, exe, cgroup, user or parent, not '%s'",
					       optarg);
			break;
		case SORT:
			o->sort = optarg;
			break;
		case LIMIT:
			if (parse_limit(optarg, &o->limit))
				return th_fail(TH_USAGE, "report: --limit takes a number of rows, 0 for all, not '%s'",
					       optarg);
			o->limit_given = true;
			break;
		case FIELDS:
			o->fields = optarg;
			break;
		case JSON:
		case CSV:
			if (o->form != FORM_TEXT && o->form != (c == JSON ? FORM_JSON : FORM_CSV))
				return th_fail(TH_USAGE, "report: --json and --csv exclude each other");
			o->form = c == JSON ? FORM_JSON : FORM_CSV;
			break;
		case COMPLETE:
			o->require_complete = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return TH_OK;
		default:
			return th_bad_option("report", longs, c, argv);
		}
	}
	if (o->fields && !strcmp(o->fields, "help") && optind == argc)
		return -1;
	if (optind == argc)
		return th_fail(TH_USAGE, "report: which recording? Give its file, or - for standard input");
	if (optind + 1 < argc)
		return th_fail(TH_USAGE, "report: takes one recording, and got '%s' as well",
			       argv[optind + 1]);
	o->file = argv[optind];
	return -1;
}

/* Fields of a row kind, or of all; by CSV as docs/report.md is checked against. */
static int print_fields(const struct options *o)
{
	int row;
	size_t i, n;

	if (o->form == FORM_JSON)
		return th_fail(TH_USAGE, "report: --fields help is text or --csv");
	if (o->form == FORM_CSV)
		printf("by,field,unit,meaning\r\n");
	for (row = 0; row < FIELDS_NR_ROWS; row++) {
		const struct field *f = fields_of((enum fields_row)row, &n);

		if (o->by >= 0 && row != o->by)
			continue;
		if (o->form == FORM_TEXT)
			printf("%s--by %s\n", row && o->by < 0 ? "\n" : "",
			       fields_row_name((enum fields_row)row));
		for (i = 0; i < n; i++) {
			if (o->form == FORM_CSV)
				printf("%s,%s,%s,\"%s\"\r\n",
				       fields_row_name((enum fields_row)row), f[i].name,
				       f[i].unit, f[i].text);
			else
				printf("  %-16s %-6s %s\n", f[i].name, f[i].unit, f[i].text);
		}
	}
	return th_end_output(TH_OK);
}

static int pick_fields(struct report *r, const struct options *o)
{
	size_t n, i, len;
	const struct field *all = fields_of(r->row, &n), *f;
	const char *at = o->fields;
	bool every = at ? !strcmp(at, "all") : o->form != FORM_TEXT;

	/* A field may be asked for twice; not more often than the list has commas. */
	len = n + (at ? strlen(at) : 0);
	r->fields = calloc(len, sizeof(*r->fields));
	if (!r->fields)
		return th_fail(TH_IO, "report: no memory");
	if (!at || every) {
		for (i = 0; i < n; i++)
			if (every || all[i].shown)
				r->fields[r->nr_fields++] = &all[i];
		return TH_OK;
	}
	for (;; at += len + 1) {
		len = strcspn(at, ",");
		f = fields_find(r->row, at, len);
		if (!f)
			return th_fail(TH_USAGE, "report: --by %s has no field '%.*s'; --fields help lists those there are",
				       fields_row_name(r->row), (int)len, at);
		for (i = 0; i < r->nr_fields; i++)
			if (r->fields[i] == f)
				return th_fail(TH_USAGE, "report: --fields has '%s' twice",
					       f->name);
		r->fields[r->nr_fields++] = f;
		if (!at[len])
			return TH_OK;
	}
}

struct sort_key {
	__u32 index;
	enum { KEY_NUMBER, KEY_TEXT, KEY_UNNAMED, KEY_NONE } type;
	union {
		__int128 number;
		struct {
			const char *text;
			size_t len;
		};
	};
};

/* By value, what has none behind the others whichever way they go. */
static int compare(const void *a, const void *b, void *descending)
{
	const struct sort_key *x = a, *y = b;
	int cmp = 0;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->type == KEY_TEXT) {
		cmp = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
		if (!cmp)
			cmp = x->len < y->len ? -1 : x->len > y->len;
	} else if (x->type != KEY_NONE) {
		cmp = x->number < y->number ? -1 : x->number > y->number;
	}
	if (cmp)
		return *(const bool *)descending ? -cmp : cmp;
	/* As they came, so that the order is always the same. */
	return x->index < y->index ? -1 : x->index > y->index;
}

static int sort_rows(struct report *r, const struct options *o)
{
	const char *by = o->sort ? o->sort : "cpu_ns,desc";
	size_t len = strcspn(by, ",");
	const struct field *field = fields_find(r->row, by, len);
	struct sort_key *keys;
	struct fields_value v;
	bool descending;
	__u64 i;

	if (!field)
		return th_fail(TH_USAGE, "report: --by %s has no field '%.*s' to sort by; --fields help lists those there are",
			       fields_row_name(r->row), (int)len, by);
	descending = fields_descending(field);
	if (!strcmp(by + len, ",desc"))
		descending = true;
	else if (!strcmp(by + len, ",asc"))
		descending = false;
	else if (by[len])
		return th_fail(TH_USAGE, "report: --sort takes FIELD, FIELD,asc or FIELD,desc, not '%s'",
			       by);

	keys = malloc((r->nr_all + 1) * sizeof(*keys));
	if (!keys)
		return th_fail(TH_IO, "report: no memory to sort %llu rows",
			       (unsigned long long)r->nr_all);
	for (i = 0; i < r->nr_all; i++) {
		fields_get(&r->ctx, field, report_row(r, i), &v);
		keys[i].index = r->order[i];
		switch (v.type) {
		case FIELDS_NONE:
			keys[i].type = KEY_NONE;
			break;
		case FIELDS_STRING:
			keys[i].type = v.made ? KEY_UNNAMED : KEY_TEXT;
			if (v.made) {
				keys[i].number = v.u;
			} else {
				keys[i].text = v.text;
				keys[i].len = v.len;
			}
			break;
		case FIELDS_S64:
			keys[i].type = KEY_NUMBER;
			keys[i].number = v.s;
			break;
		default:
			keys[i].type = KEY_NUMBER;
			keys[i].number = v.u;
			break;
		}
	}
	qsort_r(keys, r->nr_all, sizeof(*keys), compare, &descending);
	for (i = 0; i < r->nr_all; i++)
		r->order[i] = keys[i].index;
	free(keys);
	return TH_OK;
}

static bool idle(const struct model_cgroup *cg)
{
	return !cg->tree_tasks && !cg->cpu_tree_ns && !cg->residual_ns;
}

/* The rows in the order of the recording, all of them; *@made is to be freed. */
static int make_rows(struct report *r, const struct options *o, void **made)
{
	struct thread *threads = NULL;
	struct group *groups = NULL;
	struct model *m = r->model;
	long n;
	__u32 i;

	switch (r->row) {
	case FIELDS_TASK:
		r->rows = (const char *)m->tasks;
		r->row_size = sizeof(*m->tasks);
		n = m->nr_tasks;
		break;
	case FIELDS_THREAD:
		n = threads_make(m, &threads);
		r->rows = (const char *)threads;
		r->row_size = sizeof(*threads);
		*made = threads;
		break;
	case FIELDS_CGROUP:
		r->rows = (const char *)m->cgroups;
		r->row_size = sizeof(*m->cgroups);
		n = m->nr_cgroups;
		break;
	default:
		n = group_make(m, group_of[r->row], &groups);
		r->rows = (const char *)groups;
		r->row_size = sizeof(*groups);
		*made = groups;
		break;
	}
	r->order = n < 0 ? NULL : malloc(((size_t)n + 1) * sizeof(*r->order));
	if (!r->order)
		return th_fail(TH_IO, "report: no memory for the rows");
	for (i = 0; i < (__u32)n; i++) {
		if (r->row == FIELDS_CGROUP && o->form == FORM_TEXT && idle(&m->cgroups[i]))
			r->nr_idle++;
		else
			r->order[r->nr_all++] = i;
	}
	return TH_OK;
}

static int print_report(struct report *r, const struct options *o, void **made)
{
	int status, err = 0;

	status = make_rows(r, o, made);
	if (!status)
		status = pick_fields(r, o);
	if (!status)
		status = sort_rows(r, o);
	if (status)
		return status;
	r->nr_rows = r->nr_all;
	if (o->limit_given ? o->limit && o->limit < r->nr_rows : o->form == FORM_TEXT)
		r->nr_rows = o->limit_given ? o->limit :
			     r->nr_all < TEXT_ROWS ? r->nr_all : TEXT_ROWS;
	switch (o->form) {
	case FORM_TEXT:
		err = report_text(r);
		break;
	case FORM_JSON:
		err = report_json(r);
		break;
	case FORM_CSV:
		err = report_csv(r);
		break;
	}
	if (err)
		return th_fail(TH_IO, "report: no memory to print %llu rows; --limit prints fewer",
			       (unsigned long long)r->nr_rows);
	return th_end_output(TH_OK);
}

int cmd_report(int argc, char **argv)
{
	struct options o = { .by = -1 };
	struct recording_why why;
	void *made = NULL;
	struct report r = {};
	struct model m;
	int status;

	status = parse_options(argc, argv, &o);
	if (status >= 0)
		return status;
	if (o.fields && !strcmp(o.fields, "help"))
		return print_fields(&o);
	/* So that the table knows which characters can be shown, and how wide. */
	setlocale(LC_CTYPE, "");
	if (model_load(&m, o.file, &why))
		return th_fail(TH_IO, "report: %s", why.text);
	r.ctx.model = &m;
	r.model = &m;
	r.file = o.file;
	r.row = FIELDS_TASK;
	if (o.by >= 0)
		r.row = (enum fields_row)o.by;
	else if (o.form == FORM_TEXT && !o.sort && !o.fields && m.nr_tasks > FEW_TASKS)
		r.row = FIELDS_COMM;
	if (r.row == FIELDS_THREAD && !threads_known(&m))
		status = th_fail(TH_USAGE, "report: --by thread: %s tells of processes alone; record with --threads to have a row for each thread",
				 o.file);
	else
		status = print_report(&r, &o, &made);
	if (!status && o.require_complete && !m.complete)
		status = th_fail(TH_INCOMPLETE, "report: %s is not complete, see 'complete' in the report",
				 o.file);
	text_free(&r.ctx.buf);
	free(r.order);
	free(r.fields);
	free(made);
	model_free(&m);
	return status;
}
