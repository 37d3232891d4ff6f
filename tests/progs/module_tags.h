/* SPDX-License-Identifier: GPL-2.0-only */
/* The types of tests/testmod/testmod_user.c and its kfuncs. Include after vmlinux.h. */
#ifndef _TASKHOLD_TESTS_MODULE_TAGS_BPF_H
#define _TASKHOLD_TESTS_MODULE_TAGS_BPF_H

struct testmod_user_data {
	unsigned long number;
	struct testmod_user_data *next;
};

struct testmod_user_holder {
	struct testmod_user_data *user;
	struct testmod_user_data *percpu;
	struct testmod_user_data *user_percpu;
	struct testmod_user_data *percpu_user;
	struct testmod_user_data *plain;
	struct testmod_user_holder *next;
	union {
		struct testmod_user_data *plain_or_user;
		struct testmod_user_data *user_or_plain;
	};
	union {
		struct testmod_user_data *plains[2];
		struct {
			unsigned long number;
			struct testmod_user_data *percpu[1];
		} second;
	} mixed;
	union {
		struct {
			struct testmod_user_data *plain;
		} first;
		struct testmod_user_data *user;
	} in_struct;
	union {
		union {
			struct testmod_user_data *plain;
			unsigned long number;
		} first;
		struct testmod_user_data *percpu;
	} in_union;
	/* in the module within more structs than a program may have */
	union {
		struct testmod_user_data *plain;
	} deep, deeper;
};

struct testmod_user_ops {
	int (*nullable)(struct testmod_user_data *user, struct testmod_user_data *percpu,
			struct testmod_user_data *percpu_user, struct testmod_user_data *plain);
	int (*always)(struct testmod_user_data *user, struct testmod_user_data *percpu,
		      struct testmod_user_data *percpu_user, struct testmod_user_data *plain);
};

struct bpf_iter_testmod_user {
	struct testmod_user_data *user;
} __attribute__((aligned(8)));

struct bpf_iter_testmod_percpu {
	struct testmod_user_data *percpu;
} __attribute__((aligned(8)));

extern struct testmod_user_holder *testmod_user_holder_get(void) __ksym;
extern void testmod_user_holder_put(struct testmod_user_holder *p) __ksym;
extern struct testmod_user_data *testmod_user_pointer(void) __ksym;
extern struct testmod_user_data *testmod_user_percpu(void) __ksym;
extern unsigned long *testmod_user_number(void) __ksym;
extern void testmod_user_take(struct testmod_user_data *p) __ksym;
extern void testmod_user_take_rcu(struct testmod_user_data *p) __ksym;
extern int bpf_iter_testmod_user_new(struct bpf_iter_testmod_user *it) __ksym;
extern struct testmod_user_data *
bpf_iter_testmod_user_next(struct bpf_iter_testmod_user *it) __ksym;
extern void bpf_iter_testmod_user_destroy(struct bpf_iter_testmod_user *it) __ksym;
extern int bpf_iter_testmod_percpu_new(struct bpf_iter_testmod_percpu *it) __ksym;
extern struct testmod_user_data *
bpf_iter_testmod_percpu_next(struct bpf_iter_testmod_percpu *it) __ksym;
extern void bpf_iter_testmod_percpu_destroy(struct bpf_iter_testmod_percpu *it) __ksym;

#endif /* _TASKHOLD_TESTS_MODULE_TAGS_BPF_H */
