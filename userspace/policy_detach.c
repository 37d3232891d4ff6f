// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold policy detach: ends a policy, whoever keeps it, and removes its pins and
 * those of its companions.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "answer.h"
#include "error.h"
#include "module.h"
#include "policy.h"
#include "policy_end.h"
#include "policy_find.h"
#include "policy_pin.h"

/* Whoever else detaches it at the same time may not have ended it yet. */
#define GONE_MS		10000
#define GONE_STEP_MS	10

static int end(const struct policy_place *place)
{
	__u32 key = 0;
	int fd, err;

	fd = place->link_id ? bpf_link_get_fd_by_id(place->link_id) :
			      bpf_map_get_fd_by_id(place->map_id);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = place->link_id ? bpf_link_detach(fd) : bpf_map_delete_elem(fd, &key);
	close(fd);
	/* somebody else did */
	return err == -ENOLINK || err == -ENOENT || err == -EINPROGRESS ? 0 : err;
}

/* Waits until the module has it no more; then *info is how it ended, if known. */
static int wait_gone(__u64 id, struct taskhold_exit_info *info)
{
	const struct taskhold_exit_info *ended;
	struct counters counters;
	const char *what;
	int waited, err;

	for (waited = 0; waited < GONE_MS; waited += GONE_STEP_MS) {
		err = counters_read(&counters, &what);
		if (err)
			return err;
		if (!counters_find_id(&counters, id)) {
			ended = counters_find_ended_id(&counters, id);
			if (ended)
				*info = *ended;
			return 0;
		}
		poll(NULL, 0, GONE_STEP_MS);
	}
	return -ETIMEDOUT;
}

static void add(struct json_object *removed, const char *path)
{
	char *clean = holders_printable(path);

	if (removed)
		json_object_array_add(removed, clean ? json_object_new_string(clean) : NULL);
	else
		printf("removed %s\n", clean ? clean : path);
	free(clean);
}

/* Those of one object of BPF, and the directories that held nothing else. */
static int remove_pins(const struct holders_obj *obj, struct json_object *removed)
{
	int ret = TH_OK, err;
	char *dir;
	size_t i;

	for (i = 0; i < obj->nr_pins; i++) {
		err = policy_pin_remove(obj->pins[i],
					obj->self.type == HOLDERS_LINK ? obj->self.id : 0);
		if (err < 0)
			ret = th_fail(TH_IO, "%s: cannot be removed: %s", obj->pins[i],
				      strerror(-err));
		if (err <= 0)
			continue;
		add(removed, obj->pins[i]);
		dir = strndup(obj->pins[i], strrchr(obj->pins[i], '/') - obj->pins[i]);
		/* The mount point itself is busy, and what has other pins is not empty. */
		if (dir && !rmdir(dir))
			add(removed, dir);
		free(dir);
	}
	return ret;
}

static int remove_all(const struct policies *p, const struct policy_place *place,
		      struct json_object *removed)
{
	bool alone = !policy_find_sibling(p, place);
	struct holders_obj sum;
	int ret, one;
	size_t i;

	if (policy_find_keepers(p, place, &sum))
		return th_fail(TH_ENV, "out of memory: the pins are left");
	ret = remove_pins(&sum, removed);
	holders_free_obj(&sum);
	for (i = 0; alone && i < p->holders.nr; i++) {
		if (!policy_find_companion(p, place, &p->holders.obj[i]))
			continue;
		one = remove_pins(&p->holders.obj[i], removed);
		ret = ret ?: one;
	}
	return ret;
}

static int detach(const struct policies *p, const struct policy_args *args)
{
	struct json_object *removed = args->json ? json_object_new_array() : NULL, *root;
	const struct taskhold_policy_stats *stats;
	struct taskhold_exit_info info = {};
	const struct policy_place *place;
	int ret, err;

	ret = policy_find_attached(p, args->name, &stats, &place);
	if (ret)
		goto out;
	err = end(place);
	if (err) {
		ret = th_fail(TH_ENV, "policy %s cannot be detached: %s", args->name,
			      strerror(-err));
		goto out;
	}
	err = wait_gone(stats->id, &info);
	if (err) {
		ret = th_fail(TH_ENV, "policy %s is not seen to be gone: %s", args->name,
			      strerror(-err));
		goto out;
	}
	if (!removed)
		printf("policy %s is detached\n", args->name);
	ret = remove_all(p, place, removed);
	if (removed) {
		root = json_object_new_object();
		json_object_object_add(root, "ended", info.kind ? policy_end_json(&info) : NULL);
		json_object_object_add(root, "removed", removed);
		removed = NULL;
		if (answer_print(root))
			ret = th_fail(TH_IO, "not enough memory for the JSON");
	}
out:
	json_object_put(removed);
	return ret;
}

int policy_detach(const struct policy_args *args)
{
	struct policies p = {};
	int ret;

	ret = module_require() ?: policies_read(&p) ?: detach(&p, args);
	policies_free(&p);
	return ret;
}
