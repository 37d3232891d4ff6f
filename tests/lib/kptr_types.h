/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Map values with kptrs, made by hand: BTF that no compiler would write, and the
 * maps. Whether a map has kptrs shows in that it cannot be frozen.
 */
#ifndef _TASKHOLD_TESTS_KPTR_TYPES_H
#define _TASKHOLD_TESTS_KPTR_TYPES_H

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "lib/guest.h"

/**
 * struct types - a value and what it is made of
 * @btf: all of it; loaded by types_load() or types_try()
 * @integer: an int
 * @key: a struct of 8 bytes, for keys
 * @value: the value
 */
struct types {
	struct btf *btf;
	int integer;
	int key;
	int value;
};

static inline void types_make(struct types *t)
{
	t->btf = btf__new_empty();
	if (!t->btf)
		die("make BTF");
	t->integer = btf__add_int(t->btf, "int", 4, BTF_INT_SIGNED);
	t->key = btf__add_struct(t->btf, "key", 8);
	if (btf__add_field(t->btf, "a", t->integer, 0, 0) ||
	    btf__add_field(t->btf, "b", t->integer, 32, 0))
		die("make BTF of a key");
}

/* A pointer to a struct, of which the name alone matters, or to a union. */
static inline int types_pointer(struct types *t, const char *tag, const char *to, bool to_union)
{
	int id = to_union ? btf__add_union(t->btf, to, 4) : btf__add_struct(t->btf, to, 4);

	if (id < 0 || btf__add_field(t->btf, "x", t->integer, 0, 0))
		die("make BTF of struct %s", to);
	if (tag)
		id = btf__add_type_tag(t->btf, tag, id);
	return btf__add_ptr(t->btf, id);
}

static inline void types_struct(struct types *t, const char *name, int size)
{
	t->value = btf__add_struct(t->btf, name, size);
	if (t->value < 0)
		die("make BTF of a value");
}

static inline void types_member(struct types *t, const char *name, int type, int offset)
{
	if (btf__add_field(t->btf, name, type, offset * 8, 0))
		die("make BTF of member %s", name);
}

static inline int types_array(struct types *t, int type, int nr)
{
	return btf__add_array(t->btf, t->integer, type, nr);
}

/* 0 or a negative error. */
static inline int types_try(struct types *t)
{
	return btf__load_into_kernel(t->btf);
}

static inline void types_load(struct types *t)
{
	if (types_try(t))
		die("load BTF");
}

/* Its file descriptor or a negative error. */
static inline int types_map(const struct types *t, enum bpf_map_type type, __u32 flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = btf__fd(t->btf),
		    .btf_key_type_id = t->integer, .btf_value_type_id = t->value,
		    .map_flags = flags);

	return bpf_map_create(type, "kptrs", 4, btf__type_by_id(t->btf, t->value)->size, 1,
			      &opts);
}

/* An int at 0, and a pointer at 8. */
static inline void types_one(struct types *t, const char *tag, const char *to)
{
	int pointer;

	types_make(t);
	pointer = types_pointer(t, tag, to, false);
	types_struct(t, "value", 24);
	types_member(t, "mark", t->integer, 0);
	types_member(t, "pointer", pointer, 8);
	types_load(t);
}

/* Freezes it if it has none. */
static inline bool has_kptrs(int fd)
{
	int err = bpf_map_freeze(fd);

	if (err && err != -ENOTSUPP)
		die("freeze a map: %d", err);
	return err;
}

#endif /* _TASKHOLD_TESTS_KPTR_TYPES_H */
