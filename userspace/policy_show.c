// SPDX-License-Identifier: GPL-2.0-only
/* taskhold policy show: everything about one policy, or how it came to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "error.h"
#include "module.h"
#include "policy.h"
#include "policy_end.h"
#include "policy_find.h"
#include "stats.h"

#define WIDTH	12

static struct json_object *members_json(const struct policy_place *place)
{
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < place->nr_members; i++) {
		o = json_object_new_object();
		answer_text(o, "member", place->members[i].name);
		answer_id(o, "program_id", place->members[i].prog_id);
		answer_text(o, "program", place->members[i].prog_name);
		json_object_array_add(a, o);
	}
	return a;
}

/* The program of a link, or NULL. */
static const struct holders_obj *link_prog(const struct policies *p, const struct holders_obj *link)
{
	size_t i;

	for (i = 0; i < link->keeps.nr; i++) {
		if (link->keeps.ref[i].type == HOLDERS_PROG)
			return holders_find(&p->holders, link->keeps.ref[i]);
	}
	return NULL;
}

static struct json_object *companions_json(const struct policies *p,
					   const struct policy_place *place)
{
	struct json_object *a = json_object_new_array(), *o;
	const struct holders_obj *link, *prog;
	size_t i;

	for (i = 0; i < p->holders.nr; i++) {
		link = &p->holders.obj[i];
		if (!policy_find_companion(p, place, link))
			continue;
		prog = link_prog(p, link);
		o = json_object_new_object();
		answer_text(o, "program", prog ? prog->name : "");
		answer_id(o, "program_id", prog ? prog->self.id : 0);
		answer_id(o, "link_id", link->self.id);
		answer_text(o, "link_type", link->name);
		answer_keepers(o, link);
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *attached_json(const struct policies *p,
					 const struct taskhold_policy_stats *stats,
					 const struct policy_place *place)
{
	struct json_object *o = stats_json(stats);
	struct holders_obj sum = {};

	answer_bool(o, "attached", true);
	answer_id(o, "map_id", place->map_id);
	answer_text(o, "map", place->map_name);
	answer_id(o, "link_id", place->link_id);
	json_object_object_add(o, "members", members_json(place));
	json_object_object_add(o, "companions", companions_json(p, place));
	if (!policy_find_keepers(p, place, &sum)) {
		answer_keepers(o, &sum);
		holders_free_obj(&sum);
	}
	return o;
}

static void print_keepers(const struct holders_obj *obj, const char *word)
{
	char *text;
	size_t i;

	for (i = 0; i < obj->nr_procs; i++) {
		text = holders_printable(obj->procs[i].comm);
		printf("%-*sprocess %d (%s)\n", WIDTH, word, obj->procs[i].pid, text ? text : "?");
		free(text);
	}
	for (i = 0; i < obj->nr_pins; i++) {
		text = holders_printable(obj->pins[i]);
		printf("%-*spin %s\n", WIDTH, word, text ? text : "?");
		free(text);
	}
	if (obj->registered)
		printf("%-*sits registration without a link\n", WIDTH, word);
}

static void print_companions(const struct policies *p, const struct policy_place *place)
{
	const struct holders_obj *link, *prog;
	size_t i;

	for (i = 0; i < p->holders.nr; i++) {
		link = &p->holders.obj[i];
		if (!policy_find_companion(p, place, link))
			continue;
		prog = link_prog(p, link);
		printf("%-*s%s, program %u, by link %u (%s)\n", WIDTH, "companion",
		       prog ? prog->name : "", prog ? prog->self.id : 0, link->self.id, link->name);
		print_keepers(link, "");
	}
}

static void print_attached(const struct policies *p, const struct taskhold_policy_stats *stats,
			   const struct policy_place *place)
{
	struct holders_obj sum;
	char since[32];
	size_t i;

	printf("%-*s%s\n", WIDTH, "policy", place->name);
	printf("%-*sfor %s, in slot %u, as number %llu\n", WIDTH, "attached",
	       stats_since(stats->attached_ns, since), stats->slot, stats->id);
	stats_print(stats, "", WIDTH);
	printf("%-*s%u\n", WIDTH, "flags", stats->flags & ~TASKHOLD_POLICY_ENDING);
	if (counters_is_ending(stats))
		printf("%-*sit is not called any more, and will be detached\n", WIDTH, "ending");
	printf("%-*s%u ms\n", WIDTH, "interval", stats->interval_ms);
	printf("%-*s%u %s\n", WIDTH, "map", place->map_id, place->map_name);
	if (place->link_id)
		printf("%-*s%u\n", WIDTH, "link", place->link_id);
	else
		printf("%-*snone\n", WIDTH, "link");
	for (i = 0; i < place->nr_members; i++)
		printf("%-*s%s: program %u %s\n", WIDTH, i ? "" : "members", place->members[i].name,
		       place->members[i].prog_id, place->members[i].prog_name);
	print_companions(p, place);
	if (policy_find_keepers(p, place, &sum))
		return;
	print_keepers(&sum, "kept by");
	holders_free_obj(&sum);
}

static int show_ended(const struct taskhold_exit_info *info, bool json)
{
	struct json_object *o;

	if (json) {
		o = policy_end_json(info);
		answer_bool(o, "attached", false);
		return answer_print(o);
	}
	printf("%-*s%.*s\n", WIDTH, "policy", TASKHOLD_NAME_LEN, info->stats.name);
	policy_end_print(info, WIDTH);
	stats_print(&info->stats, "", WIDTH);
	return 0;
}

int policy_show(const struct policy_args *args)
{
	const struct taskhold_policy_stats *stats;
	const struct taskhold_exit_info *ended;
	const struct policy_place *place;
	struct policies p = {};
	int ret, err = 0;

	ret = module_require() ?: policies_read(&p);
	if (ret)
		goto out;
	ended = counters_find_ended(&p.counters, args->name);
	if (!counters_find(&p.counters, args->name) && ended) {
		err = show_ended(ended, args->json);
	} else {
		ret = policy_find_attached(&p, args->name, &stats, &place);
		if (!ret && args->json)
			err = answer_print(attached_json(&p, stats, place));
		else if (!ret)
			print_attached(&p, stats, place);
	}
	if (err)
		ret = th_fail(TH_IO, "not enough memory for the output");
out:
	policies_free(&p);
	return ret;
}
