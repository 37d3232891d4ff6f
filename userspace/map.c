// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open addressing, at most half full, see map.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "map.h"

#define MAP_FIRST	64u
#define MAP_LAST	0x40000000u

/* The finaliser of splitmix64: every bit of its input moves every bit out. */
static __u64 mix(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static __u32 first_slot(const struct map *map, struct map_key key)
{
	return (__u32)mix(mix(key.a ^ map->seed) + key.b) & (2 * map->room - 1);
}

__u32 map_find(const struct map *map, struct map_key key)
{
	__u32 slot;

	if (!map->n)
		return MAP_NONE;
	for (slot = first_slot(map, key); map->slots[slot];
	     slot = (slot + 1) & (2 * map->room - 1)) {
		__u32 i = map->slots[slot] - 1;

		if (map->keys[i].a == key.a && map->keys[i].b == key.b)
			return i;
	}
	return MAP_NONE;
}

static void take_slot(struct map *map, __u32 i)
{
	__u32 slot = first_slot(map, map->keys[i]);

	while (map->slots[slot])
		slot = (slot + 1) & (2 * map->room - 1);
	map->slots[slot] = i + 1;
}

static bool grow(struct map *map)
{
	__u32 i, room = map->room ? 2 * map->room : MAP_FIRST;
	struct map_key *keys;
	__u32 *slots;

	if (room > MAP_LAST)
		return false;
	if (!map->seed && getrandom(&map->seed, sizeof(map->seed), 0) != sizeof(map->seed))
		return false;
	keys = realloc(map->keys, room * sizeof(*keys));
	if (!keys)
		return false;
	map->keys = keys;
	slots = calloc(2 * (size_t)room, sizeof(*slots));
	if (!slots)
		return false;
	free(map->slots);
	map->slots = slots;
	map->room = room;
	for (i = 0; i < map->n; i++)
		take_slot(map, i);
	return true;
}

__u32 map_add(struct map *map, struct map_key key, bool *added)
{
	__u32 i = map_find(map, key);

	*added = i == MAP_NONE;
	if (!*added)
		return i;
	if (map->n == map->room && !grow(map))
		return MAP_NONE;
	i = map->n++;
	map->keys[i] = key;
	take_slot(map, i);
	return i;
}

void map_free(struct map *map)
{
	free(map->keys);
	free(map->slots);
	memset(map, 0, sizeof(*map));
}

void *map_entry(void **array, __u32 *room, __u32 i, size_t size)
{
	if (i >= *room) {
		__u32 more = *room ? 2 * *room : 64;
		char *p = realloc(*array, more * size);

		if (!p)
			return NULL;
		*array = p;
		*room = more;
	}
	return (char *)*array + i * size;
}
