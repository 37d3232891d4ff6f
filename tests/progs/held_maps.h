/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of all kinds that have elements, each with values of the struct held that
 * is defined before this is included: user space chooses the map, before the programs
 * are loaded, and the element.
 */
#ifndef _TASKHOLD_TESTS_HELD_MAPS_BPF_H
#define _TASKHOLD_TESTS_HELD_MAPS_BPF_H

#include "held_maps_kinds.h"
#include "sizes.h"

#define HELD_MAP(name, kind)					\
struct {							\
	__uint(type, kind);					\
	__uint(max_entries, KPTR_ENTRIES);			\
	__type(key, __u32);					\
	__type(value, struct held);				\
} name SEC(".maps")

HELD_MAP(array, BPF_MAP_TYPE_ARRAY);
HELD_MAP(hash, BPF_MAP_TYPE_HASH);
HELD_MAP(lru, BPF_MAP_TYPE_LRU_HASH);
HELD_MAP(cpu_array, BPF_MAP_TYPE_PERCPU_ARRAY);
HELD_MAP(cpu_hash, BPF_MAP_TYPE_PERCPU_HASH);
HELD_MAP(cpu_lru, BPF_MAP_TYPE_LRU_PERCPU_HASH);

/* The same, where an element is made when it is first used. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, KPTR_ENTRIES);
	__type(key, __u32);
	__type(value, struct held);
} hash_lazy SEC(".maps");

/* A map that is found in another one. */
struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KPTR_ENTRIES);
	__type(key, __u32);
	__type(value, struct held);
} inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { [0] = &inner },
};

/* A constant, so that what is for other maps is not verified, and they need not be there. */
const volatile __u32 which = HELD_NONE;

__u32 key;

/*
 * Each case apart from the others, or a compiler makes one call of several, for which it
 * takes the address of a map that may not be there and then of another one.
 */
#define HELD_CASE(kind)								\
	case kind:								\
		asm volatile ("" : : "i" (kind) : "memory")

static struct held *lookup(void)
{
	__u32 k = key, zero = 0;
	void *map;

	switch (which) {
	HELD_CASE(HELD_ARRAY);
		return bpf_map_lookup_elem(&array, &k);
	HELD_CASE(HELD_HASH);
		return bpf_map_lookup_elem(&hash, &k);
	HELD_CASE(HELD_LRU);
		return bpf_map_lookup_elem(&lru, &k);
	HELD_CASE(HELD_CPU_ARRAY);
		return bpf_map_lookup_elem(&cpu_array, &k);
	HELD_CASE(HELD_CPU_HASH);
		return bpf_map_lookup_elem(&cpu_hash, &k);
	HELD_CASE(HELD_CPU_LRU);
		return bpf_map_lookup_elem(&cpu_lru, &k);
	HELD_CASE(HELD_HASH_LAZY);
		return bpf_map_lookup_elem(&hash_lazy, &k);
	HELD_CASE(HELD_INNER);
		map = bpf_map_lookup_elem(&outer, &zero);
		return map ? bpf_map_lookup_elem(map, &k) : NULL;
	}
	return NULL;
}

/* The element is written by a program, out of its own memory. */
static __always_inline int replace(const void *value)
{
	__u32 k = key, zero = 0;
	void *map;

	switch (which) {
	HELD_CASE(HELD_ARRAY);
		return bpf_map_update_elem(&array, &k, value, BPF_ANY);
	HELD_CASE(HELD_HASH);
		return bpf_map_update_elem(&hash, &k, value, BPF_ANY);
	HELD_CASE(HELD_LRU);
		return bpf_map_update_elem(&lru, &k, value, BPF_ANY);
	HELD_CASE(HELD_CPU_ARRAY);
		return bpf_map_update_elem(&cpu_array, &k, value, BPF_ANY);
	HELD_CASE(HELD_CPU_HASH);
		return bpf_map_update_elem(&cpu_hash, &k, value, BPF_ANY);
	HELD_CASE(HELD_CPU_LRU);
		return bpf_map_update_elem(&cpu_lru, &k, value, BPF_ANY);
	HELD_CASE(HELD_HASH_LAZY);
		return bpf_map_update_elem(&hash_lazy, &k, value, BPF_ANY);
	HELD_CASE(HELD_INNER);
		map = bpf_map_lookup_elem(&outer, &zero);
		return map ? bpf_map_update_elem(map, &k, value, BPF_ANY) : -1;
	}
	return -1;
}

#endif /* _TASKHOLD_TESTS_HELD_MAPS_BPF_H */
