/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash map from 128-bit keys to 0, 1, 2, ... in the order of their first
 * appearance, so that a value is the index into an array of the caller's.
 */
#ifndef _MAP_H
#define _MAP_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct map_key {
	__u64 a, b;
};

struct map {
	struct map_key *keys;	/* by index */
	__u32 *slots;		/* index + 1, 0: free */
	__u64 seed;		/* so that no file can be made to collide */
	__u32 n;
	__u32 room;		/* of keys; slots are twice that, a power of 2 */
};

#define MAP_NONE	(~0u)

/* The index of @key, or MAP_NONE. */
__u32 map_find(const struct map *map, struct map_key key);

/*
 * The index of @key, which is added if it was missing: then *@added is set and
 * the index is the number of keys there were.  MAP_NONE: no memory.
 */
__u32 map_add(struct map *map, struct map_key key, bool *added);

void map_free(struct map *map);

/*
 * The entry number @i of the caller's array, which grows to hold it; @room is
 * the number of entries that there is memory for.  NULL: no memory.
 */
void *map_entry(void **array, __u32 *room, __u32 i, size_t size);

#endif /* _MAP_H */
