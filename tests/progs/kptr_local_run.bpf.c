// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that a program allocates, in slots of a map. Each has a reference to a
 * task, so that the task's count tells how many objects are there:
 * tests/verifier/kptr_local_run_test.c looks at it.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "exchange.bpf.h"
#include "objects.h"

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			       bool (less)(struct bpf_rb_node *a, const struct bpf_rb_node *b),
			       void *meta__ign, __u64 off) __ksym;

struct counted {
	__u64 value;
	struct task_struct __kptr *task;
};

struct leaf {
	__u64 value;
	struct counted __kptr *inner;
	struct bpf_rb_node node;
};

struct rooted {
	__u64 value;
	struct bpf_spin_lock lock;
	struct bpf_rb_root root __contains(leaf, node);
};

struct refcounted {
	__u64 value;
	struct counted __kptr *inner;
	struct bpf_refcount refs;
};

struct pointing {
	struct task_struct __kptr_untrusted *task;
	__u64 value;
};

struct held {
	struct counted __kptr *counted;
	struct leaf __kptr *leaf;
	struct rooted __kptr *rooted;
	struct refcounted __kptr *refcounted;
};

struct counted *counted_in_btf __hidden;
struct leaf *leaf_in_btf __hidden;
struct rooted *rooted_in_btf __hidden;
struct refcounted *refcounted_in_btf __hidden;
struct pointing *pointing_in_btf __hidden;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} hash SEC(".maps");

__s32 pid;
bool in_hash;
__u64 value;

__s64 ret;
__u32 refs;
__u64 seen;

static struct held *lookup(void)
{
	__u32 zero = 0;

	if (in_hash)
		return bpf_map_lookup_elem(&hash, &zero);
	return bpf_map_lookup_elem(&array, &zero);
}

/* An object with a reference to the task. */
static struct counted *make(void)
{
	struct task_struct *task = bpf_task_from_pid(pid);
	struct counted *counted;

	if (!task)
		return NULL;
	counted = bpf_obj_new(struct counted);
	if (!counted) {
		bpf_task_release(task);
		return NULL;
	}
	counted->value = value;
	task = exchange(&counted->task, task);
	if (task)
		bpf_task_release(task);
	return counted;
}

SEC("syscall")
int count_refs(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);

	ret = -1;
	if (!task)
		return 0;
	refs = task->rcu_users.refs.counter - 1;
	bpf_task_release(task);
	ret = 0;
	return 0;
}

SEC("syscall")
int stash(void *ctx)
{
	struct held *v = lookup();
	struct counted *counted;

	ret = -1;
	if (!v)
		return 0;
	counted = make();
	if (!counted)
		return 0;
	counted = exchange(&v->counted, counted);
	if (counted)
		bpf_obj_drop(counted);
	ret = 0;
	return 0;
}

SEC("syscall")
int unstash(void *ctx)
{
	struct held *v = lookup();
	struct counted *counted;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	counted = exchange(&v->counted, NULL);
	if (!counted)
		return 0;
	seen = counted->value;
	bpf_obj_drop(counted);
	ret = 0;
	return 0;
}

/* A node that has an object. */
SEC("syscall")
int stash_leaf(void *ctx)
{
	struct held *v = lookup();
	struct counted *inner;
	struct leaf *leaf;

	ret = -1;
	if (!v)
		return 0;
	inner = make();
	if (!inner)
		return 0;
	leaf = bpf_obj_new(struct leaf);
	if (!leaf) {
		bpf_obj_drop(inner);
		return 0;
	}
	leaf->value = value;
	inner = exchange(&leaf->inner, inner);
	if (inner)
		bpf_obj_drop(inner);
	leaf = exchange(&v->leaf, leaf);
	if (leaf)
		bpf_obj_drop(leaf);
	ret = 0;
	return 0;
}

SEC("syscall")
int unstash_leaf(void *ctx)
{
	struct held *v = lookup();
	struct counted *inner;
	struct leaf *leaf;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	leaf = exchange(&v->leaf, NULL);
	if (!leaf)
		return 0;
	ret = -3;
	inner = exchange(&leaf->inner, NULL);
	if (inner) {
		seen = leaf->value + inner->value;
		bpf_obj_drop(inner);
		ret = 0;
	}
	bpf_obj_drop(leaf);
	return 0;
}

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	const struct leaf *leaf_a = container_of(a, struct leaf, node);
	const struct leaf *leaf_b = container_of(b, struct leaf, node);

	return leaf_a->value < leaf_b->value;
}

/* A tree of one node that has an object. */
SEC("tc")
int stash_tree(struct __sk_buff *skb)
{
	struct held *v = lookup();
	struct counted *inner;
	struct rooted *rooted;
	struct leaf *leaf;

	ret = -1;
	if (!v)
		return 0;
	rooted = bpf_obj_new(struct rooted);
	if (!rooted)
		return 0;
	inner = make();
	leaf = bpf_obj_new(struct leaf);
	if (inner && leaf) {
		inner = exchange(&leaf->inner, inner);
		bpf_spin_lock(&rooted->lock);
		bpf_rbtree_add_impl(&rooted->root, &leaf->node, less, NULL, 0);
		bpf_spin_unlock(&rooted->lock);
		rooted = exchange(&v->rooted, rooted);
		ret = 0;
	} else if (leaf) {
		bpf_obj_drop(leaf);
	}
	if (inner)
		bpf_obj_drop(inner);
	if (rooted)
		bpf_obj_drop(rooted);
	return 0;
}

SEC("syscall")
int stash_refcounted(void *ctx)
{
	struct refcounted *refcounted;
	struct held *v = lookup();
	struct counted *inner;

	ret = -1;
	if (!v)
		return 0;
	inner = make();
	if (!inner)
		return 0;
	refcounted = bpf_obj_new(struct refcounted);
	if (!refcounted) {
		bpf_obj_drop(inner);
		return 0;
	}
	refcounted->value = value;
	inner = exchange(&refcounted->inner, inner);
	if (inner)
		bpf_obj_drop(inner);
	refcounted = exchange(&v->refcounted, refcounted);
	if (refcounted)
		bpf_obj_drop(refcounted);
	ret = 0;
	return 0;
}

/* One more count of what stays in the map. Counts the task's while both are there. */
SEC("tc")
int acquire_refcounted(struct __sk_buff *skb)
{
	struct refcounted *refcounted;
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	refcounted = v->refcounted;
	if (!refcounted)
		return 0;
	ret = -3;
	refcounted = bpf_refcount_acquire(refcounted);
	if (!refcounted)
		return 0;
	seen = refcounted->value;
	bpf_obj_drop(refcounted);
	ret = 0;
	return 0;
}

/* The object is dropped while a pointer to it is left over. */
SEC("syscall")
int read_dropped(void *ctx)
{
	struct counted *counted, *old;
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	old = v->counted;
	if (!old)
		return 0;
	counted = exchange(&v->counted, NULL);
	if (counted)
		bpf_obj_drop(counted);
	/* whatever is there now */
	seen = old->value;
	ret = 0;
	return 0;
}

/*
 * An object's unreferenced kptr, which the instruction alone exchanges: the task goes
 * in, comes out and can be followed, and nothing is left.
 */
SEC("syscall")
int exchange_unref(void *ctx)
{
	struct pointing *pointing;
	struct task_struct *task;

	ret = -1;
	if (!by_insn)
		return 0;
	task = bpf_task_from_pid(pid);
	if (!task)
		return 0;
	pointing = bpf_obj_new(struct pointing);
	if (!pointing) {
		bpf_task_release(task);
		return 0;
	}
	ret = kptr_xchg_insn(&pointing->task, task) ? -2 : 0;
	bpf_task_release(task);
	task = kptr_xchg_insn(&pointing->task, NULL);
	seen = task ? task->pid : 0;
	if (kptr_xchg_insn(&pointing->task, NULL))
		ret = -3;
	bpf_obj_drop(pointing);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
