// SPDX-License-Identifier: GPL-2.0-only
/* taskhold policy list: what is attached, who keeps it, and what has ended lately. */
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "array.h"
#include "error.h"
#include "module.h"
#include "policy.h"
#include "policy_end.h"
#include "policy_find.h"
#include "stats.h"

static struct json_object *policy_json(const struct policies *p,
				       const struct taskhold_policy_stats *stats)
{
	const struct policy_place *place = policy_find(p, stats->name);
	struct json_object *o = stats_json(stats);
	struct holders_obj sum = {};

	/* null: it came after the maps had been read */
	answer_id(o, "map_id", place ? place->map_id : 0);
	answer_id(o, "link_id", place ? place->link_id : 0);
	if (place && !policy_find_keepers(p, place, &sum)) {
		answer_keepers(o, &sum);
		holders_free_obj(&sum);
	} else {
		answer_keepers(o, &(struct holders_obj){});
	}
	return o;
}

static int print_json(const struct policies *p)
{
	struct json_object *root = json_object_new_object();
	struct json_object *policies = json_object_new_array(), *ended = json_object_new_array();
	size_t i;

	for (i = 0; i < p->counters.nr_policies; i++)
		json_object_array_add(policies, policy_json(p, &p->counters.policies[i]));
	for (i = 0; i < p->counters.nr_ended; i++)
		json_object_array_add(ended, policy_end_json(&p->counters.ended[i]));
	json_object_object_add(root, "policies", policies);
	json_object_object_add(root, "ended", ended);
	return answer_print(root);
}

/* "attach[123], pin /sys/fs/bpf/x/policy", malloced */
static char *keepers_text(const struct policies *p, const struct policy_place *place)
{
	struct holders_obj sum;
	size_t size, i, shown = 0;
	char *text = NULL, *name;
	FILE *f;

	if (!place || policy_find_keepers(p, place, &sum))
		return NULL;
	f = open_memstream(&text, &size);
	for (i = 0; f && i < sum.nr_procs; i++) {
		name = holders_printable(sum.procs[i].comm);
		fprintf(f, "%s%s[%d]", shown++ ? ", " : "", name ? name : "?", sum.procs[i].pid);
		free(name);
	}
	for (i = 0; f && i < sum.nr_pins; i++) {
		name = holders_printable(sum.pins[i]);
		fprintf(f, "%s%s", shown++ ? ", " : "", name ? name : "?");
		free(name);
	}
	if (f && sum.registered)
		fputs(shown ? ", itself, without a link" : "itself, without a link", f);
	if (f)
		fclose(f);
	holders_free_obj(&sum);
	return text;
}

static int add_row(struct libscols_table *table, const struct policies *p,
		   const struct taskhold_policy_stats *stats)
{
	const struct policy_place *place = policy_find(p, stats->name);
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char cell[6][TASKHOLD_NAME_LEN + 16], *keepers = keepers_text(p, place);
	const char *const cells[] = {
		cell[5], cell[0], cell[1], cell[2], cell[3], cell[4], keepers ? keepers : "",
	};
	int err = line ? 0 : -1;
	size_t i;

	snprintf(cell[5], sizeof(cell[5]), "%.*s%s", TASKHOLD_NAME_LEN, stats->name,
		 counters_is_ending(stats) ? " (ending)" : "");
	snprintf(cell[0], sizeof(cell[0]), "%u", stats->slot);
	stats_since(stats->attached_ns, cell[1]);
	snprintf(cell[2], sizeof(cell[2]), "%llu", stats->live + stats->kept);
	snprintf(cell[3], sizeof(cell[3]), "%llu", stats->admitted);
	snprintf(cell[4], sizeof(cell[4]), "%s", "-");
	if (place && place->link_id)
		snprintf(cell[4], sizeof(cell[4]), "%u", place->link_id);
	for (i = 0; !err && i < ARRAY_SIZE(cells); i++)
		err = scols_line_set_data(line, i, cells[i]);
	free(keepers);
	return err;
}

static int print_table(const struct policies *p)
{
	static const struct {
		const char *name;
		int flags;
	} columns[] = {
		{ "NAME", 0 }, { "SLOT", SCOLS_FL_RIGHT }, { "SINCE", SCOLS_FL_RIGHT },
		{ "HELD", SCOLS_FL_RIGHT }, { "ADMITTED", SCOLS_FL_RIGHT },
		{ "LINK", SCOLS_FL_RIGHT }, { "KEPT BY", 0 },
	};
	struct libscols_table *table = scols_new_table();
	int err = table ? 0 : -1;
	size_t i;

	for (i = 0; !err && i < ARRAY_SIZE(columns); i++)
		err = scols_table_new_column(table, columns[i].name, 0, columns[i].flags) ? 0 : -1;
	for (i = 0; !err && i < p->counters.nr_policies; i++)
		err = add_row(table, p, &p->counters.policies[i]);
	if (!err)
		err = scols_print_table(table);
	scols_unref_table(table);
	return err;
}

static int print_text(const struct policies *p)
{
	const struct taskhold_exit_info *info;
	char since[32];
	size_t i;

	if (!p->counters.nr_policies)
		printf("no policy is attached\n");
	else if (print_table(p))
		return -1;
	for (i = 0; i < p->counters.nr_ended; i++) {
		info = &p->counters.ended[i];
		printf("%s%.*s ended %s ago: %s\n", i ? "" : "\n", TASKHOLD_NAME_LEN,
		       info->stats.name, stats_since(info->time_ns, since), info->text);
	}
	return 0;
}

int policy_list(const struct policy_args *args)
{
	struct policies p = {};
	int ret, slot;

	ret = module_require() ?: policies_read(&p);
	for (slot = 0; !ret && slot < TASKHOLD_MAX_POLICIES; slot++) {
		if (p.counters.slot_err[slot])
			th_warn("the counters of the policy in slot %d cannot be read, and it is not listed: %s",
				slot, strerror(-p.counters.slot_err[slot]));
	}
	if (!ret && (args->json ? print_json(&p) : print_text(&p)))
		ret = th_fail(TH_IO, "not enough memory for the output");
	policies_free(&p);
	return ret;
}
