/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policies of bpf-progs/ as others use them: the object file that is installed,
 * loaded by libbpf alone, its knobs set by name before that, its maps read by the names
 * that its BTF has.
 *
 * A helper that cannot do its work ends the test, and says what it was at.
 */
#ifndef _TASKHOLD_TESTS_POLICY_OBJECT_H
#define _TASKHOLD_TESTS_POLICY_OBJECT_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <taskhold/ops.h>

#include "lib/reader.h"

#define OBJECT_VALUE	512	/* bytes, more than any value of a policy's map */

/* The object of bpf-progs/NAME.bpf.c, not loaded yet. */
static inline struct bpf_object *object_open(const char *name)
{
	const char *root = getenv("TASKHOLD_ROOT");
	struct bpf_object *obj;
	char path[4096];

	snprintf(path, sizeof(path), "%s/out/bpf/%s.bpf.o", root ?: ".", name);
	obj = bpf_object__open_file(path, NULL);
	if (!obj)
		die("open %s", path);
	return obj;
}

static inline struct bpf_map *object_map(struct bpf_object *obj, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	if (!map)
		die("no map %s", name);
	return map;
}

/* Sets a `const volatile` of 4 or 8 bytes. */
static inline void object_set(struct bpf_object *obj, const char *name, __u64 value)
{
	const struct btf *btf = bpf_object__btf(obj);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC), i;
	const struct btf_type *sec = btf__type_by_id(btf, id), *var;
	const struct btf_var_secinfo *at;
	struct bpf_map *map;
	size_t size;
	char *data;

	bpf_object__for_each_map(map, obj) {
		if (strstr(bpf_map__name(map), ".rodata"))
			break;
	}
	data = bpf_map__initial_value(map, &size);
	for (i = 0; sec && data && i < btf_vlen(sec); i++) {
		at = btf_var_secinfos(sec) + i;
		var = btf__type_by_id(btf, at->type);
		if (!strcmp(btf__name_by_offset(btf, var->name_off), name) &&
		    (at->size == 4 || at->size == 8)) {
			memcpy(data + at->offset, &value, at->size);
			return;
		}
	}
	die("no knob %s", name);
}

/* The policy's map, whose value is struct taskhold_ops. */
static inline struct bpf_map *object_policy(struct bpf_object *obj)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			return map;
	}
	die("no struct_ops map");
}

/* What the policy sets, to be changed before it is loaded. */
static inline struct taskhold_ops *object_ops(struct bpf_object *obj)
{
	struct taskhold_ops *ops;
	size_t size;

	ops = bpf_map__initial_value(object_policy(obj), &size);
	if (!ops || size != sizeof(*ops))
		die("%s has no struct taskhold_ops", bpf_object__name(obj));
	return ops;
}

/* Gives the policy another name, before it is loaded. */
static inline void object_rename(struct bpf_object *obj, const char *name)
{
	struct taskhold_ops *ops = object_ops(obj);

	/* padded with NUL */
	memset(ops->name, 0, sizeof(ops->name));
	snprintf(ops->name, sizeof(ops->name), "%s", name);
}

static inline void object_load(struct bpf_object *obj)
{
	if (bpf_object__load(obj))
		die("load %s", bpf_object__name(obj));
}

/* Attaches the policy; NULL and errno if that is refused. */
static inline struct bpf_link *object_attach(struct bpf_object *obj)
{
	return bpf_map__attach_struct_ops(object_policy(obj));
}

/* The same where it must not be refused. */
static inline struct bpf_link *object_attached(struct bpf_object *obj)
{
	struct bpf_link *link = object_attach(obj);

	if (!link)
		die("attach %s", bpf_object__name(obj));
	return link;
}

/*
 * Of a policy whose map with a timer is pinned: leaves that map without a user, by which
 * the kernel cancels its timers. @obj is closed, and what is returned has the map, to be
 * read; it was opened, and is not loaded.
 */
static inline struct bpf_object *object_stop_timer(struct bpf_object *obj, const char *name,
						   const char *map_name)
{
	struct bpf_map *map = object_map(obj, map_name);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int fd;

	if (bpf_map_get_info_by_fd(bpf_map__fd(map), &info, &size) || bpf_map__unpin(map, NULL))
		die("unpin %s", map_name);
	bpf_object__close(obj);
	fd = bpf_map_get_fd_by_id(info.id);
	obj = object_open(name);
	if (fd < 0 || bpf_map__reuse_fd(object_map(obj, map_name), fd))
		die("map %u", info.id);
	close(fd);
	return obj;
}

/* Unloads the module, which nothing is to keep any more, and loads it again. */
static inline void object_reload_module(void)
{
	int err = module_unload_soon();

	if (err)
		die("unload taskhold: %d, %ld references", err, module_refs());
	module_load();
}

/* A member of a map's value by its name, and how many bytes it has. */
static inline const void *object_member(struct bpf_object *obj, const struct bpf_map *map,
					const void *value, const char *name, __u32 *size)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *type = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	const struct btf_member *m;
	int i;

	for (i = 0; type && i < btf_vlen(type); i++) {
		m = btf_members(type) + i;
		if (strcmp(btf__name_by_offset(btf, m->name_off), name))
			continue;
		if (size)
			*size = btf__resolve_size(btf, m->type);
		return (const char *)value + m->offset / 8;
	}
	die("no member %s in the values of %s", name, bpf_map__name(map));
}

static inline __u64 object_number(struct bpf_object *obj, const struct bpf_map *map,
				  const void *value, const char *name)
{
	__u64 number = 0;
	__u32 size;
	const void *at = object_member(obj, map, value, name, &size);

	if (size > sizeof(number))
		die("%s is no number", name);
	memcpy(&number, at, size);
	return number;
}

/* What a map has for a key, into @value (OBJECT_VALUE bytes); false if nothing. */
static inline bool object_look_up(const struct bpf_map *map, const void *key, void *value)
{
	if (bpf_map__value_size(map) > OBJECT_VALUE)
		die("%s has values of %u bytes", bpf_map__name(map), bpf_map__value_size(map));
	return !bpf_map__lookup_elem(map, key, bpf_map__key_size(map), value,
				     bpf_map__value_size(map), 0);
}

/* A number of the one element of an array, such as counters are in. */
static inline __u64 object_counter(struct bpf_object *obj, const char *map_name, const char *name)
{
	const struct bpf_map *map = object_map(obj, map_name);
	char value[OBJECT_VALUE];
	__u32 zero = 0;

	if (!object_look_up(map, &zero, value))
		die("look up %s", map_name);
	return object_number(obj, map, value, name);
}

/* How many elements a hash has. */
static inline __u32 object_count(const struct bpf_map *map)
{
	char key[64], *last = NULL;
	__u32 n = 0;

	if (bpf_map__key_size(map) > sizeof(key))
		die("%s has keys of %u bytes", bpf_map__name(map), bpf_map__key_size(map));
	while (!bpf_map__get_next_key(map, last, key, bpf_map__key_size(map))) {
		last = key;
		n++;
	}
	return n;
}

/* Removes what the object has pinned when it was loaded, as its manual says. */
static inline void object_unpin(struct bpf_object *obj)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		if (bpf_map__is_pinned(map) && bpf_map__unpin(map, NULL))
			die("unpin %s", bpf_map__name(map));
	}
}

#endif /* _TASKHOLD_TESTS_POLICY_OBJECT_H */
