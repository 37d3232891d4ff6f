// SPDX-License-Identifier: GPL-2.0-only
#include "policy_end.h"

#include <poll.h>
#include <stdio.h>

#include "answer.h"
#include "clock.h"
#include "counters.h"
#include "stats.h"

#define WAIT_STEP_MS	10

bool policy_end_find(const char *name, __u64 id, struct taskhold_exit_info *info)
{
	unsigned long long end = clock_ms() + POLICY_END_WAIT_MS;
	const struct taskhold_exit_info *found;
	struct counters counters;
	const char *what;

	for (;;) {
		if (counters_read(&counters, &what))
			return false;
		found = id ? counters_find_ended_id(&counters, id) :
			     counters_find_ended(&counters, name);
		if (found) {
			*info = *found;
			return true;
		}
		if (clock_ms() >= end)
			return false;
		poll(NULL, 0, WAIT_STEP_MS);
	}
}

const char *policy_end_kind(const struct taskhold_exit_info *info)
{
	switch (info->kind) {
	case TASKHOLD_EXIT_UNREG:
		return "unregistered";
	case TASKHOLD_EXIT_PARAM:
		return "parameter";
	case TASKHOLD_EXIT_RETVAL:
		return "return_value";
	case TASKHOLD_EXIT_SLOW:
		return "slow";
	default:
		return "unknown";
	}
}

struct json_object *policy_end_json(const struct taskhold_exit_info *info)
{
	struct json_object *o = stats_json(&info->stats);

	answer_number(o, "ended_ns", info->time_ns);
	answer_text(o, "kind", policy_end_kind(info));
	answer_signed(o, "code", info->code);
	answer_text(o, "text", info->text);
	return o;
}

void policy_end_print(const struct taskhold_exit_info *info, int width)
{
	char since[32];

	printf("%-*s%s ago: %s\n", width, "ended", stats_since(info->time_ns, since), info->text);
	printf("%-*s%s, code %lld\n", width, "kind", policy_end_kind(info), info->code);
}
