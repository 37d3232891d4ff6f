// SPDX-License-Identifier: GPL-2.0-only
/* For holders_test: a map whose values can hold a record. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/*
 * A kptr's type has to be defined, or libbpf makes the map without BTF. Its
 * members are the module's business; the pointer makes clang emit it.
 */
struct taskhold_rec {
};

struct taskhold_rec *emitted;

struct held {
	struct taskhold_rec __kptr *rec;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} held_recs SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
