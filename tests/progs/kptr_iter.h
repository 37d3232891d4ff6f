/* SPDX-License-Identifier: GPL-2.0-only */
/* What kptr_iter.bpf.c and its test agree on. */
#ifndef _TASKHOLD_TESTS_KPTR_ITER_H
#define _TASKHOLD_TESTS_KPTR_ITER_H

/* Which map. */
enum { ITER_ARRAY, ITER_HASH, ITER_LRU, ITER_STORAGE, ITER_CPU_ARRAY, ITER_CPU_HASH, ITER_CPU_LRU };

/* What to do with its value. */
enum { ITER_FILL, ITER_LOOK };

#define ITER_CPUS	2	/* whose values are looked at in a per-CPU map */

#define ITER_HEAD	0x1111111111111111ULL
#define ITER_TAIL	0x2222222222222222ULL

/* What of a value is as it was stored. */
#define ITER_HAS_HEAD	1
#define ITER_HAS_TAIL	2
#define ITER_HAS_UNREF	4
#define ITER_HAS_TASK	8
#define ITER_HAS_ALL	15

#endif /* _TASKHOLD_TESTS_KPTR_ITER_H */
