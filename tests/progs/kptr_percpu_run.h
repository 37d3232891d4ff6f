/* SPDX-License-Identifier: GPL-2.0-only */
/* What kptr_percpu_run.bpf.c and its test agree on. */
#ifndef _TASKHOLD_TESTS_KPTR_PERCPU_RUN_H
#define _TASKHOLD_TESTS_KPTR_PERCPU_RUN_H

/* Which words of a value are kptrs, and what look() returns of those that are there. */
#define PERCPU_RQ	1
#define PERCPU_TASK	2
#define PERCPU_WORDS	3

#endif /* _TASKHOLD_TESTS_KPTR_PERCPU_RUN_H */
