/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `taskhold policy VERB`: each in its policy_<verb>.c.  They are given arguments that
 * are there and options that they take, speak of what fails, and return an exit code.
 */
#ifndef _TASKHOLD_POLICY_H
#define _TASKHOLD_POLICY_H

#include <stdbool.h>
#include <stddef.h>

struct policy_args {
	const char *name;	/* of a policy */
	const char *object;	/* path of a BPF object file */
	const char *pin;	/* NULL: stay in the foreground */
	const char *map;	/* NULL: every policy of the object */
	const char **sets;	/* "name=value", in order */
	size_t nr_sets;
	bool force;		/* update: although there is an attach() */
	bool json;
};

int policy_attach(const struct policy_args *args);
int policy_list(const struct policy_args *args);
int policy_show(const struct policy_args *args);
int policy_update(const struct policy_args *args);
int policy_detach(const struct policy_args *args);
int policy_check(const struct policy_args *args);

#endif /* _TASKHOLD_POLICY_H */
