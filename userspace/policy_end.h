/* SPDX-License-Identifier: GPL-2.0-only */
/* How a policy came to its end, for people and as JSON. */
#ifndef _TASKHOLD_POLICY_END_H
#define _TASKHOLD_POLICY_END_H

#include <stdbool.h>

#include <taskhold/types.h>

struct json_object;

/*
 * How a policy of the name and number, 0: not known, that is not attached any more has
 * ended.  The module tells some grace periods after it is not: waits up to
 * POLICY_END_WAIT_MS for that.  False: it does not tell, or cannot be asked.
 */
#define POLICY_END_WAIT_MS	10000
bool policy_end_find(const char *name, __u64 id, struct taskhold_exit_info *info);

/* "unregistered", "parameter", "return_value", "slow"; "unknown" for a newer module's. */
const char *policy_end_kind(const struct taskhold_exit_info *info);

/* The policy's counters at that moment as stats_json(), with ended_ns, kind, code, text. */
struct json_object *policy_end_json(const struct taskhold_exit_info *info);

/* Lines of "word  text", the word padded to @width. */
void policy_end_print(const struct taskhold_exit_info *info, int width);

#endif /* _TASKHOLD_POLICY_END_H */
