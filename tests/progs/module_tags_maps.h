/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where programs on the pointers of tests/testmod/testmod_user.c put these, and what
 * a stock kernel makes of it. Include after kptr.bpf.h, expect.h and module_tags.h.
 */
#ifndef _TASKHOLD_TESTS_MODULE_TAGS_MAPS_BPF_H
#define _TASKHOLD_TESTS_MODULE_TAGS_MAPS_BPF_H

struct held {
	struct testmod_user_data __kptr_user *user;
	struct testmod_user_data __kptr_percpu *percpu;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

/* Kinds that every kernel has, in a map of their own: a stock kernel takes all of the
 * other one for plain data.
 */
struct ordinary {
	struct testmod_user_data __kptr_untrusted *unref;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ordinary);
} ordinary SEC(".maps");

__u64 seen;
char buf[sizeof(struct testmod_user_data)];

static __always_inline struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

static __always_inline struct ordinary *first_ordinary(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ordinary, &zero);
}

/*
 * On a stock kernel a pointer loses its tags on some ways, and is followed in the
 * kernel's address space and stored as an ordinary one.
 */
#define __taken_for_ordinary	__stock_success

/* And a map with tags that it does not know has plain data, where anything goes. */
#define __plain_data	__stock_success

/* A program on the function that the module calls. */
#define ON_CALL(name)								\
	BPF_PROG(name, struct testmod_user_data *user, struct testmod_user_holder *own)

#endif /* _TASKHOLD_TESTS_MODULE_TAGS_MAPS_BPF_H */
