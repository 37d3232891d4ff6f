// SPDX-License-Identifier: GPL-2.0-only
/*
 * A type of the program's own, by the name of a type of the module's. Kernel types
 * are looked for first, so that what the map's kptr is depends on the module.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "objects.h"

struct taskhold_rec {
	__u64 value;
};

struct held {
	struct taskhold_rec __kptr *rec;
};

struct taskhold_rec *rec_in_btf __hidden;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__s64 ret;
__u64 seen;

SEC("syscall")
int exchange(void *ctx)
{
	struct taskhold_rec *rec;
	struct held *v;
	__u32 zero = 0;

	ret = -1;
	v = bpf_map_lookup_elem(&array, &zero);
	if (!v)
		return 0;
	rec = bpf_obj_new(struct taskhold_rec);
	if (!rec)
		return 0;
	rec->value = 42;
	rec = bpf_kptr_xchg(&v->rec, rec);
	ret = 0;
	if (rec) {
		seen = rec->value;
		bpf_obj_drop(rec);
		ret = 1;
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
