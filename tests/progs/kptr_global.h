/* SPDX-License-Identifier: GPL-2.0-only */
/* What kptr_global.bpf.c and its test agree on. */
#ifndef _TASKHOLD_TESTS_KPTR_GLOBAL_H
#define _TASKHOLD_TESTS_KPTR_GLOBAL_H

#define GLOBAL_MARK	0x4141414141414141ULL

#define GLOBAL_WORDS	6	/* of the section */
#define GLOBAL_REFS	3	/* references that it has when it is full */

/* What look() returns: a bit for what there is. */
#define GLOBAL_NONE	0
#define GLOBAL_TASK	1
#define GLOBAL_UNREF	2
#define GLOBAL_MEMBER	4
#define GLOBAL_ELEMENT	8
#define GLOBAL_MARKED	16
#define GLOBAL_ALL	31

#endif /* _TASKHOLD_TESTS_KPTR_GLOBAL_H */
