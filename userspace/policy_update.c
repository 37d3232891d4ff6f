// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold policy update: exchanges the members of an attached policy for those of an
 * object file.
 *
 * The link keeps the new map, this its programs, and they the other maps of the object:
 * nothing of it needs this process.  Companions have links of their own: those of a
 * policy that is pinned are pinned in the same directory, in the place of the old ones;
 * for a policy that a process holds, nobody could hold them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "answer.h"
#include "error.h"
#include "module.h"
#include "policy.h"
#include "policy_companion.h"
#include "policy_find.h"
#include "policy_object.h"
#include "policy_pin.h"
#include "policy_replace.h"
#include "policy_set.h"
#include "policy_signal.h"

/* Under which a companion is pinned until it takes the place of the old one. */
#define NEW_SUFFIX	"-new"

struct update {
	const struct policy_args *args;
	struct policies policies;
	const struct taskhold_policy_stats *stats;
	const struct policy_place *place;
	struct policy_object object;
	struct policy_companions companions;
	struct policy_pin pin;
	char *dir;		/* of the policy's pin, NULL: it has none */
	bool exchanged;
	int signal_fd;
};

static int find(struct update *u)
{
	struct holders_obj sum;
	int ret;

	ret = policy_find_attached(&u->policies, u->args->name, &u->stats, &u->place);
	if (ret)
		return ret;
	if (!u->place->link_id)
		return th_fail(TH_ENV, "policy %s: it is attached without a link, and cannot be updated; detach it, then attach %s",
			       u->args->name, u->args->object);
	if (policy_find_keepers(&u->policies, u->place, &sum))
		return th_fail(TH_ENV, "out of memory");
	if (sum.nr_pins) {
		u->dir = strndup(sum.pins[0], strrchr(sum.pins[0], '/') - sum.pins[0]);
		ret = u->dir ? TH_OK : th_fail(TH_ENV, "out of memory");
	}
	holders_free_obj(&sum);
	return ret;
}

/*
 * Who names the policy to update has named it: it keeps its name, whatever is in the
 * object.  Flags say what the programs are made for, so that they must be the same.
 */
static int fit_members(struct update *u)
{
	const struct bpf_map *map = u->object.maps[0];
	char *name = policy_object_member(&u->object, map, "name", TASKHOLD_NAME_LEN);
	const __u32 *flags = policy_object_member(&u->object, map, "flags", sizeof(*flags));
	__u32 has = flags ? *flags : 0, had = u->stats->flags & ~TASKHOLD_POLICY_ENDING;

	if (name && !policy_set_given(u->args, "name")) {
		memset(name, 0, TASKHOLD_NAME_LEN);
		memcpy(name, u->place->name, strlen(u->place->name));
	}
	if (!name || strncmp(name, u->place->name, TASKHOLD_NAME_LEN))
		return th_fail(TH_USAGE, "policy %s: an update cannot change its name to %.*s; leave --set name=... out, or attach %s as another policy",
			       u->place->name, TASKHOLD_NAME_LEN, name ? name : "",
			       u->args->object);
	if (has != had)
		return th_fail(TH_USAGE, "policy %s: an update cannot change its flags: they are %u, those of %s %u; give --set flags=%u if it can do with them",
			       u->place->name, had, u->args->object, has, had);
	return TH_OK;
}

static bool has(const struct update *u, const char *member)
{
	void **func = policy_object_member(&u->object, u->object.maps[0], member, sizeof(*func));

	return func && *func;
}

static bool had(const struct update *u, const char *member)
{
	size_t i;

	for (i = 0; i < u->place->nr_members; i++) {
		if (!strcmp(u->place->members[i].name, member))
			return true;
	}
	return false;
}

/*
 * An update calls neither attach() nor detach(): what the old attach() has set up stays,
 * for a detach() that may know nothing of it, and what the new one would is missing.
 */
static int check_calls(const struct update *u)
{
	const char *name = u->place->name, *object = u->args->object;
	bool had_attach = had(u, "attach");

	if (had(u, "detach") && !has(u, "detach"))
		return th_fail(TH_USAGE, "policy %s: it has a detach(), and %s none that would be called in its place; 'taskhold policy detach %s', then attach %s",
			       name, object, name, object);
	if ((!had_attach && !has(u, "attach")) || u->args->force)
		return TH_OK;
	return th_fail(TH_USAGE, "policy %s: %s has an attach(), which an update does not call: %s; 'taskhold policy detach %s', then attach %s, or give --force if it can do without",
		       name, had_attach ? "what runs" : object,
		       had_attach ? "what it has set up, such as timers, would be left behind" :
				    "what it sets up, such as timers, would be missing",
		       name, object);
}

static int open_object(struct update *u)
{
	struct bpf_program *prog;
	int ret;

	ret = policy_object_open(&u->object, u->args);
	if (ret)
		return ret;
	if (u->object.nr_maps > 1)
		return th_fail(TH_USAGE, "%s: has %zu policies; choose one by --map",
			       u->args->object, u->object.nr_maps);
	ret = policy_set(&u->object, u->args) ?: fit_members(u) ?: check_calls(u);
	if (ret || u->dir)
		return ret;
	bpf_object__for_each_program(prog, u->object.obj) {
		if (policy_object_companion(prog))
			return th_fail(TH_ENV, "%s: its program %s (%s) would be held by nobody: the policy %s is not pinned; attach %s anew instead",
				       u->args->object, bpf_program__name(prog),
				       bpf_program__section_name(prog), u->place->name,
				       u->args->object);
	}
	return TH_OK;
}

static int load(struct update *u)
{
	policy_object_warn(&u->object);
	return policy_object_load_or_say(&u->object);
}

static int set_value(const struct update *u)
{
	int err;

	err = policy_type_set_value(&u->policies.type, bpf_object__btf(u->object.obj),
				    u->object.maps[0]);
	if (err)
		return th_fail(TH_ENV, "%s: the module refuses the members of policy %s: %s; the kernel's log says why",
			       u->args->object, bpf_map__name(u->object.maps[0]), strerror(-err));
	return TH_OK;
}

/* Companions of the policy alone go with the old members, and their pins. */
static bool is_old(const struct update *u, const struct holders_obj *link)
{
	return !policy_find_sibling(&u->policies, u->place) &&
	       policy_find_companion(&u->policies, u->place, link);
}

/* Is a file there that is to stay? */
static bool is_taken(const struct update *u, const char *path)
{
	const struct holders *h = &u->policies.holders;
	struct stat st;
	size_t i, j;

	if (lstat(path, &st))
		return false;
	for (i = 0; i < h->nr; i++) {
		if (!is_old(u, &h->obj[i]))
			continue;
		for (j = 0; j < h->obj[i].nr_pins; j++) {
			if (!strcmp(h->obj[i].pins[j], path))
				return false;
		}
	}
	return true;
}

/* Before anything is attached: after the exchange it would be too late. */
static int check_places(const struct update *u)
{
	struct bpf_program *prog;
	bool taken;
	char *path;

	bpf_object__for_each_program(prog, u->object.obj) {
		if (!policy_object_companion(prog))
			continue;
		path = policy_pin_path(u->dir, bpf_program__name(prog));
		if (!path)
			return th_fail(TH_ENV, "out of memory");
		taken = is_taken(u, path);
		free(path);
		if (taken)
			return th_fail(TH_IO, "%s/%s: is no companion of the policy %s alone, and there %s's program of that name is to be pinned: give it another name",
				       u->dir, bpf_program__name(prog), u->place->name,
				       u->args->object);
	}
	return TH_OK;
}

/* The new companions run from before the exchange on, the old ones until after it. */
static int pin_companions(struct update *u)
{
	struct policy_companion *c;
	char name[256];
	size_t i;
	int ret;

	ret = policy_companion_attach(&u->companions, &u->object);
	if (ret)
		return ret;
	u->pin.dir = u->dir;
	for (i = 0; i < u->companions.nr; i++) {
		c = &u->companions.list[i];
		snprintf(name, sizeof(name), "%s" NEW_SUFFIX, bpf_program__name(c->prog));
		c->pin = policy_pin_link(&u->pin, bpf_link__fd(c->link), name);
		if (!c->pin)
			return TH_IO;
	}
	return TH_OK;
}

/* From here on nothing is taken back: what fails is said, and the rest done. */
static int exchange_companions(struct update *u)
{
	const struct holders *h = &u->policies.holders;
	int ret = TH_OK, err;
	size_t i, j;
	char *path;

	for (i = 0; i < h->nr; i++) {
		if (!is_old(u, &h->obj[i]))
			continue;
		for (j = 0; j < h->obj[i].nr_pins; j++) {
			err = policy_pin_remove(h->obj[i].pins[j], h->obj[i].self.id);
			if (err < 0)
				ret = th_fail(TH_IO, "%s: cannot be removed: %s",
					      h->obj[i].pins[j], strerror(-err));
		}
	}
	for (i = 0; i < u->companions.nr; i++) {
		path = policy_pin_path(u->dir, bpf_program__name(u->companions.list[i].prog));
		if (!path || renameat2(AT_FDCWD, u->companions.list[i].pin, AT_FDCWD, path,
				       RENAME_NOREPLACE))
			ret = th_fail(TH_IO, "%s: it stays under this name, as it cannot be renamed: %s",
				      u->companions.list[i].pin, strerror(errno));
		free(path);
	}
	return ret;
}

static __u32 map_id(const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_map_get_info_by_fd(bpf_map__fd(map), &info, &len) ? 0 : info.id;
}

static int print(const struct update *u)
{
	__u32 new_id = map_id(u->object.maps[0]);
	struct json_object *o;

	if (!u->args->json) {
		printf("policy %s is updated: link %u has map %u in place of %u\n", u->place->name,
		       u->place->link_id, new_id, u->place->map_id);
		return TH_OK;
	}
	o = json_object_new_object();
	answer_text(o, "name", u->place->name);
	answer_id(o, "link_id", u->place->link_id);
	answer_id(o, "old_map_id", u->place->map_id);
	answer_id(o, "map_id", new_id);
	return answer_print(o) ? th_fail(TH_IO, "not enough memory for the JSON") : TH_OK;
}

static int exchange(struct update *u)
{
	int ret = TH_OK;

	if (u->dir)
		ret = pin_companions(u);
	/* the last moment to take it back */
	ret = ret ?: policy_signal_come(u->signal_fd) ?:
	      policy_replace(u->place, bpf_map__fd(u->object.maps[0]));
	u->exchanged = !ret;
	return ret;
}

static int run(struct update *u)
{
	int ret, out;

	ret = policies_read(&u->policies) ?: find(u) ?: open_object(u);
	if (!ret && u->dir)
		ret = check_places(u);
	ret = ret ?: load(u);
	if (ret)
		return ret;
	ret = policy_signal_block(&u->signal_fd) ?: policy_object_pin(&u->object) ?: set_value(u) ?:
	      exchange(u);
	if (ret) {
		policy_pin_undo(&u->pin);
		policy_object_unpin(&u->object);
		return ret;
	}
	if (u->dir)
		ret = exchange_companions(u);
	out = print(u);
	return ret ?: out;
}

int policy_update(const struct policy_args *args)
{
	struct update u = { .args = args, .signal_fd = -1 };
	int ret;

	ret = module_require() ?: run(&u);
	policy_companion_free(&u.companions, u.exchanged);
	policy_object_close(&u.object);
	policy_pin_free(&u.pin);
	policies_free(&u.policies);
	free(u.dir);
	if (u.signal_fd >= 0)
		close(u.signal_fd);
	return ret;
}
