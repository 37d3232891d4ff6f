// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report as one JSON object.  Its sections are built and printed one by
 * one, and of rows there is only ever one, which is filled again for each: a
 * million processes as one tree of objects would take gigabytes.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define PLAIN	(JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/*
 * Members of an object: a failed allocation anywhere leaves *@obj NULL, so that
 * one look at the end is enough.
 */
static void put(struct json_object **obj, const char *key, struct json_object *value)
{
	if (*obj && json_object_object_add(*obj, key, value) == 0)
		return;
	json_object_put(value);
	json_object_put(*obj);
	*obj = NULL;
}

/* A value that must be there: NULL is a failed allocation. */
static void put_object(struct json_object **obj, const char *key,
		       struct json_object *value)
{
	if (value) {
		put(obj, key, value);
		return;
	}
	json_object_put(*obj);
	*obj = NULL;
}

static void put_u64(struct json_object **obj, const char *key, __u64 value)
{
	put_object(obj, key, json_object_new_uint64(value));
}

static void put_s64(struct json_object **obj, const char *key, __s64 value, bool known)
{
	if (known)
		put_object(obj, key, json_object_new_int64(value));
	else
		put(obj, key, NULL);
}

static void put_text(struct report *r, struct json_object **obj, const char *key,
		     const char *text)
{
	const char *valid = text ? text_utf8(&r->ctx.buf, text, strlen(text)) : NULL;

	if (text)
		put_object(obj, key, valid ? json_object_new_string(valid) : NULL);
	else
		put(obj, key, NULL);
}

/* Prints @obj as the member @key of the whole, and frees it. */
static int print_section(const char *key, struct json_object *obj)
{
	const char *text = obj ? json_object_to_json_string_ext(obj, PLAIN) : NULL;

	if (text)
		printf(",\n\"%s\": %s", key, text);
	json_object_put(obj);
	return text ? 0 : -ENOMEM;
}

static struct json_object *about_file(struct report *r)
{
	const struct recording_state *s = &r->model->state;
	struct json_object *o = json_object_new_object();

	put_text(r, &o, "name", r->file);
	put_text(r, &o, "stopped", recording_stop_name(s->stop));
	put_u64(&o, "blocks", s->blocks);
	put_u64(&o, "offset", s->offset);
	if (s->left_known)
		put_u64(&o, "left", s->left);
	else
		put(&o, "left", NULL);
	return o;
}

static struct json_object *about_end(struct report *r)
{
	const struct taskhold_end *end = &r->model->end;
	struct json_object *o = json_object_new_object();

	put_text(r, &o, "why", report_why_name(end->why));
	put_text(r, &o, "detached", r->model->detached);
	put_u64(&o, "time_ns", end->time_ns);
	put_s64(&o, "status", end->status, end->status != -1);
	put_u64(&o, "finished", end->finished);
	put_u64(&o, "live", end->live);
	return o;
}

static struct json_object *about_recording(struct report *r)
{
	const struct model *m = r->model;
	const struct taskhold_begin *b = &m->begin;
	const struct model_cgroup *root = model_cgroup(m, b->root_cgroup_id);
	struct json_object *o = json_object_new_object();
	char boot_id[2 * sizeof(b->boot_id) + 5], *at = boot_id;
	size_t i;

	for (i = 0; i < sizeof(b->boot_id); i++)
		at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			      b->boot_id[i]);
	put_text(r, &o, "version", m->version);
	put_text(r, &o, "hostname", m->hostname);
	put_text(r, &o, "kernel", m->kernel);
	put_text(r, &o, "machine", m->machine);
	put_text(r, &o, "command", m->command);
	put_text(r, &o, "policy", m->policy_name);
	put_text(r, &o, "boot_id", boot_id);
	put_u64(&o, "abi", b->abi);
	put_u64(&o, "ncpus", b->ncpus);
	put_text(r, &o, "scope", report_scope_name(b->scope));
	put_s64(&o, "root_pid", b->root_pid, b->scope == TASKHOLD_SCOPE_TREE);
	if (b->scope == TASKHOLD_SCOPE_CGROUP)
		put_u64(&o, "root_cgroup_id", b->root_cgroup_id);
	else
		put(&o, "root_cgroup_id", NULL);
	put_text(r, &o, "root_cgroup",
		 b->scope == TASKHOLD_SCOPE_CGROUP && root ? root->path : NULL);
	put_object(&o, "threads", json_object_new_boolean(threads_known(m)));
	put_u64(&o, "interval_ns", b->interval_ns);
	put_u64(&o, "begin_ns", b->time_ns);
	put_u64(&o, "begin_real_ns", b->real_ns);
	put_u64(&o, "stop_ns", m->stop_ns);
	put_u64(&o, "duration_ns", m->stop_ns - b->time_ns);
	if (m->has_end)
		put_object(&o, "end", about_end(r));
	else
		put(&o, "end", NULL);
	put_object(&o, "file", about_file(r));
	return o;
}

static struct json_object *about_totals(struct report *r)
{
	const struct model *m = r->model;
	const struct sums *s = &m->totals;
	const struct taskhold_use *u = &s->use;
	struct json_object *o = json_object_new_object();

	put_u64(&o, "tasks", s->tasks);
	put_u64(&o, "finished", m->finished);
	put_u64(&o, "live", s->live);
	put_u64(&o, "folded", s->folded);
	put_u64(&o, "lost", m->lost);
	put_u64(&o, "failed", s->failed);
	put_u64(&o, "threads", s->threads);
	put_u64(&o, "thread_records", m->nr_threads);
	put_u64(&o, "cpu_ns", u->cpu_ns);
	put_u64(&o, "user_ns", u->user_ns);
	put_u64(&o, "sys_ns", u->sys_ns);
	put_u64(&o, "nvcsw", u->nvcsw);
	put_u64(&o, "nivcsw", u->nivcsw);
	put_u64(&o, "min_flt", u->min_flt);
	put_u64(&o, "maj_flt", u->maj_flt);
	put_u64(&o, "rchar", u->rchar);
	put_u64(&o, "wchar", u->wchar);
	put_u64(&o, "read_bytes", u->read_bytes);
	put_u64(&o, "write_bytes", u->write_bytes);
	put_u64(&o, "max_rss", s->max_rss);
	if (m->has_residual) {
		put_u64(&o, "cpu_tree_ns", m->residual_tree_ns);
		put_u64(&o, "cpu_stat_ns", m->residual_stat_ns);
	} else {
		put(&o, "cpu_tree_ns", NULL);
		put(&o, "cpu_stat_ns", NULL);
	}
	put_s64(&o, "residual_ns", m->residual_ns, m->has_residual);
	put_s64(&o, "residual_ppm", m->residual_ppm, m->has_residual && m->has_ppm);
	return o;
}

static struct json_object *about_reasons(struct report *r)
{
	struct json_object *o = json_object_new_object();
	unsigned int i;

	for (i = 0; i < MODEL_NR_FLAWS; i++)
		put_u64(&o, model_flaw_name(i), r->model->flaws[i]);
	return o;
}

/* Puts @v into @member, of whatever type that is now; returns what to keep. */
static int fill(struct report *r, struct json_object *row, const char *name,
		struct json_object **member, const struct fields_value *v)
{
	struct json_object *o = NULL;
	const char *text;

	switch (v->type) {
	case FIELDS_NONE:
		if (!*member)
			return 0;
		break;
	case FIELDS_U64:
		if (json_object_is_type(*member, json_type_int) &&
		    json_object_set_uint64(*member, v->u))
			return 0;
		o = json_object_new_uint64(v->u);
		break;
	case FIELDS_S64:
		if (json_object_is_type(*member, json_type_int) &&
		    json_object_set_int64(*member, v->s))
			return 0;
		o = json_object_new_int64(v->s);
		break;
	case FIELDS_TRUTH:
		if (json_object_is_type(*member, json_type_boolean) &&
		    json_object_set_boolean(*member, v->u != 0))
			return 0;
		o = json_object_new_boolean(v->u != 0);
		break;
	case FIELDS_STRING:
		text = text_utf8(&r->ctx.buf, v->text, v->len);
		if (!text)
			return -ENOMEM;
		/* json-c 0.16 loses a long string's memory where an empty one replaces it. */
		if (*text && json_object_is_type(*member, json_type_string) &&
		    json_object_set_string(*member, text))
			return 0;
		o = json_object_new_string(text);
		break;
	}
	if (!o && v->type != FIELDS_NONE)
		return -ENOMEM;
	if (json_object_object_add(row, name, o) != 0) {
		json_object_put(o);
		return -ENOMEM;
	}
	*member = o;
	return 0;
}

static int print_rows(struct report *r, const char *key, const struct field *const *fields,
		      size_t nr_fields, const char *rows, size_t size,
		      const __u32 *order, __u64 n)
{
	struct json_object *row = json_object_new_object();
	struct json_object **members = calloc(nr_fields, sizeof(*members));
	int err = row && members ? 0 : -ENOMEM;
	size_t f;
	__u64 i;

	/* Members keep the order in which they were added: all are there from now. */
	for (f = 0; !err && f < nr_fields; f++)
		if (json_object_object_add(row, fields[f]->name, NULL) != 0)
			err = -ENOMEM;
	if (!err)
		printf(",\n\"%s\": [", key);
	for (i = 0; !err && i < n && !ferror(stdout); i++) {
		const void *at = rows + (order ? order[i] : i) * size;
		const char *text = NULL;

		for (f = 0; !err && f < nr_fields; f++) {
			struct fields_value v;

			fields_get(&r->ctx, fields[f], at, &v);
			err = fill(r, row, fields[f]->name, &members[f], &v);
		}
		if (!err)
			text = json_object_to_json_string_ext(row, PLAIN);
		if (text)
			printf("%s\n%s", i ? "," : "", text);
		else
			err = -ENOMEM;
	}
	if (!err)
		fputs("\n]", stdout);
	json_object_put(row);
	free(members);
	return err;
}

int report_json(struct report *r)
{
	const struct model *m = r->model;
	const struct field **cgroup_fields;
	const struct field *all;
	size_t i, n;
	int err;

	printf("{\n\"taskhold\": {\"version\":\"%s\",\"format\":%u}", TASKHOLD_VERSION,
	       m->begin.version);
	err = print_section("recording", about_recording(r));
	if (!err) {
		printf(",\n\"complete\": %s", m->complete ? "true" : "false");
		err = print_section("reasons", about_reasons(r));
	}
	if (!err)
		err = print_section("totals", about_totals(r));
	if (err)
		return err;

	all = fields_of(FIELDS_CGROUP, &n);
	cgroup_fields = malloc(n * sizeof(*cgroup_fields));
	if (!cgroup_fields)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		cgroup_fields[i] = &all[i];
	err = print_rows(r, "cgroups", cgroup_fields, n, (const char *)m->cgroups,
			 sizeof(*m->cgroups), NULL, m->nr_cgroups);
	free(cgroup_fields);
	if (err)
		return err;

	printf(",\n\"by\": \"%s\"", fields_row_name(r->row));
	err = print_rows(r, r->row == FIELDS_TASK ? "tasks" :
			    r->row == FIELDS_THREAD ? "threads" : "groups",
			 r->fields, r->nr_fields, r->rows, r->row_size, r->order, r->nr_rows);
	if (!err)
		fputs("\n}\n", stdout);
	return err;
}
