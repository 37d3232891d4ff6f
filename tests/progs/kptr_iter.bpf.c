// SPDX-License-Identifier: GPL-2.0-only
/* Iterators over maps whose values have kptrs, which read and write all of a value. */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "kptr_iter.h"

struct value {
	__u64 head;
	struct task_struct __kptr_untrusted *unref;
	struct task_struct __kptr *task;
	__u64 tail;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} lru SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} cpu_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} cpu_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} cpu_lru SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct value);
} storage SEC(".maps");

__s32 caller;
__u32 which, what;
__s32 ret;

/* What an iterator found. */
__u32 walked;
__u64 heads, tails, pointers;
bool writes_pointers;

static void fill(struct value *v)
{
	struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());

	if (!task)
		return;
	v->head = ITER_HEAD;
	v->tail = ITER_TAIL;
	v->unref = task;
	task = bpf_kptr_xchg(&v->task, task);
	if (task)
		bpf_task_release(task);
}

/* Of what fill() stored, what is there still. */
static int look(struct value *v)
{
	__u64 task = (__u64)bpf_get_current_task_btf();

	return (v->head == ITER_HEAD ? ITER_HAS_HEAD : 0) |
	       (v->tail == ITER_TAIL ? ITER_HAS_TAIL : 0) |
	       ((__u64)v->unref == task ? ITER_HAS_UNREF : 0) |
	       ((__u64)v->task == task ? ITER_HAS_TASK : 0);
}

static int use(struct value *v)
{
	if (!v)
		return -2;
	if (what == ITER_LOOK)
		return look(v);
	fill(v);
	return 0;
}

SEC("syscall")
int use_map(void *ctx)
{
	__u32 zero = 0;

	switch (which) {
	case ITER_ARRAY:
		ret = use(bpf_map_lookup_elem(&array, &zero));
		break;
	case ITER_HASH:
		ret = use(bpf_map_lookup_elem(&hash, &zero));
		break;
	case ITER_LRU:
		ret = use(bpf_map_lookup_elem(&lru, &zero));
		break;
	case ITER_CPU_ARRAY:
		ret = use(bpf_map_lookup_elem(&cpu_array, &zero));
		break;
	case ITER_CPU_HASH:
		ret = use(bpf_map_lookup_elem(&cpu_hash, &zero));
		break;
	case ITER_CPU_LRU:
		ret = use(bpf_map_lookup_elem(&cpu_lru, &zero));
		break;
	}
	return 0;
}

SEC("fentry/sock_common_getsockopt")
int BPF_PROG(use_storage, struct socket *sock)
{
	if ((__s32)(bpf_get_current_pid_tgid() >> 32) == caller)
		ret = use(bpf_sk_storage_get(&storage, sock->sk, 0,
					     BPF_LOCAL_STORAGE_GET_F_CREATE));
	return 0;
}

static __always_inline void walk_value(__u64 *value)
{
	heads += value[0];
	pointers |= value[1] | value[2];
	tails += value[3];
	if (writes_pointers) {
		value[1] = ITER_HEAD;
		value[2] = ITER_TAIL;
	}
	value[3] = 0;
}

/* @nr values, one behind the other. */
static __always_inline int walk(__u64 *value, int nr)
{
	int i;

	if (!value)
		return 0;
	walked++;
	for (i = 0; i < nr; i++)
		walk_value(value + i * sizeof(struct value) / 8);
	return 0;
}

SEC("iter/bpf_map_elem")
int walk_map(struct bpf_iter__bpf_map_elem *ctx)
{
	return walk(ctx->value, 1);
}

/* Of a per-CPU map it is given the values of all processors at once. */
SEC("iter/bpf_map_elem")
int walk_percpu_map(struct bpf_iter__bpf_map_elem *ctx)
{
	return walk(ctx->value, ITER_CPUS);
}

SEC("iter/bpf_sk_storage_map")
int walk_storage(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	return walk(ctx->value, 1);
}

char LICENSE[] SEC("license") = "GPL";
