// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects of modules whose destructors have the same name as that of another
 * module, or as a function of the kernel's: see tests/testmod/testmod_named.h.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

struct testmod_first_object { int number; };
struct testmod_second_object { int number; };
struct testmod_third_object { int number; };
struct testmod_fourth_object { int number; };

extern struct testmod_first_object *testmod_first_get(void) __ksym;
extern struct testmod_second_object *testmod_second_get(void) __ksym;
extern struct testmod_third_object *testmod_third_get(void) __ksym;
extern struct testmod_fourth_object *testmod_fourth_get(void) __ksym;
extern void testmod_first_put(struct testmod_first_object *p) __ksym;
extern void testmod_second_put(struct testmod_second_object *p) __ksym;
extern void testmod_third_put(struct testmod_third_object *p) __ksym;
extern void testmod_fourth_put(struct testmod_fourth_object *p) __ksym;

struct held {
	struct testmod_first_object __kptr *first;
	struct testmod_second_object __kptr *second;
	struct testmod_third_object __kptr *third;
	struct testmod_fourth_object __kptr *fourth;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct held);
} hash SEC(".maps");

/* in */
__u32 key;

/* out */
int ret;

#define FILL(slot, which)							\
	do {									\
		struct testmod_##which##_object *p = testmod_##which##_get();	\
										\
		if (p)								\
			p = bpf_kptr_xchg(slot, p);				\
		if (p)								\
			testmod_##which##_put(p);				\
	} while (0)

/* One object of each into a value. */
SEC("syscall")
int fill(void *ctx)
{
	__u32 k = key;
	struct held *v = bpf_map_lookup_elem(&hash, &k);

	ret = -1;
	if (!v)
		return 0;
	FILL(&v->first, first);
	FILL(&v->second, second);
	FILL(&v->third, third);
	FILL(&v->fourth, fourth);
	ret = 0;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
