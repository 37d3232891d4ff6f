// SPDX-License-Identifier: GPL-2.0-only
/* The report as CSV by RFC 4180: a header, then a line for each row. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

static void print_text(const char *text)
{
	if (!strpbrk(text, "\",\r\n")) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static int print_value(struct report *r, const struct fields_value *v)
{
	const char *text;

	switch (v->type) {
	case FIELDS_NONE:
		break;
	case FIELDS_U64:
		printf("%llu", (unsigned long long)v->u);
		break;
	case FIELDS_S64:
		printf("%lld", (long long)v->s);
		break;
	case FIELDS_TRUTH:
		fputs(v->u ? "true" : "false", stdout);
		break;
	case FIELDS_STRING:
		text = text_utf8(&r->ctx.buf, v->text, v->len);
		if (!text)
			return -ENOMEM;
		print_text(text);
		break;
	}
	return 0;
}

int report_csv(struct report *r)
{
	struct fields_value v;
	__u64 i;
	size_t f;

	for (f = 0; f < r->nr_fields; f++)
		printf("%s%s", f ? "," : "", r->fields[f]->name);
	fputs("\r\n", stdout);
	for (i = 0; i < r->nr_rows && !ferror(stdout); i++) {
		for (f = 0; f < r->nr_fields; f++) {
			if (f)
				putchar(',');
			fields_get(&r->ctx, r->fields[f], report_row(r, i), &v);
			if (print_value(r, &v))
				return -ENOMEM;
		}
		fputs("\r\n", stdout);
	}
	return 0;
}
