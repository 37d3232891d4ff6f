/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps for the programs of features*.bpf.c. Include after vmlinux.h and libbpf's headers. */
#ifndef _TASKHOLD_FEATURES_BPF_H
#define _TASKHOLD_FEATURES_BPF_H

/* A map of one slot, and a look at it. */
/* clang-format off */
#define SLOT_MAP(name, pointee, kind)						\
struct name##_value {								\
	pointee kind *slot;							\
};										\
struct {									\
	__uint(type, BPF_MAP_TYPE_ARRAY);					\
	__uint(max_entries, 1);							\
	__type(key, __u32);							\
	__type(value, struct name##_value);					\
} name SEC(".maps");								\
static struct name##_value *name##_first(void)					\
{										\
	__u32 zero = 0;								\
										\
	return bpf_map_lookup_elem(&name, &zero);				\
}

/* clang-format on */

#endif /* _TASKHOLD_FEATURES_BPF_H */
