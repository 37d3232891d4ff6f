// SPDX-License-Identifier: GPL-2.0-only
/*
 * kptr.bpf.h after the headers of libbpf 1.1, as far as they matter to it: the names
 * of kinds of kptrs are here as they were there.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#undef __kptr
#undef __kptr_untrusted
#undef __percpu_kptr
#define __kptr		__attribute__((btf_type_tag("kptr")))
#define __kptr_ref	__attribute__((btf_type_tag("kptr_ref")))

#include "kptr.bpf.h"

struct local {
	__u64 value;
};

/* Or else only their names are in the BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;
struct bpf_cpumask mask_in_btf __hidden;

/* Each member is called as its tag is; a digit makes a second one. */
struct stock_kinds {
	struct bpf_cpumask __kptr *kptr;
	struct bpf_cpumask __kptr_ref *kptr2;
	struct bpf_cpumask __kptr_untrusted *kptr_untrusted;
	struct local __percpu_kptr *percpu_kptr;
};

struct new_kinds {
	struct bpf_cpumask __kptr_percpu *kptr_percpu;
	struct bpf_cpumask __kptr_user *kptr_user;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stock_kinds);
} stock SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct new_kinds);
} new SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
