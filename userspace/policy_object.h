/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A BPF object file with policies: opened, changed by --set, loaded.  Of its other
 * programs those that libbpf can attach are the companions of the policies.
 */
#ifndef _TASKHOLD_POLICY_OBJECT_H
#define _TASKHOLD_POLICY_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include <bpf/libbpf.h>
#include <taskhold/ops.h>

struct policy_args;
struct policy_object_pin;

#define POLICY_OBJECT_MAPS	(2 * TASKHOLD_MAX_POLICIES)	/* more cannot be attached */

struct policy_object {
	const char *path;
	struct bpf_object *obj;
	struct bpf_map *maps[POLICY_OBJECT_MAPS];	/* the policies that are wanted */
	size_t nr_maps;
	char *log;		/* the verifier's, of the program that it refused */
	struct policy_object_pin *fresh;	/* maps to be pinned by their names anew */
	size_t nr_fresh;
	size_t nr_pinned;	/* of these, from the first on */
};

/*
 * policy_object_open - open the file and choose its policies
 * @args: object and map: the struct_ops map to take, though it be optional
 *	("?.struct_ops.link"); NULL takes all that are not
 *
 * A policy in SEC(".struct_ops") gets a link too: without, it would outlive whoever
 * attached it.  Maps of other struct_ops types are left out, see policy_object_warn().
 *
 * Returns TH_OK, or an exit code after it has said what failed; policy_object_close()
 * in any case.
 */
int policy_object_open(struct policy_object *o, const struct policy_args *args);
void policy_object_close(struct policy_object *o);

/* Says which struct_ops maps of the object are no policies, and left out. */
void policy_object_warn(const struct policy_object *o);

/*
 * Loads what is wanted of it.  A map that is pinned by its name already is taken from
 * there; one that is to be is not pinned yet, so that a process which is killed meanwhile
 * leaves nothing.  Returns 0, or a negative errno with o->log as the verifier left it;
 * libbpf's messages are kept.  It does not speak.
 */
int policy_object_load(struct policy_object *o);

/*
 * Pins the maps that are to be pinned by their names and were not when it was loaded.
 * Where somebody else has pinned one since, it has other contents: that is an error.
 * Returns an exit code; policy_object_unpin() then as well.
 */
int policy_object_pin(struct policy_object *o);

/* Takes back what policy_object_pin() has pinned. */
void policy_object_unpin(struct policy_object *o);

/* The program that libbpf said it could not load; "" where it was something else. */
void policy_object_refused(char name[128]);

/* policy_object_load(), and says what matters of the refusal. Returns an exit code. */
int policy_object_load_or_say(struct policy_object *o);

/* A member of a policy, in the shadow of its map's value, or NULL. */
void *policy_object_member(const struct policy_object *o, const struct bpf_map *map,
			   const char *member, size_t size);

/* The policy's name; "" where it has none. */
void policy_object_name(const struct policy_object *o, const struct bpf_map *map,
			char name[TASKHOLD_NAME_LEN]);

/* Is it one of those that are attached beside the policies? */
bool policy_object_companion(const struct bpf_program *prog);

#endif /* _TASKHOLD_POLICY_OBJECT_H */
