// SPDX-License-Identifier: GPL-2.0-only
#include "policy_find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "ids.h"

/* ---- maps and links ---- */

static void read_member_name(struct policy_member *member)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd;

	member->prog_name[0] = 0;
	fd = bpf_prog_get_fd_by_id(member->prog_id);
	if (fd < 0)
		return;
	if (!bpf_prog_get_info_by_fd(fd, &info, &len))
		snprintf(member->prog_name, sizeof(member->prog_name), "%s", info.name);
	close(fd);
}

/* User space reads functions back as the ids of their programs. */
static void read_members(const struct policy_type *type, struct policy_place *place,
			 const char *data)
{
	const struct btf_member *m = btf_members(type->ops);
	struct policy_member *member;
	__u64 id;
	int i;

	for (i = 0; i < btf_vlen(type->ops) && i < POLICY_FIND_MEMBERS; i++, m++) {
		if (!policy_type_is_func(type->module, m))
			continue;
		memcpy(&id, data + m->offset / 8, sizeof(id));
		if (!id)
			continue;
		member = &place->members[place->nr_members++];
		member->name = btf__name_by_offset(type->module, m->name_off);
		member->prog_id = id;
		read_member_name(member);
	}
}

/* 1: it is attached without a link, or ready for links; 0: neither; or -errno */
static int read_value(const struct policy_type *type, int fd, struct policy_place *place,
		      enum policy_state *state)
{
	const struct btf_member *name = policy_type_member(type->module, type->ops, "name");
	__u32 key = 0;
	char *value;
	int err;

	value = calloc(1, type->value_size);
	if (!value)
		return -ENOMEM;
	err = bpf_map_lookup_elem(fd, &key, value);
	if (!err) {
		/* bpf_struct_ops_common_value: refcnt, state */
		memcpy(state, value + sizeof(__u32), sizeof(__u32));
		memcpy(place->name, value + type->data + name->offset / 8, TASKHOLD_NAME_LEN);
		read_members(type, place, value + type->data);
	}
	free(value);
	if (err)
		return err;
	return *state == POLICY_STATE_INUSE || *state == POLICY_STATE_READY;
}

static int add_map(void *ctx, __u32 id, int fd)
{
	struct policy_place place = {}, *more;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	struct policies *p = ctx;
	enum policy_state state = POLICY_STATE_INIT;
	int ret;

	ret = bpf_map_get_info_by_fd(fd, &info, &len);
	if (ret)
		return ret;
	if (info.type != BPF_MAP_TYPE_STRUCT_OPS || info.btf_vmlinux_id != p->type.btf_id ||
	    info.value_size != p->type.value_size)
		return 0;
	ret = read_value(&p->type, fd, &place, &state);
	if (ret <= 0)
		return ret;
	place.map_id = id;
	snprintf(place.map_name, sizeof(place.map_name), "%s", info.name);
	/* until a link is found, one that has none: see drop_unlinked() */
	place.link_id = state == POLICY_STATE_INUSE ? 0 : ~0U;
	more = reallocarray(p->places, p->nr_places + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->places = more;
	p->places[p->nr_places++] = place;
	return 0;
}

static int add_link(void *ctx, __u32 id, int fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	struct policies *p = ctx;
	size_t i;
	int err;

	err = bpf_link_get_info_by_fd(fd, &info, &len);
	if (err || info.type != BPF_LINK_TYPE_STRUCT_OPS)
		return err;
	for (i = 0; i < p->nr_places; i++) {
		if (p->places[i].map_id == info.struct_ops.map_id)
			p->places[i].link_id = id;
	}
	return 0;
}

/* Maps that are ready for a link, and have none. */
static void drop_unlinked(struct policies *p)
{
	size_t i, nr = 0;

	for (i = 0; i < p->nr_places; i++) {
		if (p->places[i].link_id != ~0U)
			p->places[nr++] = p->places[i];
	}
	p->nr_places = nr;
}

int policy_find_places(struct policies *p)
{
	int err;

	free(p->places);
	p->places = NULL;
	p->nr_places = 0;
	err = ids_each(bpf_map_get_next_id, bpf_map_get_fd_by_id, add_map, p);
	/* after the maps that they attach */
	err = err ?: ids_each(bpf_link_get_next_id, bpf_link_get_fd_by_id, add_link, p);
	if (err)
		return th_fail(TH_ENV, "the kernel does not list its maps and links: %s",
			       strerror(-err));
	drop_unlinked(p);
	return TH_OK;
}

int policies_read(struct policies *p)
{
	const char *what;
	int ret, err;

	memset(p, 0, sizeof(*p));
	ret = policy_type_read(&p->type);
	if (ret)
		return ret;
	/* First, while there is no BPF object of our own that uses the module. */
	err = holders_read_policies(&p->holders, &what);
	if (err)
		return th_fail(TH_ENV, "who keeps the policies cannot be told: %s failed: %s", what,
			       strerror(-err));
	ret = policy_find_places(p);
	if (ret)
		return ret;
	th_libbpf_clear();
	err = counters_read(&p->counters, &what);
	if (err)
		return th_fail_libbpf(TH_ENV, "the counters cannot be read: %s failed: %s", what,
				      strerror(-err));
	return TH_OK;
}

void policies_free(struct policies *p)
{
	free(p->places);
	holders_free(&p->holders);
	policy_type_free(&p->type);
}

const struct policy_place *policy_find(const struct policies *p, const char *name)
{
	const struct policy_place *found = NULL;
	size_t i;

	for (i = 0; i < p->nr_places; i++) {
		if (strcmp(p->places[i].name, name))
			continue;
		/*
		 * Attached are those with a link; one without may be a map whose policy
		 * the module has ended.
		 */
		if (!found || p->places[i].link_id)
			found = &p->places[i];
	}
	return found;
}

int policy_find_attached(const struct policies *p, const char *name,
			 const struct taskhold_policy_stats **stats,
			 const struct policy_place **place)
{
	const struct taskhold_exit_info *ended;

	*stats = counters_find(&p->counters, name);
	*place = policy_find(p, name);
	if (*stats && *place)
		return TH_OK;
	ended = counters_find_ended(&p->counters, name);
	if (!*stats && ended)
		return th_fail(TH_USAGE, "policy %s is attached no more: %s; 'taskhold policy show %s' has its counters",
			       name, ended->text, name);
	if (!*stats)
		return th_fail(TH_USAGE, "there is no policy %s; 'taskhold policy list' lists them",
			       name);
	return th_fail(TH_ENV, "policy %s: its map has gone or changed just now; try again", name);
}

/* ---- who keeps them ---- */

static const struct holders_obj *holder(const struct policies *p, const struct policy_place *place)
{
	struct holders_ref link = { HOLDERS_LINK, place->link_id };
	struct holders_ref map = { HOLDERS_MAP, place->map_id };

	return holders_find(&p->holders, place->link_id ? link : map);
}

int policy_find_keepers(const struct policies *p, const struct policy_place *place,
			struct holders_obj *sum)
{
	const struct holders_obj *obj = holder(p, place);

	if (obj)
		return holders_sum(&p->holders, obj, sum);
	*sum = (struct holders_obj){ .self = { HOLDERS_LINK, place->link_id } };
	return 0;
}

/* The id of the BTF object that a program or map was loaded with; 0: none. */
static __u32 btf_of(const struct policies *p, struct holders_ref ref)
{
	const struct holders_obj *obj = holders_find(&p->holders, ref);
	size_t i;

	for (i = 0; obj && i < obj->keeps.nr; i++) {
		if (obj->keeps.ref[i].type == HOLDERS_BTF)
			return obj->keeps.ref[i].id;
	}
	return 0;
}

/* That of the map: there need be no program in it. */
static __u32 btf_of_place(const struct policies *p, const struct policy_place *place)
{
	struct holders_ref map = { HOLDERS_MAP, place->map_id };

	return btf_of(p, map);
}

bool policy_find_companion(const struct policies *p, const struct policy_place *place,
			   const struct holders_obj *link)
{
	__u32 btf = btf_of_place(p, place);
	size_t i;

	if (!btf || link->self.type != HOLDERS_LINK)
		return false;
	for (i = 0; i < link->keeps.nr; i++) {
		if (link->keeps.ref[i].type == HOLDERS_PROG &&
		    btf_of(p, link->keeps.ref[i]) == btf)
			return true;
	}
	return false;
}

bool policy_find_part(const struct policies *p, const struct policy_place *place,
		      const struct holders_obj *obj)
{
	__u32 btf = btf_of_place(p, place);

	switch (obj->self.type) {
	case HOLDERS_PROG:
		return btf && btf_of(p, obj->self) == btf;
	case HOLDERS_LINK:
		return obj->self.id == place->link_id || policy_find_companion(p, place, obj);
	case HOLDERS_MAP:
		return obj->self.id == place->map_id ||
		       (btf && obj->how == HOLDERS_DOES && btf_of(p, obj->self) == btf);
	default:
		return false;
	}
}

bool policy_find_btf(const struct policies *p, __u32 btf)
{
	size_t i;

	for (i = 0; i < p->nr_places; i++) {
		if (btf_of_place(p, &p->places[i]) == btf)
			return true;
	}
	return false;
}

bool policy_find_sibling(const struct policies *p, const struct policy_place *place)
{
	__u32 btf = btf_of_place(p, place);
	size_t i;

	for (i = 0; btf && i < p->nr_places; i++) {
		if (p->places[i].map_id != place->map_id && btf_of_place(p, &p->places[i]) == btf)
			return true;
	}
	return false;
}
