// SPDX-License-Identifier: GPL-2.0-only
#include "answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "holders.h"

static struct json_object *printable(const char *text)
{
	char *clean = holders_printable(text);
	struct json_object *o = clean ? json_object_new_string(clean) : NULL;

	free(clean);
	return o;
}

void answer_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, printable(text));
}

void answer_add_text(struct json_object *a, const char *text)
{
	json_object_array_add(a, printable(text));
}

void answer_text_or_null(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text[0] ? printable(text) : NULL);
}

void answer_number(struct json_object *o, const char *key, __u64 n)
{
	json_object_object_add(o, key, json_object_new_uint64(n));
}

void answer_signed(struct json_object *o, const char *key, __s64 n)
{
	json_object_object_add(o, key, json_object_new_int64(n));
}

void answer_id(struct json_object *o, const char *key, __u32 id)
{
	json_object_object_add(o, key, id ? json_object_new_uint64(id) : NULL);
}

void answer_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static struct json_object *procs(const struct holders_obj *sum)
{
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < sum->nr_procs; i++) {
		o = json_object_new_object();
		json_object_object_add(o, "pid", json_object_new_int(sum->procs[i].pid));
		answer_text(o, "comm", sum->procs[i].comm);
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *pins(const struct holders_obj *sum)
{
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = 0; i < sum->nr_pins; i++)
		json_object_array_add(a, printable(sum->pins[i]));
	return a;
}

void answer_keepers(struct json_object *o, const struct holders_obj *sum)
{
	json_object_object_add(o, "processes", procs(sum));
	json_object_object_add(o, "pins", pins(sum));
}

static bool written;

/* A reader of a pipe waits for what is complete: so it is written out at once. */
static int print(struct json_object *root, int flags)
{
	const char *text = json_object_to_json_string_ext(root, flags |
							  JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text) {
		puts(text);
		fflush(stdout);
		written = true;
	}
	json_object_put(root);
	return text ? 0 : -ENOMEM;
}

int answer_line(struct json_object *root)
{
	return print(root, JSON_C_TO_STRING_PLAIN);
}

int answer_print(struct json_object *root)
{
	return print(root, JSON_C_TO_STRING_PRETTY);
}

int answer_error(int status)
{
	struct json_object *root, *error;

	if (written)
		return status;
	root = json_object_new_object();
	error = json_object_new_object();
	answer_text(error, "message", th_failed());
	answer_number(error, "status", status);
	json_object_object_add(root, "error", error);
	answer_line(root);
	return status;
}
