// SPDX-License-Identifier: GPL-2.0-only
#include "policy_end.h"

#include <stdio.h>

#include "answer.h"
#include "stats.h"

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
