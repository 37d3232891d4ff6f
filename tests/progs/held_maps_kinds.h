/* SPDX-License-Identifier: GPL-2.0-only */
/* Which of the maps of held_maps.h; programs and tests agree on it. */
#ifndef _TASKHOLD_TESTS_HELD_MAPS_KINDS_H
#define _TASKHOLD_TESTS_HELD_MAPS_KINDS_H

enum {
	HELD_ARRAY,
	HELD_HASH,
	HELD_HASH_LAZY,
	HELD_LRU,
	HELD_CPU_ARRAY,
	HELD_CPU_HASH,
	HELD_CPU_LRU,
	HELD_INNER,
	HELD_NONE,
};

/* What is written where data is, and where kptrs are. */
#define HELD_BY_USER	0x4141414141414141ULL
#define HELD_BY_PROGRAM	0x4242424242424242ULL

#define HELD_MISSING	0x100	/* what a look at an element returns that is not there */

#endif /* _TASKHOLD_TESTS_HELD_MAPS_KINDS_H */
