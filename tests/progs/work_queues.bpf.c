// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a workqueue has to be: in a map's value, at an offset that is known. A kernel
 * without the patches of kernel/patches takes the part of an offset that is known for all
 * of it, and what is beside the workqueue may be a kptr.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct task_struct *task_in_btf __hidden;

struct held {
	struct bpf_wq work;			/* 16 bytes */
	struct task_struct __kptr *task;
	__u64 data;
};

#define MAP(name)				\
struct {					\
	__uint(type, BPF_MAP_TYPE_ARRAY);	\
	__uint(max_entries, 1);			\
	__type(key, __u32);			\
	__type(value, struct held);		\
} name SEC(".maps")

MAP(array);
MAP(other);

__u32 which;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
__why("a workqueue is made where the map has one")
__success
int made(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_wq_init(&v->work, &array, 0);
	return 0;
}

SEC("syscall")
__why("it is not made in the place of a kptr")
__failure __msg("off 16 doesn't point to 'struct bpf_wq' that is at 0")
int in_slot(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_wq_init((void *)&v->task, &array, 0);
	return 0;
}

SEC("syscall")
__why("nor in one of the two")
__failure __msg("doesn't have constant offset. bpf_wq has to be at the constant offset")
__stock_success
int perhaps_in_slot(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_wq_init((void *)v + (which & 16), &array, 0);
	return 0;
}

SEC("syscall")
__why("nor for another map")
__failure __msg("workqueue pointer in R1 map_uid=0 doesn't match map pointer in R2 map_uid=0")
int for_another(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_wq_init(&v->work, &other, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
