/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes that BPF programs for tests and who reads them agree on. */
#ifndef _TASKHOLD_TESTS_SIZES_H
#define _TASKHOLD_TESTS_SIZES_H

#define READER_INFOS	2048
#define READER_TOTALS	256

#define POLICY_EVENTS	4096	/* events that policy.bpf.c has room for */

#define ARGUMENTS_BUFFER 8192	/* of arguments.bpf.c */
#define DROPS		5000	/* references that the map of drops.bpf.c has */
#define KPTR_ENTRIES	8	/* of each map of held_maps.h */

#endif /* _TASKHOLD_TESTS_SIZES_H */
