/* SPDX-License-Identifier: GPL-2.0-only */
/* What module_tags_run.bpf.c and its test agree on. */
#ifndef _TASKHOLD_TESTS_MODULE_TAGS_RUN_H
#define _TASKHOLD_TESTS_MODULE_TAGS_RUN_H

/* Which words of a value are kptrs, and what look() returns of those that are there. */
#define TAGS_USER	1
#define TAGS_PERCPU	2
#define TAGS_WORDS	3

#endif /* _TASKHOLD_TESTS_MODULE_TAGS_RUN_H */
