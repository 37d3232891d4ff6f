// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "array.h"
#include "model.h"

static const struct counter {
	const char *name;
	size_t offset;
} counters[] = {
	{ "id", offsetof(struct taskhold_policy_stats, id) },
	{ "attached_ns", offsetof(struct taskhold_policy_stats, attached_ns) },
	{ "live", offsetof(struct taskhold_policy_stats, live) },
	{ "kept", offsetof(struct taskhold_policy_stats, kept) },
	{ "admitted", offsetof(struct taskhold_policy_stats, admitted) },
	{ "finished", offsetof(struct taskhold_policy_stats, finished) },
	{ "dropped", offsetof(struct taskhold_policy_stats, dropped) },
	{ "threads", offsetof(struct taskhold_policy_stats, threads) },
	{ "threads_finished", offsetof(struct taskhold_policy_stats, threads_finished) },
	{ "totals", offsetof(struct taskhold_policy_stats, totals) },
};

const char *stats_since(__u64 ns, char buf[32])
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(buf, 32, "%" PRIu64 " s",
		 (uint64_t)(now.tv_sec - (__s64)(ns / 1000000000u)));
	return buf;
}

/* Processes without their detail, and those without their numbers. */
static void print_reasons(const struct taskhold_policy_stats *p)
{
	size_t reason, shown = 0;

	for (reason = 0; reason < TASKHOLD_NR_REASONS; reason++) {
		if (p->reasons[reason])
			printf("%s%s %llu", shown++ ? ", " : "", model_flaw_name(reason),
			       p->reasons[reason]);
	}
	printf("%s\n", shown ? "" : "nothing folded, nothing lost");
}

void stats_print(const struct taskhold_policy_stats *p, const char *indent, int width)
{
	printf("%s%-*s%llu running, %llu finished, at most %u\n", indent, width, "held", p->live,
	       p->kept, p->max_held);
	printf("%s%-*s%llu admitted, %llu finished, %llu dropped\n", indent, width, "ever",
	       p->admitted, p->finished, p->dropped);
	if (p->flags & TASKHOLD_POLICY_THREADS)
		printf("%s%-*sone by one; of these records %llu admitted, %llu finished\n",
		       indent, width, "threads", p->threads, p->threads_finished);
	printf("%s%-*sof %llu cgroups\n", indent, width, "totals", p->totals);
	printf("%s%-*s", indent, width, "reasons");
	print_reasons(p);
}

struct json_object *stats_json(const struct taskhold_policy_stats *p)
{
	struct json_object *o = json_object_new_object(), *reasons = json_object_new_object();
	char name[TASKHOLD_NAME_LEN + 1] = "";
	size_t i;

	memcpy(name, p->name, TASKHOLD_NAME_LEN);
	answer_text(o, "name", name);
	answer_number(o, "slot", p->slot);
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		answer_number(o, counters[i].name,
			      *(const __u64 *)((const char *)p + counters[i].offset));
	answer_number(o, "max_held", p->max_held);
	answer_number(o, "interval_ms", p->interval_ms);
	answer_number(o, "flags", p->flags);
	for (i = 0; i < TASKHOLD_NR_REASONS; i++)
		answer_number(reasons, model_flaw_name(i), p->reasons[i]);
	json_object_object_add(o, "reasons", reasons);
	return o;
}
