// SPDX-License-Identifier: GPL-2.0-only
#include "policy_set.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <taskhold/ops.h>

#include "array.h"
#include "error.h"
#include "policy.h"
#include "policy_object.h"
#include "policy_type.h"

#define WANT_LEN	512

/* Adds to a text as much as there is room for. */
__attribute__((format(printf, 2, 3))) static void add(char want[WANT_LEN], const char *fmt, ...)
{
	size_t len = strlen(want);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(want + len, WANT_LEN - len, fmt, ap);
	va_end(ap);
}

/* The type as its declaration names it: a typedef's name stands for what it is. */
static const char *type_name(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (btf_is_const(t) || btf_is_volatile(t) || btf_is_restrict(t) || btf_is_type_tag(t))
		t = btf__type_by_id(btf, t->type);
	if (t->name_off)
		return btf__name_by_offset(btf, t->name_off);
	if (btf_is_array(t))
		return "array";
	if (btf_is_ptr(t))
		return "pointer";
	return btf_is_any_enum(t) ? "enum" : "struct or union";
}

/* ---- values ---- */

static int set_bool(void *at, const char *value, char want[WANT_LEN])
{
	if (!strcmp(value, "true") || !strcmp(value, "1")) {
		*(unsigned char *)at = 1;
	} else if (!strcmp(value, "false") || !strcmp(value, "0")) {
		*(unsigned char *)at = 0;
	} else {
		add(want, "true, false, 1 or 0 (bool)");
		return -EINVAL;
	}
	return 0;
}

/* A whole number in C's notation and nothing else, within bounds. */
static bool parse_signed(const char *value, __s64 min, __s64 max, __s64 *n)
{
	char *end;

	if (!isdigit((unsigned char)value[value[0] == '-']))
		return false;
	errno = 0;
	*n = strtoll(value, &end, 0);
	return !errno && !*end && *n >= min && *n <= max;
}

static bool parse_unsigned(const char *value, __u64 max, __u64 *n)
{
	char *end;

	if (!isdigit((unsigned char)value[0]))
		return false;
	errno = 0;
	*n = strtoull(value, &end, 0);
	return !errno && !*end && *n <= max;
}

/* Little-endian, as BPF is on the machines that there is a module for. */
static int set_int(const struct btf *btf, __u32 id, const struct btf_type *t, void *at,
		   const char *value, char want[WANT_LEN])
{
	unsigned int bits = 8 * t->size;
	__u64 max, n;
	__s64 s;

	if (btf_int_encoding(t) & BTF_INT_SIGNED) {
		max = ~0ULL >> (65 - bits);
		if (!parse_signed(value, -(__s64)max - 1, max, &s)) {
			add(want, "%" PRId64 " to %" PRId64 " (%s)", (int64_t)(-(__s64)max - 1),
			    (int64_t)max, type_name(btf, id));
			return -EINVAL;
		}
		n = s;
	} else {
		max = ~0ULL >> (64 - bits);
		if (!parse_unsigned(value, max, &n)) {
			add(want, "0 to %" PRIu64 " (%s)", (uint64_t)max, type_name(btf, id));
			return -EINVAL;
		}
	}
	memcpy(at, &n, t->size);
	return 0;
}

static __s64 enumerator(const struct btf_type *t, int i)
{
	if (btf_is_enum64(t))
		return btf_enum64_value(&btf_enum64(t)[i]);
	if (btf_kflag(t))
		return btf_enum(t)[i].val;
	return (__u32)btf_enum(t)[i].val;
}

static const char *enumerator_name(const struct btf *btf, const struct btf_type *t, int i)
{
	return btf__name_by_offset(btf, btf_is_enum64(t) ? btf_enum64(t)[i].name_off :
							   btf_enum(t)[i].name_off);
}

/* By name; a number will do where it is one of them. */
static int set_enum(const struct btf *btf, __u32 id, const struct btf_type *t, void *at,
		    const char *value, char want[WANT_LEN])
{
	bool number;
	__s64 n, e;
	int i;

	number = parse_signed(value, INT64_MIN, INT64_MAX, &n);
	for (i = 0; i < btf_vlen(t); i++) {
		e = enumerator(t, i);
		if (strcmp(value, enumerator_name(btf, t, i)) && !(number && n == e))
			continue;
		memcpy(at, &e, t->size);
		return 0;
	}
	for (i = 0; i < btf_vlen(t); i++)
		add(want, "%s%s", i ? ", " : "", enumerator_name(btf, t, i));
	add(want, " (enum %s)", type_name(btf, id));
	return -EINVAL;
}

static int set_text(const struct btf_array *array, void *at, const char *value,
		    char want[WANT_LEN])
{
	if (strlen(value) >= array->nelems) {
		add(want, "text of %u bytes at most (char[%u])", array->nelems - 1,
		    array->nelems);
		return -EINVAL;
	}
	memset(at, 0, array->nelems);
	strcpy(at, value);
	return 0;
}

static bool is_char(const struct btf *btf, __u32 id)
{
	int resolved = btf__resolve_type(btf, id);
	const struct btf_type *t = resolved < 0 ? NULL : btf__type_by_id(btf, resolved);

	return t && btf_is_int(t) && t->size == 1 &&
	       !strcmp(btf__name_by_offset(btf, t->name_off), "char");
}

int policy_set_value(const struct btf *btf, __u32 id, void *at, const char *value,
		     char want[WANT_LEN])
{
	int resolved = btf__resolve_type(btf, id);
	const struct btf_type *t = btf__type_by_id(btf, resolved < 0 ? 0 : resolved);

	want[0] = 0;
	if (btf_is_int(t) && (btf_int_encoding(t) & BTF_INT_BOOL))
		return set_bool(at, value, want);
	if (btf_is_int(t) && t->size <= sizeof(__u64))
		return set_int(btf, id, t, at, value, want);
	if (btf_is_any_enum(t))
		return set_enum(btf, id, t, at, value, want);
	if (btf_is_array(t) && btf_array(t)->nelems && is_char(btf, btf_array(t)->type))
		return set_text(btf_array(t), at, value, want);
	add(want, "%s", type_name(btf, id));
	return -EOPNOTSUPP;
}

/* ---- members ---- */

static bool valid_name(const char *name)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t len = strnlen(name, TASKHOLD_NAME_LEN);

	return len && len < TASKHOLD_NAME_LEN && strspn(name, good) == len;
}

/* What the module would refuse, and tell in the kernel's log alone. */
static const char *wrong_member(const struct policy_object *o, const struct bpf_map *map,
				char want[WANT_LEN])
{
	static const struct {
		const char *name;
		__u32 max;
		const char *names;
	} numbers[] = {
		{ "flags", TASKHOLD_POLICY_THREADS, " (TASKHOLD_POLICY_THREADS)" },
		{ "max_held", TASKHOLD_MAX_HELD, "" },
		{ "interval_ms", TASKHOLD_MAX_INTERVAL, "" },
	};
	const char *name = policy_object_member(o, map, "name", TASKHOLD_NAME_LEN);
	const __u32 *number;
	size_t i;

	want[0] = 0;
	if (!name || !valid_name(name)) {
		add(want, "1 to %d of [A-Za-z0-9_.-]", TASKHOLD_NAME_LEN - 1);
		return "name";
	}
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		number = policy_object_member(o, map, numbers[i].name, sizeof(*number));
		if (number && *number > numbers[i].max) {
			add(want, "0 to %u%s", numbers[i].max, numbers[i].names);
			return numbers[i].name;
		}
	}
	return NULL;
}

struct setting {
	char name[128];
	const char *value;
	const char *given;	/* name=value */
};

static int bad_value(const struct setting *s, int err, const char *want)
{
	if (err == -EOPNOTSUPP)
		return th_fail(TH_USAGE, "policy: --set %s: its type is %s; bool, integers, enums and char arrays can be set",
			       s->given, want);
	return th_fail(TH_USAGE, "policy: --set %s: want %s", s->given, want);
}

/* 1: it is set, 0: no policy has such a member; or, negated, an exit code */
static int set_member(const struct policy_object *o, const struct setting *s)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_member *member;
	const struct btf_type *t;
	char want[WANT_LEN];
	int found = 0, err;
	size_t i;
	char *at;

	for (i = 0; i < o->nr_maps; i++) {
		t = btf__type_by_id(btf, bpf_map__btf_value_type_id(o->maps[i]));
		member = policy_type_member(btf, t, s->name);
		if (!member)
			continue;
		if (policy_type_is_func(btf, member))
			return -th_fail(TH_USAGE, "policy: --set %s: %s is a function of the policy, which OBJ alone can set",
					s->given, s->name);
		at = (char *)bpf_map__initial_value(o->maps[i], NULL) + member->offset / 8;
		err = policy_set_value(btf, member->type, at, s->value, want);
		if (err)
			return -bad_value(s, err, want);
		found = 1;
	}
	return found;
}

/* ---- variables ---- */

/* Clang folds what is const alone; volatile may stand with the elements of an array. */
static bool is_volatile(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	for (;;) {
		if (btf_is_volatile(t))
			return true;
		if (btf_is_array(t))
			t = btf__type_by_id(btf, btf_array(t)->type);
		else if (btf_is_mod(t) || btf_is_typedef(t))
			t = btf__type_by_id(btf, t->type);
		else
			return false;
	}
}

static bool is_rodata(const char *section)
{
	return !strcmp(section, ".rodata") || !strncmp(section, ".rodata.", 8);
}

/* The map of a section: libbpf calls it OBJECT.SECTION, or after the section alone. */
static char *section_value(const struct policy_object *o, const char *section, size_t *size)
{
	size_t want = strlen(section), len;
	struct bpf_map *map;

	bpf_object__for_each_map(map, o->obj) {
		len = strlen(bpf_map__name(map));
		if (bpf_map__is_internal(map) && len >= want &&
		    !strcmp(bpf_map__name(map) + len - want, section))
			return bpf_map__initial_value(map, size);
	}
	return NULL;
}

typedef bool variable_fn(const struct policy_object *o, const char *section,
			 const struct btf_var_secinfo *at, void *ctx);

/* Calls fn for each variable that is const until it says true, which is returned. */
static bool each_variable(const struct policy_object *o, variable_fn *fn, void *ctx)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_type *t;
	const char *section;
	__u32 id;
	int i;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		t = btf__type_by_id(btf, id);
		section = btf__name_by_offset(btf, t->name_off);
		if (!btf_is_datasec(t) || !is_rodata(section))
			continue;
		for (i = 0; i < btf_vlen(t); i++) {
			if (fn(o, section, &btf_var_secinfos(t)[i], ctx))
				return true;
		}
	}
	return false;
}

struct variable_set {
	const struct setting *s;
	int ret;		/* an exit code */
};

static bool set_variable(const struct policy_object *o, const char *section,
			 const struct btf_var_secinfo *at, void *ctx)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_type *var = btf__type_by_id(btf, at->type);
	struct variable_set *set = ctx;
	char want[WANT_LEN], *value;
	size_t size;
	int err;

	if (strcmp(btf__name_by_offset(btf, var->name_off), set->s->name))
		return false;
	if (!is_volatile(btf, var->type)) {
		set->ret = th_fail(TH_USAGE, "policy: --set %s: %s is const, not const volatile: what it was compiled with is in the code",
				   set->s->given, set->s->name);
		return true;
	}
	value = section_value(o, section, &size);
	if (!value || (__u64)at->offset + at->size > size ||
	    btf__resolve_size(btf, var->type) != at->size) {
		set->ret = th_fail(TH_IO, "%s: its section %s and its BTF do not fit", o->path,
				   section);
		return true;
	}
	err = policy_set_value(btf, var->type, value + at->offset, set->s->value, want);
	set->ret = err ? bad_value(set->s, err, want) : TH_OK;
	return true;
}

static bool list_variable(const struct policy_object *o,
			  const char *section __attribute__((unused)),
			  const struct btf_var_secinfo *at, void *ctx)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_type *var = btf__type_by_id(btf, at->type);
	char *list = ctx;

	if (is_volatile(btf, var->type))
		add(list, "%s%s", list[0] ? ", " : "", btf__name_by_offset(btf, var->name_off));
	return false;
}

static int unknown(const struct policy_object *o, const struct setting *s)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_type *t;
	char members[WANT_LEN] = "", variables[WANT_LEN] = "";
	int i;

	t = btf__type_by_id(btf, bpf_map__btf_value_type_id(o->maps[0]));
	for (i = 0; i < btf_vlen(t); i++) {
		if (!policy_type_is_func(btf, &btf_members(t)[i]))
			add(members, "%s%s", members[0] ? ", " : "",
			    btf__name_by_offset(btf, btf_members(t)[i].name_off));
	}
	each_variable(o, list_variable, variables);
	return th_fail(TH_USAGE, "policy: --set %s: %s has no %s to set; its policy has %s, and it has %s%s",
		       s->given, o->path, s->name, members,
		       variables[0] ? "the variables " : "no variable that is const volatile",
		       variables);
}

/* ---- all of it ---- */

static int set_one(struct policy_object *o, const char *given)
{
	struct setting s = { .given = given };
	struct variable_set set = { .s = &s };
	size_t len = strcspn(given, "=");
	int ret;

	if (!len || !given[len])
		return th_fail(TH_USAGE, "policy: --set %s: want NAME=VALUE", given);
	if (len >= sizeof(s.name))
		return th_fail(TH_USAGE, "policy: --set %s: want a name of %zu bytes at most",
			       given, sizeof(s.name) - 1);
	snprintf(s.name, sizeof(s.name), "%.*s", (int)len, given);
	s.value = given + len + 1;
	if (!strcmp(s.name, "name") && o->nr_maps > 1)
		return th_fail(TH_USAGE, "policy: --set %s: %s has %zu policies, and each has a name of its own; choose one by --map",
			       given, o->path, o->nr_maps);
	ret = set_member(o, &s);
	if (ret)
		return ret < 0 ? -ret : TH_OK;
	if (each_variable(o, set_variable, &set))
		return set.ret;
	return unknown(o, &s);
}

bool policy_set_given(const struct policy_args *args, const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; i < args->nr_sets; i++) {
		if (!strncmp(args->sets[i], name, len) && args->sets[i][len] == '=')
			return true;
	}
	return false;
}

int policy_set(struct policy_object *o, const struct policy_args *args)
{
	char want[WANT_LEN];
	const char *member;
	size_t i;
	int ret;

	for (i = 0; i < args->nr_sets; i++) {
		ret = set_one(o, args->sets[i]);
		if (ret)
			return ret;
	}
	for (i = 0; i < o->nr_maps; i++) {
		member = wrong_member(o, o->maps[i], want);
		if (!member)
			continue;
		if (policy_set_given(args, member))
			return th_fail(TH_USAGE, "policy: --set %s: want %s", member, want);
		return th_fail(TH_IO, "%s: member %s of policy %s: want %s", o->path, member,
			       bpf_map__name(o->maps[i]), want);
	}
	return TH_OK;
}
