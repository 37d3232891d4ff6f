/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --set NAME=VALUE: members of the policies of an object, and its variables that are
 * `const volatile`, by the types that its BTF has.
 */
#ifndef _TASKHOLD_POLICY_SET_H
#define _TASKHOLD_POLICY_SET_H

#include <stdbool.h>

#include <bpf/btf.h>

struct policy_args;
struct policy_object;

/*
 * policy_set - set what the arguments ask for, and look at what is then there
 *
 * Before the object is loaded.  A member is set in all policies that are wanted.
 * Where a name is unknown or a value does not fit, and where a member has a value
 * that the module would refuse, it says which there are or what would do, and
 * returns an exit code; else TH_OK.
 */
int policy_set(struct policy_object *o, const struct policy_args *args);

/* Was this member or variable among those asked for? */
bool policy_set_given(const struct policy_args *args, const char *name);

/*
 * Writes a value of a type where that is.  Returns 0, or -EINVAL with what would do
 * in @want, -EOPNOTSUPP with the type there where it is none that can be set.
 */
int policy_set_value(const struct btf *btf, __u32 type_id, void *at, const char *value,
		     char want[512]);

#endif /* _TASKHOLD_POLICY_SET_H */
