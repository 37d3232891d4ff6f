// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unions in one another, of which a program's BTF can have so many that nobody could
 * look at all the pointers which may be in one place: a kernel with the patches of
 * kernel/patches stops looking and lets nobody follow what it finds. Others go by the
 * first.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"
#include "objects.h"

union level_0 {
	struct task_struct *task;
	__u64 number;
};

#define LEVEL(n, below)								\
union level_##n {								\
	union level_##below a, b, c, d, e, f, g, h;				\
}

LEVEL(1, 0);
LEVEL(2, 1);
LEVEL(3, 2);
LEVEL(4, 3);
LEVEL(5, 4);
LEVEL(6, 5);
LEVEL(7, 6);
LEVEL(8, 7);
LEVEL(9, 8);
LEVEL(10, 9);
LEVEL(11, 10);
LEVEL(12, 11);

struct narrow {
	union level_3 u;
};

struct wide {
	union level_12 u;
};

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct narrow *narrow_in_btf __hidden;
struct wide *wide_in_btf __hidden;

struct held {
	struct narrow __kptr *narrow;
	struct wide __kptr *wide;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* The first of 8^12. */
#define FIRST(u)	((u).a.a.a.a.a.a.a.a.a.a.a.a.task)

SEC("syscall")
__why("the first of too many to look at is read, as of an object it is a number")
__success
int read_wide(void *ctx)
{
	struct wide *wide = bpf_obj_new(struct wide);

	if (!wide)
		return 0;
	seen = (__u64)FIRST(wide->u);
	bpf_obj_drop(wide);
	return 0;
}

SEC("syscall")
__why("but not followed where it would be a pointer")
__failure __msg("access user memory")
__stock_success
int follow_wide(void *ctx)
{
	struct held *v = first();
	struct wide *wide;

	if (!v)
		return 0;
	wide = v->wide;
	if (wide)
		seen = FIRST(wide->u)->pid;
	return 0;
}

SEC("syscall")
__why("of some hundreds all are looked at")
__success
int follow_narrow(void *ctx)
{
	struct held *v = first();
	struct narrow *narrow;

	if (!v)
		return 0;
	narrow = v->narrow;
	if (narrow)
		seen = narrow->u.a.a.a.task->pid;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
