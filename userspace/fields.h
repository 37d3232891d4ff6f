/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fields of the report: one table behind its text, JSON, CSV, --sort,
 * --fields and docs/report.md.
 */
#ifndef _FIELDS_H
#define _FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "group.h"
#include "model.h"
#include "text.h"
#include "threads.h"

/* What a row of the report is about. */
enum fields_row {
	FIELDS_TASK,		/* struct model_task */
	FIELDS_THREAD,		/* struct thread, which begins with one */
	FIELDS_COMM,		/* struct group, and so on to PARENT */
	FIELDS_EXE,
	FIELDS_USER,
	FIELDS_PARENT,
	FIELDS_CGROUP,		/* struct model_cgroup */
	FIELDS_NR_ROWS,
};

/* How people read a value. */
enum fields_kind {
	FIELDS_NS,		/* a duration */
	FIELDS_RESIDUAL,	/* a duration with a sign */
	FIELDS_TIME,		/* CLOCK_BOOTTIME; people read the time since the start */
	FIELDS_BYTES,
	FIELDS_COUNT,
	FIELDS_NUMBER,		/* names something: pid, id */
	FIELDS_UID,		/* people read the name that it has on this machine */
	FIELDS_STATUS,		/* as wait(2) has it */
	FIELDS_TEXT,
	FIELDS_BOOL,
};

enum fields_type {
	FIELDS_NONE,		/* unknown, or has not happened: null, "", "-" */
	FIELDS_U64,
	FIELDS_S64,
	FIELDS_STRING,
	FIELDS_TRUTH,
};

struct fields_value {
	enum fields_type type;
	__u64 u;		/* U64, TRUTH; STRING: orders what has no name */
	__s64 s;
	const char *text;	/* no NUL at its end */
	size_t len;
	bool made;		/* text lies in fields_context.made */
};

struct fields_context {
	const struct model *model;
	char made[128];
	struct text_buf buf;
};

struct field {
	const char *name;	/* in JSON, CSV, --fields and --sort */
	const char *title;	/* of the column */
	const char *unit;	/* of the number, "" if none */
	const char *text;	/* what it means */
	enum fields_kind kind;
	bool shown;		/* in the table that people get by default */
	/*
	 * Where it stands in the row: a __u64 or __u32, a bool for FIELDS_BOOL, a
	 * comm for FIELDS_TEXT; or a function that finds it.
	 */
	size_t offset, size;
	void (*get)(struct fields_context *ctx, const void *row,
		    struct fields_value *value);
	size_t none_if;		/* 0, or where a bool stands that says there is none */
};

/* All fields of a kind of row. */
const struct field *fields_of(enum fields_row row, size_t *count);

/* "task", "comm", ...: also the argument of --by. */
const char *fields_row_name(enum fields_row row);

/* NULL: there is none. */
const struct field *fields_find(enum fields_row row, const char *name, size_t len);

void fields_get(struct fields_context *ctx, const struct field *field,
		const void *row, struct fields_value *value);

/* For people, fit for a terminal.  NULL: no memory. */
const char *fields_human(struct fields_context *ctx, const struct field *field,
			 const struct fields_value *value);

/* Numbers read better from high to low, names from A to Z. */
bool fields_descending(const struct field *field);

#endif /* _FIELDS_H */
