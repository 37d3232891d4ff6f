/* SPDX-License-Identifier: GPL-2.0-only */
/* What kptr_values.bpf.c and its test agree on. */
#ifndef _TASKHOLD_TESTS_KPTR_VALUES_H
#define _TASKHOLD_TESTS_KPTR_VALUES_H

/* A value as user space sees it: no pointers. */
struct values_seen {
	__u64 head;
	__u64 task;
	__u64 mark;
	__u64 unref;
	__u64 more[3];
	struct {
		__u64 task;
		__u64 mark;
	} nested[2];
	__u64 local;
	__u64 percpu;
	__u64 tail;
};

#define VALUES_REFS	6	/* references to a task in a value that is full */
#define VALUES_OBJECTS	2	/* objects of the program's */
#define VALUES_NONE	0	/* what look() returns of a value with nothing in it */
#define VALUES_ALL	0x1ff	/* and of one that is full */
#define VALUES_MISSING	0x200	/* there is no value */

#define VALUES_CPUS	2
#define VALUES_BY_PROGRAM 0x4242424242424242ULL

#endif /* _TASKHOLD_TESTS_KPTR_VALUES_H */
