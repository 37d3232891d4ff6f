// SPDX-License-Identifier: GPL-2.0-only
/* The features for people and as JSON. */
#include "feature.h"

#include <errno.h>
#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

const char *feature_answer_name(enum feature_answer answer)
{
	static const char *const names[] = {
		[FEATURE_UNKNOWN] = "unknown",
		[FEATURE_NO] = "no",
		[FEATURE_YES] = "yes",
	};

	return names[answer];
}

static const char *reason(const struct feature *f)
{
	if (f->answer == FEATURE_YES)
		return NULL;
	return f->reason ? f->reason : "not enough memory to say why";
}

int feature_print(const struct feature_list *f)
{
	static const struct {
		const char *name;
		int flags;
	} columns[] = {
		{ "FEATURE", 0 },
		{ "ANSWER", 0 },
		{ "CAPABILITY", 0 },
		{ "WHAT", SCOLS_FL_WRAP },
		{ "REASON", SCOLS_FL_WRAP },
	};
	struct libscols_table *tb;
	int err = 0;
	size_t i, c;

	scols_init_debug(0);
	tb = scols_new_table();
	if (!tb)
		return -ENOMEM;
	for (c = 0; c < ARRAY_SIZE(columns); c++) {
		if (!scols_table_new_column(tb, columns[c].name, 0, columns[c].flags))
			err = -ENOMEM;
	}
	for (i = 0; !err && i < f->nr; i++) {
		const struct feature *this = &f->feature[i];
		const char *const data[] = {
			this->name, feature_answer_name(this->answer), this->capabilities,
			this->what, reason(this),
		};
		struct libscols_line *ln = scols_table_new_line(tb, NULL);

		for (c = 0; ln && c < ARRAY_SIZE(columns); c++) {
			if (scols_line_set_data(ln, c, data[c]))
				err = -ENOMEM;
		}
		if (!ln)
			err = -ENOMEM;
	}
	if (!err && scols_print_table(tb))
		err = -ENOMEM;
	scols_unref_table(tb);
	return err;
}

static struct json_object *capabilities_json(const char *capabilities)
{
	struct json_object *a = json_object_new_array();
	size_t len;

	while (*capabilities) {
		len = strcspn(capabilities, " ");
		json_object_array_add(a, json_object_new_string_len(capabilities, len));
		capabilities += len + (capabilities[len] == ' ');
	}
	return a;
}

struct json_object *feature_json(const struct feature_list *f)
{
	static const char *const needs[] = {
		[FEATURE_OF_MODULE] = "module",
		[FEATURE_OF_CONNTRACK] = "conntrack",
	};
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	for (i = 0; a && i < f->nr; i++) {
		const struct feature *this = &f->feature[i];
		const char *answer = feature_answer_name(this->answer);
		const char *who = needs[this->needs], *text = reason(this);

		o = json_object_new_object();
		json_object_object_add(o, "name", json_object_new_string(this->name));
		json_object_object_add(o, "answer", json_object_new_string(answer));
		json_object_object_add(o, "reason", text ? json_object_new_string(text) : NULL);
		json_object_object_add(o, "what", json_object_new_string(this->what));
		json_object_object_add(o, "capabilities", capabilities_json(this->capabilities));
		json_object_object_add(o, "needs", who ? json_object_new_string(who) : NULL);
		json_object_array_add(a, o);
	}
	return a;
}
