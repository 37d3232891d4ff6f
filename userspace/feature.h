/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel and the module can do for BPF programs, found by trying:
 * programs are loaded that a kernel accepts which has the feature, and programs
 * that it must refuse then. No version is looked at, nor whether a name is there.
 */
#ifndef _TASKHOLD_FEATURE_H
#define _TASKHOLD_FEATURE_H

#include <stddef.h>

#include "module.h"

struct json_object;

enum feature_answer {
	FEATURE_UNKNOWN,	/* could not be tried */
	FEATURE_NO,
	FEATURE_YES,
};

/* What must be there before a feature can be asked for. */
enum feature_needs {
	FEATURE_OF_KERNEL,
	FEATURE_OF_MODULE,	/* the module taskhold, loaded */
	FEATURE_OF_CONNTRACK,	/* in the kernel or loaded */
};

struct feature {
	const char *name;
	const char *what;
	const char *capabilities;	/* numbers of docs/verifier.md, with blanks between */
	enum feature_needs needs;
	enum feature_answer answer;
	char *reason;			/* why it is not yes; NULL where that has been forgotten */
};

struct feature_list {
	struct feature *feature;
	size_t nr;
};

/*
 * Tries all of them. @m is read already, its access included; it decides what is
 * tried at all. 0 or a negative errno. What is loaded is freed before it returns,
 * but the kernel gives up references of such objects later.
 */
int feature_read(struct feature_list *f, const struct module_state *m);
void feature_free(struct feature_list *f);

/* "yes", "no", "unknown" */
const char *feature_answer_name(enum feature_answer answer);

/* A table on standard output; 0 or a negative errno. */
int feature_print(const struct feature_list *f);

/* An array, NULL without memory. */
struct json_object *feature_json(const struct feature_list *f);

#endif /* _TASKHOLD_FEATURE_H */
