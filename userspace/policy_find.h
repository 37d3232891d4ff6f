/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the attached policies are in the kernel: their maps, links and programs, by
 * the names in the maps' values; and who keeps them.
 */
#ifndef _TASKHOLD_POLICY_FIND_H
#define _TASKHOLD_POLICY_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include <taskhold/types.h>

#include "counters.h"
#include "holders.h"
#include "policy_type.h"

#define POLICY_FIND_MEMBERS	64	/* BPF_STRUCT_OPS_MAX_NR_MEMBERS of the kernel */

/* A member that has a program. */
struct policy_member {
	const char *name;	/* borrowed from the module's BTF */
	__u32 prog_id;
	char prog_name[64];
};

struct policy_place {
	char name[TASKHOLD_NAME_LEN + 1];
	__u32 map_id;
	char map_name[64];
	__u32 link_id;		/* 0: attached without a link */
	struct policy_member members[POLICY_FIND_MEMBERS];
	size_t nr_members;
};

/* All that is asked of the kernel about policies, in this order. */
struct policies {
	struct policy_type type;
	struct holders holders;
	struct counters counters;
	struct policy_place *places;
	size_t nr_places;
};

/*
 * policies_read - read all of it
 *
 * The caller must not hold BPF objects of its own: they would be found.  Returns
 * TH_OK, or an exit code after it has said what failed; policies_free() then as well.
 */
int policies_read(struct policies *p);
void policies_free(struct policies *p);

/* Reads places alone: what is attached by now. */
int policy_find_places(struct policies *p);

/* The place of an attached policy, or NULL: it has gone, or come, meanwhile. */
const struct policy_place *policy_find(const struct policies *p, const char *name);

/*
 * The attached policy of that name: its counters and its place.  TH_OK, or it has said
 * that there is none, or why it ended, and returns an exit code.
 */
int policy_find_attached(const struct policies *p, const char *name,
			 const struct taskhold_policy_stats **stats,
			 const struct policy_place **place);

/*
 * Who keeps a policy: processes, pins, its registration without a link.  0 or -ENOMEM;
 * holders_free_obj(sum).
 */
int policy_find_keepers(const struct policies *p, const struct policy_place *place,
			struct holders_obj *sum);

/*
 * Is it a link of a program that was loaded from the same object file, at the same
 * time, as the policy's?  All programs of one load have one BTF object.
 */
bool policy_find_companion(const struct policies *p, const struct policy_place *place,
			   const struct holders_obj *link);

/*
 * Does it hold the module for the policy: its link, its map, a program of the same load, a
 * link of one, a map of the same load with records?
 */
bool policy_find_part(const struct policies *p, const struct policy_place *place,
		      const struct holders_obj *obj);

/* Has an attached policy this BTF object, as all has that was loaded with it? */
bool policy_find_btf(const struct policies *p, __u32 btf);

/* Is another policy that is attached from the same load? */
bool policy_find_sibling(const struct policies *p, const struct policy_place *place);

#endif /* _TASKHOLD_POLICY_FIND_H */
