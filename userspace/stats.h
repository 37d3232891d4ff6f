/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of a policy, for people and as JSON. */
#ifndef _TASKHOLD_STATS_H
#define _TASKHOLD_STATS_H

#include <taskhold/types.h>

struct json_object;

/* One line each, begun by @indent and a word padded to @width. */
void stats_print(const struct taskhold_policy_stats *p, const char *indent, int width);

/* name, slot, counters, bounds, flags and reasons{}. */
struct json_object *stats_json(const struct taskhold_policy_stats *p);

/* How long ago a moment of CLOCK_BOOTTIME was, as "12 s". */
const char *stats_since(__u64 ns, char buf[32]);

#endif /* _TASKHOLD_STATS_H */
