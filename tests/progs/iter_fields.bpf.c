// SPDX-License-Identifier: GPL-2.0-only
/*
 * An iterator over maps whose values have, beside a number, a field of the kernel's
 * that is no kptr.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "objects.h"

struct kept {
	struct bpf_list_node list_node;
	struct bpf_rb_node rb_node;
	/* as it can be in both */
	struct bpf_refcount refcount;
};

struct with_list {
	__u64 number;
	struct bpf_list_head head __contains(kept, list_node);
	struct bpf_spin_lock lock;
};

struct with_tree {
	__u64 number;
	struct bpf_rb_root root __contains(kept, rb_node);
	struct bpf_spin_lock lock;
};

struct with_timer {
	__u64 number;
	struct bpf_timer timer;
};

struct with_work {
	__u64 number;
	struct bpf_wq work;
};

struct with_lock {
	__u64 number;
	struct bpf_spin_lock lock;
};

/* Larger than what kmalloc() gives. */
struct with_room {
	__u64 number;
	struct bpf_timer timer;
	char room[5 << 20];
};

/* So that the object's BTF has the type. */
struct kept *unused;

#define MAP(name, kind)				\
struct {					\
	__uint(type, kind);			\
	__uint(max_entries, 1);			\
	__type(key, __u32);			\
	__type(value, struct with_##name);	\
}

MAP(list, BPF_MAP_TYPE_ARRAY) list SEC(".maps");
MAP(tree, BPF_MAP_TYPE_HASH) tree SEC(".maps");
MAP(timer, BPF_MAP_TYPE_ARRAY) timer SEC(".maps");
MAP(work, BPF_MAP_TYPE_HASH) work SEC(".maps");
MAP(lock, BPF_MAP_TYPE_ARRAY) lock SEC(".maps");
MAP(room, BPF_MAP_TYPE_ARRAY) room SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} called SEC(".maps");

/* out: how often they were called with a value */
__u32 walked;
__u32 walked_too;

/* Writes to the number alone: the fields must be whole where it is no copy. */
SEC("iter/bpf_map_elem")
int walk(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *value = ctx->value;

	if (!value)
		return 0;
	walked++;
	value[0]++;
	return 0;
}

/* To take its place: as far as it goes, */
SEC("iter/bpf_map_elem")
int walk_too(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *value = ctx->value;

	if (!value)
		return 0;
	walked_too++;
	value[0] += 2;
	return 0;
}

/* nowhere at all, */
SEC("iter/bpf_map_elem")
int count(struct bpf_iter__bpf_map_elem *ctx)
{
	if (ctx->value)
		walked_too++;
	return 0;
}

/* further, in what is read, in what is written, */
SEC("iter/bpf_map_elem")
int read_far(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *key = ctx->key;

	if (key)
		walked += key[500];
	return 0;
}

SEC("iter/bpf_map_elem")
int write_far(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *value = ctx->value;

	if (value)
		value[500]++;
	return 0;
}

/* or when it likes to. */
SEC("iter.s/bpf_map_elem")
int walk_asleep(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *value = ctx->value;

	if (value)
		value[0]++;
	return 0;
}

/* Goes as far as walk(), and on with what is called. */
SEC("iter/bpf_map_elem")
int walk_and_call(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *value = ctx->value;

	if (value)
		value[0] += 4;
	bpf_tail_call(ctx, &called, 0);
	return 0;
}

/* Where a program may sleep. */
SEC("iter/task")
int walk_tasks(struct bpf_iter__task *ctx)
{
	return 0;
}

SEC("iter.s/task")
int walk_tasks_asleep(struct bpf_iter__task *ctx)
{
	if (ctx->task)
		walked_too++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
