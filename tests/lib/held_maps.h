/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of kptrs that no destructor is called for, in the maps of
 * tests/progs/held_maps.h: there is no count that would tell. They have gone if they
 * are not in the element any more, nor in memory that is an element again.
 */
#ifndef _TASKHOLD_TESTS_HELD_MAPS_H
#define _TASKHOLD_TESTS_HELD_MAPS_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/guest.h"
#include "lib/harness.h"
#include "../progs/held_maps_kinds.h"
#include "../progs/sizes.h"

#define HELD_MAX_WORDS	4	/* of a value */
#define HELD_MAX_CPUS	64

/**
 * struct held_kind - one of the maps
 * @which: of the enum
 * @is_array: elements cannot be deleted
 * @is_lru: elements go when there is no room
 * @is_percpu: an element has a value for each CPU
 */
struct held_kind {
	__u32 which;
	bool is_array;
	bool is_lru;
	bool is_percpu;
};

/* For a fixture whose variants have a struct held_kind and no more. */
#define HELD_VARIANT(fixture, name, number, array, lru, percpu)			\
	FIXTURE_VARIANT_ADD(fixture, name)					\
	{									\
		.kind = {							\
			.which = number, .is_array = array, .is_lru = lru,	\
			.is_percpu = percpu,					\
		},								\
	}

/**
 * struct held - a map, whose element 0 is looked at
 * @kind: which one it is
 * @map: itself
 * @words: how many u64 a value has
 * @kptrs: those that are kptrs, a bit for each
 * @look: the program that returns the same bits for those that are not NULL
 * @key: the element that programs look at
 */
struct held {
	struct held_kind kind;
	struct bpf_map *map;
	int words;
	unsigned int kptrs;
	struct bpf_program *look;
	__u32 *key;
};

static inline struct bpf_map *held_map_by_name(struct bpf_object *obj, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	if (!map)
		die("find map %s", name);
	return map;
}

static inline struct bpf_map *held_map_of(struct bpf_object *obj, __u32 which)
{
	static const char * const names[HELD_NONE] = {
		[HELD_ARRAY] = "array", [HELD_HASH] = "hash", [HELD_HASH_LAZY] = "hash_lazy",
		[HELD_LRU] = "lru", [HELD_CPU_ARRAY] = "cpu_array", [HELD_CPU_HASH] = "cpu_hash",
		[HELD_CPU_LRU] = "cpu_lru", [HELD_INNER] = "inner",
	};

	return held_map_by_name(obj, names[which]);
}

/*
 * Before an object is loaded: which of the maps its programs use, or HELD_NONE. The
 * others are not made: for each of them the kernel would look for the types of its
 * kptrs in all BTF, and that is what most of such a test's time would go into.
 * @which is the variable of the object's.
 */
static inline void held_choose(struct bpf_object *obj, __u32 *which, __u32 chosen)
{
	for (__u32 i = 0; i < HELD_NONE; i++)
		bpf_map__set_autocreate(held_map_of(obj, i), i == chosen);
	bpf_map__set_autocreate(held_map_by_name(obj, "outer"), chosen == HELD_INNER);
	*which = chosen;
}

/* By which it is known that a map has gone, whatever else comes and goes meanwhile. */
static inline __u32 held_map_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_map_get_info_by_fd(fd, &info, &size))
		die("ask about a map");
	return info.id;
}

static inline bool held_map_is_there(__u32 id)
{
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0 && errno != ENOENT)
		die("find map %u", id);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static inline int held_run(int fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err = bpf_prog_test_run_opts(fd, &opts);

	if (err)
		die("run a program: %d", err);
	return opts.retval;
}

static inline int held_look(const struct held *h)
{
	return held_run(bpf_program__fd(h->look));
}

/* All values of an element, in bytes. */
static inline size_t held_size(const struct held *h)
{
	int cpus = libbpf_num_possible_cpus();

	if (h->words > HELD_MAX_WORDS || cpus > HELD_MAX_CPUS)
		die("make room for %d words and %d CPUs", h->words, cpus);
	return 8 * h->words * (h->kind.is_percpu ? cpus : 1);
}

/* As someone would write it who does not know what is in there. */
static inline int held_update(const struct held *h, __u32 key, __u64 flags)
{
	__u64 words[HELD_MAX_WORDS * HELD_MAX_CPUS];

	for (int i = 0; i < HELD_MAX_WORDS * HELD_MAX_CPUS; i++)
		words[i] = HELD_BY_USER;
	return bpf_map__update_elem(h->map, &key, sizeof(key), words, held_size(h), flags);
}

/* What user space is shown of an element: 0 or a negative error. */
static inline int held_lookup(const struct held *h, __u32 key, __u64 *words)
{
	/* what is not written shows */
	memset(words, 0x55, held_size(h));
	return bpf_map__lookup_elem(h->map, &key, sizeof(key), words, held_size(h), 0);
}

/* In each of the values the data is so, and where the kptrs are is nothing. */
static inline bool held_data_alone(const struct held *h, const __u64 *words, __u64 data)
{
	for (size_t i = 0; i < held_size(h) / 8; i++) {
		if (words[i] != (h->kptrs & (1 << i % h->words) ? 0 : data))
			return false;
	}
	return true;
}

/* One element, and all elements at once. */
static inline void held_expect_copies(struct __test_metadata *_metadata, const struct held *h)
{
	static __u64 words[HELD_MAX_WORDS * HELD_MAX_CPUS * KPTR_ENTRIES];
	__u32 keys[KPTR_ENTRIES], batch, count = KPTR_ENTRIES;
	int err;

	ASSERT_EQ(0, held_lookup(h, 0, words));
	EXPECT_TRUE(held_data_alone(h, words, HELD_BY_USER));

	memset(words, 0x55, sizeof(words));
	err = bpf_map_lookup_batch(bpf_map__fd(h->map), NULL, &batch, keys, words, &count, NULL);
	/* all there are: no more is to come */
	ASSERT_TRUE(!err || err == -ENOENT);
	ASSERT_EQ(h->kind.is_array ? KPTR_ENTRIES : 1, count);
	for (__u32 i = 0; i < count; i++)
		EXPECT_TRUE(held_data_alone(h, words + held_size(h) / 8 * i,
					    keys[i] ? 0 : HELD_BY_USER));
	EXPECT_EQ(h->kptrs, held_look(h));
}

static inline void held_expect_update(struct __test_metadata *_metadata, const struct held *h)
{
	EXPECT_EQ(-EEXIST, held_update(h, 0, BPF_NOEXIST));
	EXPECT_EQ(h->kptrs, held_look(h));
	ASSERT_EQ(0, held_update(h, 0, BPF_ANY));
	EXPECT_EQ(0, held_look(h));
}

/* @update writes HELD_BY_PROGRAM and returns what came of it. */
static inline void held_expect_update_by(struct __test_metadata *_metadata, const struct held *h,
					 struct bpf_program *update)
{
	__u64 words[HELD_MAX_WORDS * HELD_MAX_CPUS];

	ASSERT_EQ(0, held_run(bpf_program__fd(update)));
	EXPECT_EQ(0, held_look(h));
	ASSERT_EQ(0, held_lookup(h, 0, words));
	/* the other CPUs' values were not written */
	for (int i = 0; i < h->words; i++)
		EXPECT_EQ(h->kptrs & (1 << i) ? 0 : HELD_BY_PROGRAM, words[i]);
}

/* Memory that is used again has none of them. */
static inline void held_expect_none_anywhere(struct __test_metadata *_metadata,
					     const struct held *h)
{
	for (__u32 key = 0; key < KPTR_ENTRIES; key++) {
		ASSERT_EQ(0, held_update(h, key, BPF_ANY));
		*h->key = key;
		EXPECT_EQ(0, held_look(h));
	}
	*h->key = 0;
}

static inline void held_expect_delete(struct __test_metadata *_metadata, const struct held *h)
{
	__u32 key = 0;

	if (h->kind.is_array) {
		EXPECT_EQ(-EINVAL, bpf_map__delete_elem(h->map, &key, sizeof(key), 0));
		EXPECT_EQ(h->kptrs, held_look(h));
		return;
	}
	ASSERT_EQ(0, bpf_map__delete_elem(h->map, &key, sizeof(key), 0));
	EXPECT_EQ(HELD_MISSING, held_look(h));
	held_expect_none_anywhere(_metadata, h);
}

/* Looked up and deleted in one. */
static inline void held_expect_taken_out(struct __test_metadata *_metadata, const struct held *h)
{
	__u64 words[HELD_MAX_WORDS * HELD_MAX_CPUS];
	__u32 key = 0;
	int err;

	memset(words, 0x55, sizeof(words));
	err = bpf_map__lookup_and_delete_elem(h->map, &key, sizeof(key), words, held_size(h), 0);
	if (h->kind.is_array) {
		EXPECT_NE(0, err);
		EXPECT_EQ(h->kptrs, held_look(h));
		return;
	}
	ASSERT_EQ(0, err);
	EXPECT_TRUE(held_data_alone(h, words, HELD_BY_USER));
	EXPECT_EQ(HELD_MISSING, held_look(h));
	held_expect_none_anywhere(_metadata, h);
}

/* By elements that take its room: those have none, whoever's memory they are in. */
static inline void held_expect_eviction(struct __test_metadata *_metadata, const struct held *h)
{
	__u64 words[HELD_MAX_WORDS * HELD_MAX_CPUS];
	int err = 0;
	__u32 key;

	/* user space looking does not count as use */
	for (key = 1; !err && key < 100 * KPTR_ENTRIES && !held_lookup(h, 0, words); key++) {
		err = held_update(h, key, BPF_ANY);
		*h->key = key;
		/* what no program has looked at would be evicted before */
		EXPECT_EQ(err ? HELD_MISSING : 0, held_look(h));
	}
	*h->key = 0;
	if (h->kind.is_lru) {
		EXPECT_EQ(0, err);
		EXPECT_EQ(HELD_MISSING, held_look(h));
		held_expect_none_anywhere(_metadata, h);
	} else {
		EXPECT_EQ(-E2BIG, err);
		EXPECT_EQ(h->kptrs, held_look(h));
	}
}

/*
 * Of a map in another one: puts a new one in its place, with an element, and returns its
 * descriptor, which nobody else need have.
 */
static inline int held_put_other_inner(const struct held *h, struct bpf_object *obj)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = bpf_object__btf_fd(obj),
		    .btf_key_type_id = bpf_map__btf_key_type_id(h->map),
		    .btf_value_type_id = bpf_map__btf_value_type_id(h->map));
	int outer = bpf_object__find_map_fd_by_name(obj, "outer");
	__u64 words[HELD_MAX_WORDS] = {};
	__u32 key = 0;
	int fd;

	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "another", 4, 8 * h->words, KPTR_ENTRIES, &opts);
	if (fd < 0 || bpf_map_update_elem(fd, &key, words, BPF_ANY) ||
	    bpf_map_update_elem(outer, &key, &fd, BPF_ANY))
		die("put another map into one");
	return fd;
}

/* And the one that was there before. */
static inline void held_put_inner_back(const struct held *h, struct bpf_object *obj)
{
	int outer = bpf_object__find_map_fd_by_name(obj, "outer"), fd = bpf_map__fd(h->map);
	__u32 key = 0;

	if (bpf_map_update_elem(outer, &key, &fd, BPF_ANY))
		die("put a map into one");
}

#endif /* _TASKHOLD_TESTS_HELD_MAPS_H */
