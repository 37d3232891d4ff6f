// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold policy detach: ends a policy, whoever keeps it, and removes its pins and
 * those of its companions; of one that has ended, what it has left.
 */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "error.h"
#include "module.h"
#include "policy.h"
#include "policy_end.h"
#include "policy_find.h"
#include "policy_gone.h"
#include "policy_remains.h"
#include "policy_remove.h"
#include "policy_stop.h"

/* What was done, for the answer. */
struct done {
	struct taskhold_exit_info info;
	struct json_object *removed;	/* NULL: is printed */
	__u32 map_id;			/* whose registration without a link was left, 0: none */
	bool any;
};

static int remove_all(const struct policies *p, const struct policy_place *place,
		      struct json_object *removed)
{
	bool alone = !policy_find_sibling(p, place);
	struct holders_obj sum;
	int ret, one;
	size_t i;

	if (policy_find_keepers(p, place, &sum))
		return th_fail(TH_ENV, "out of memory: the pins are left");
	ret = policy_remove_pins(&sum, removed);
	holders_free_obj(&sum);
	for (i = 0; alone && i < p->holders.nr; i++) {
		if (!policy_find_companion(p, place, &p->holders.obj[i]))
			continue;
		one = policy_remove_pins(&p->holders.obj[i], removed);
		ret = ret ?: one;
	}
	return ret;
}

static int detach(struct policies *p, const struct policy_args *args, struct done *done)
{
	const struct taskhold_policy_stats *stats;
	const struct policy_place *found;
	struct policy_place place;
	int ret;

	if (args->pin)
		return th_fail(TH_USAGE, "policy %s is attached, and goes with its pins: leave --pin %s out",
			       args->name, args->pin);
	ret = policy_find_attached(p, args->name, &stats, &found);
	if (ret)
		return ret;
	/* what is found goes when the places are read again */
	place = *found;
	ret = policy_stop(p, &place, stats->id, &done->info);
	if (ret)
		return ret;
	done->any = true;
	if (!done->removed)
		printf("policy %s is detached\n", args->name);
	ret = remove_all(p, &place, done->removed);
	policy_gone_wait(p, &place);
	return ret;
}

/*
 * It is attached no more: the module has ended it, or who detached it has not come to the
 * rest.  @ended is NULL where the module does not know it, any more or at all.
 */
static int clear(const struct policies *p, const struct taskhold_exit_info *ended,
		 const struct policy_args *args, struct done *done)
{
	const struct policy_place *place = policy_find(p, args->name);
	int ret = TH_OK, err;

	if (ended)
		done->info = *ended;
	if (place && !place->link_id) {
		err = policy_stop_place(place);
		if (err < 0)
			return th_fail(TH_ENV, "policy %s has ended; the registration of its map %u cannot be removed: %s",
				       args->name, place->map_id, strerror(-err));
		done->map_id = place->map_id;
		done->any = true;
		if (!done->removed)
			printf("removed the registration of map %u\n", place->map_id);
	}
	if (args->pin)
		ret = policy_remains_remove(p, args->pin, done->removed);
	else if (!done->map_id && !ended)
		return th_fail(TH_USAGE, "there is no policy %s; 'taskhold policy list' lists them",
			       args->name);
	else if (!done->map_id)
		return th_fail(TH_USAGE, "policy %s is attached no more: %s; 'taskhold policy show %s' has its counters, 'taskhold policy detach %s --pin DIR' removes the pins that are left of it",
			       args->name, ended->text, args->name, args->name);
	if (place && done->map_id)
		policy_gone_wait(p, place);
	done->any |= !ret;
	return ret;
}

static int print_json(const struct done *done)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "ended",
			       done->info.kind ? policy_end_json(&done->info) : NULL);
	answer_id(root, "map_id", done->map_id);
	json_object_object_add(root, "removed", json_object_get(done->removed));
	return answer_print(root) ? th_fail(TH_IO, "not enough memory for the JSON") : TH_OK;
}

int policy_detach(const struct policy_args *args)
{
	struct done done = {};
	struct policies p = {};
	int ret, out;

	ret = module_require() ?: policies_read(&p);
	if (ret)
		goto out;
	if (args->json)
		done.removed = json_object_new_array();
	if (counters_find(&p.counters, args->name))
		ret = detach(&p, args, &done);
	else
		ret = clear(&p, counters_find_ended(&p.counters, args->name), args, &done);
	if (args->json && done.any) {
		out = print_json(&done);
		ret = ret ?: out;
	}
out:
	json_object_put(done.removed);
	policies_free(&p);
	return ret;
}
