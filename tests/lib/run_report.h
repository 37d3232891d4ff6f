/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of taskhold report: a fixture with a place for a recording, which
 * runs the program itself and reads what it printed.
 */
#ifndef _TESTS_RUN_REPORT_H
#define _TESTS_RUN_REPORT_H

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/make_recording.h"

#include "lib/harness.h"

FIXTURE(report)
{
	char dir[64];
	char file[128];		/* the recording */
	char out[128], err[128];
	char program[PATH_MAX];
	char tests[PATH_MAX];	/* tests/cli in the sources */
	struct json_object *json;
	char *text;
};

/* From out/tests/cli/report_test; or as the environment says. */
static inline void find_places(FIXTURE_DATA(report) *self)
{
	const char *program = getenv("TASKHOLD"), *tests = getenv("TASKHOLD_TESTS");
	char self_path[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);
	int i;

	must(n > 0);
	self_path[n] = 0;
	for (i = 0; i < 4; i++) {
		slash = strrchr(self_path, '/');
		if (slash)
			*slash = 0;
	}
	must(snprintf(self->program, sizeof(self->program), "%s%s", program ? program : self_path,
		      program ? "" : "/out/userspace/taskhold") < (int)sizeof(self->program));
	must(snprintf(self->tests, sizeof(self->tests), "%s%s", tests ? tests : self_path,
		      tests ? "" : "/tests/cli") < (int)sizeof(self->tests));
}

FIXTURE_SETUP(report)
{
	memset(self, 0, sizeof(*self));
	find_places(self);
	ASSERT_EQ(0, access(self->program, X_OK)) {
		TH_LOG("no program %s; set TASKHOLD", self->program);
	}
	snprintf(self->dir, sizeof(self->dir), "/tmp/report_test.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->file, sizeof(self->file), "%s/recording", self->dir);
	snprintf(self->out, sizeof(self->out), "%s/out", self->dir);
	snprintf(self->err, sizeof(self->err), "%s/err", self->dir);
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
}

FIXTURE_TEARDOWN(report)
{
	char command[128];

	json_object_put(self->json);
	free(self->text);
	snprintf(command, sizeof(command), "rm -r '%s'", self->dir);
	EXPECT_EQ(0, system(command));
}

static inline int shell(const char *fmt, ...)
{
	char command[3 * PATH_MAX];
	va_list ap;
	int status;

	va_start(ap, fmt);
	must(vsnprintf(command, sizeof(command), fmt, ap) < (int)sizeof(command));
	va_end(ap);
	status = system(command);
	must(status >= 0 && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Runs taskhold report FILE ARGS; returns its exit status. */
static inline int report(FIXTURE_DATA(report) *self, const char *args)
{
	return shell("'%s' report '%s' %s >'%s' 2>'%s'", self->program, self->file, args,
		     self->out, self->err);
}

static inline const char *slurp(FIXTURE_DATA(report) *self, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n;

	must(f);
	free(self->text);
	self->text = malloc(1 << 20);
	must(self->text);
	n = fread(self->text, 1, (1 << 20) - 1, f);
	must(n < (1 << 20) - 1);
	self->text[n] = 0;
	fclose(f);
	return self->text;
}

/* What report() printed. */
static inline const char *printed(FIXTURE_DATA(report) *self)
{
	return slurp(self, self->out);
}

static inline const char *complained(FIXTURE_DATA(report) *self)
{
	return slurp(self, self->err);
}

/* Runs it with --json and takes that in. */
static inline int report_json(FIXTURE_DATA(report) *self, const char *args)
{
	char with[256];
	int status;

	snprintf(with, sizeof(with), "--json %s", args);
	status = report(self, with);
	json_object_put(self->json);
	self->json = json_object_from_file(self->out);
	return status;
}

static inline struct json_object *at(FIXTURE_DATA(report) *self, const char *pointer)
{
	struct json_object *found;

	if (json_pointer_get(self->json, pointer, &found) == 0)
		return found;
	fprintf(stderr, "# nothing at %s\n", pointer);
	exit(1);
}

static inline __u64 number(FIXTURE_DATA(report) *self, const char *pointer)
{
	struct json_object *found = at(self, pointer);

	if (!json_object_is_type(found, json_type_int)) {
		fprintf(stderr, "# no number at %s\n", pointer);
		exit(1);
	}
	return json_object_get_uint64(found);
}

static inline const char *string(FIXTURE_DATA(report) *self, const char *pointer)
{
	return json_object_get_string(at(self, pointer));
}

static inline bool truth(FIXTURE_DATA(report) *self, const char *pointer)
{
	struct json_object *found = at(self, pointer);

	must(json_object_is_type(found, json_type_boolean));
	return json_object_get_boolean(found);
}

static inline size_t length(FIXTURE_DATA(report) *self, const char *pointer)
{
	return json_object_array_length(at(self, pointer));
}

/* The object in @array whose member @key is @value. */
static inline struct json_object *pick(FIXTURE_DATA(report) *self, const char *array,
				       const char *key, const char *value)
{
	struct json_object *list = at(self, array), *member;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (json_object_object_get_ex(o, key, &member) && member &&
		    !strcmp(json_object_get_string(member), value))
			return o;
	}
	fprintf(stderr, "# nothing in %s with %s %s\n", array, key, value);
	exit(1);
}

/* A member of that: its number; -1 for null. */
static inline __s64 of(FIXTURE_DATA(report) *self, const char *array, const char *key,
		       const char *value, const char *field)
{
	struct json_object *member, *o = pick(self, array, key, value);

	must(json_object_object_get_ex(o, field, &member));
	if (!member)
		return -1;
	must(json_object_is_type(member, json_type_int) ||
	     json_object_is_type(member, json_type_boolean));
	return json_object_get_int64(member);
}

#define CG(path, field)	of(self, "/cgroups", "path", path, field)

#endif /* _TESTS_RUN_REPORT_H */
