/* SPDX-License-Identifier: GPL-2.0-only */
/* What cmd_report.c has made ready and the three forms of output print. */
#ifndef _REPORT_H
#define _REPORT_H

#include "fields.h"

struct report {
	struct model *model;
	const char *file;	/* as the user named it */
	struct fields_context ctx;
	enum fields_row row;	/* --by */
	const struct field **fields;
	size_t nr_fields;
	const char *rows;	/* array of what report.row says */
	size_t row_size;
	__u32 *order;		/* indexes into rows, sorted */
	__u64 nr_rows;		/* to be printed */
	__u64 nr_all;		/* without --limit */
	__u64 nr_idle;		/* cgroups in which nothing ran, left out for people */
};

/* Row number @i of those to be printed. */
static inline const void *report_row(const struct report *r, __u64 i)
{
	return r->rows + r->order[i] * r->row_size;
}

/* They print to stdout and return 0 or -ENOMEM; the caller checks the stream. */
int report_text(struct report *r);
int report_json(struct report *r);
int report_csv(struct report *r);

/* "all", "tree", "cgroup"; "command", "signal", ...; "unknown". */
const char *report_scope_name(__u32 scope);
const char *report_why_name(__u32 why);

#endif /* _REPORT_H */
