// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kptrs to what programs allocate: which objects go into which slot, and what
 * comes out. Types are the program's own, and must be the same ones.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"
#include "objects.h"

#define NULL_ARG "Possibly NULL pointer passed to trusted arg0"

struct plain {
	__u64 key;
	__u64 value;
};

/* The same members by another name, which makes another type. */
struct twin {
	__u64 key;
	__u64 value;
};

/* Begins with one, and is none. */
struct plain_and_more {
	struct plain plain;
	__u64 more;
};

struct leaf {
	__u64 key;
	struct plain __kptr *inner;
	struct bpf_rb_node node;
};

struct refcounted {
	__u64 value;
	struct bpf_refcount refs;
	struct bpf_rb_node node;
};

struct rooted {
	__u64 key;
	struct bpf_spin_lock lock;
	struct bpf_rb_root root __contains(leaf, node);
};

struct held {
	struct plain __kptr *plain;
	struct leaf __kptr *leaf;
	struct rooted __kptr *rooted;
	struct task_struct __kptr *task;
};

struct held_refcounted {
	struct bpf_spin_lock lock;
	struct refcounted __kptr *refcounted;
};

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct plain *plain_in_btf __hidden;
struct leaf *leaf_in_btf __hidden;
struct rooted *rooted_in_btf __hidden;
struct refcounted *refcounted_in_btf __hidden;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held_refcounted);
} refcounted_array SEC(".maps");

__u64 seen;

extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			       bool (less)(struct bpf_rb_node *a, const struct bpf_rb_node *b),
			       void *meta__ign, __u64 off) __ksym;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container_of(a, struct leaf, node)->key < container_of(b, struct leaf, node)->key;
}

/* ---- what is accepted ---- */

SEC("tc")
__why("an object goes into its slot, and the old one comes out")
__success
int stash_plain(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	plain = bpf_obj_new(struct plain);
	if (!plain)
		return 0;
	plain->key = 1;
	plain = bpf_kptr_xchg(&v->plain, plain);
	if (plain) {
		/* and is as good as new */
		plain->value = plain->key;
		bpf_obj_drop(plain);
	}
	return 0;
}

SEC("tc")
__why("NULL goes in, too")
__success
int unstash_plain(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	plain = bpf_kptr_xchg(&v->plain, NULL);
	if (plain)
		bpf_obj_drop(plain);
	return 0;
}

SEC("tc")
__why("an object that is a node, with an object in it")
__success
int stash_rb_nodes(void *ctx)
{
	struct held *v = first();
	struct plain *inner;
	struct leaf *leaf;

	if (!v)
		return 0;
	leaf = bpf_obj_new(struct leaf);
	if (!leaf)
		return 0;
	inner = bpf_obj_new(struct plain);
	if (inner)
		inner = bpf_kptr_xchg(&leaf->inner, inner);
	if (inner)
		bpf_obj_drop(inner);
	leaf = bpf_kptr_xchg(&v->leaf, leaf);
	if (leaf)
		bpf_obj_drop(leaf);
	return 0;
}

SEC("tc")
__why("what comes out can be asked for what is in it")
__success
int unstash_rb_node(void *ctx)
{
	struct held *v = first();
	struct plain *inner;
	struct leaf *leaf;

	if (!v)
		return 0;
	leaf = bpf_kptr_xchg(&v->leaf, NULL);
	if (!leaf)
		return 0;
	inner = bpf_kptr_xchg(&leaf->inner, NULL);
	if (inner) {
		seen = inner->value;
		bpf_obj_drop(inner);
	}
	bpf_obj_drop(leaf);
	return 0;
}

SEC("tc")
__why("an object that has a tree with nodes")
__success
int stash_local_with_root(void *ctx)
{
	struct held *v = first();
	struct rooted *rooted;
	struct leaf *leaf;

	if (!v)
		return 0;
	rooted = bpf_obj_new(struct rooted);
	if (!rooted)
		return 0;
	leaf = bpf_obj_new(struct leaf);
	if (!leaf) {
		bpf_obj_drop(rooted);
		return 0;
	}
	bpf_spin_lock(&rooted->lock);
	bpf_rbtree_add_impl(&rooted->root, &leaf->node, less, NULL, 0);
	bpf_spin_unlock(&rooted->lock);
	rooted = bpf_kptr_xchg(&v->rooted, rooted);
	if (rooted)
		bpf_obj_drop(rooted);
	return 0;
}

SEC("tc")
__why("slots of the kernel's types are beside")
__success
int unstash_kernel_type(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_kptr_xchg(&v->task, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tc")
__why("an object with a count goes in")
__success
int stash_refcounted_node(void *ctx)
{
	struct refcounted *refcounted;
	struct held_refcounted *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&refcounted_array, &zero);
	if (!v)
		return 0;
	refcounted = bpf_obj_new(struct refcounted);
	if (!refcounted)
		return 0;
	refcounted = bpf_kptr_xchg(&v->refcounted, refcounted);
	if (refcounted)
		bpf_obj_drop(refcounted);
	return 0;
}

SEC("tc")
__why("and is acquired where it is, as RCU protects it")
__success
int refcount_acquire_without_unstash(void *ctx)
{
	struct refcounted *refcounted;
	struct held_refcounted *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&refcounted_array, &zero);
	if (!v)
		return 0;
	refcounted = v->refcounted;
	if (!refcounted)
		return 0;
	refcounted = bpf_refcount_acquire(refcounted);
	if (!refcounted)
		return 0;
	seen = refcounted->value;
	bpf_obj_drop(refcounted);
	return 0;
}

/* ---- what is refused ---- */

SEC("syscall")
__why("which it does not without RCU")
__failure __msg("arg#0 is neither owning or non-owning ref")
int refcount_acquire_unlocked(void *ctx)
{
	struct refcounted *refcounted;
	struct held_refcounted *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&refcounted_array, &zero);
	if (!v)
		return 0;
	refcounted = v->refcounted;
	if (!refcounted)
		return 0;
	refcounted = bpf_refcount_acquire(refcounted);
	if (refcounted)
		bpf_obj_drop(refcounted);
	return 0;
}

SEC("tc")
__why("the same members do not make the same type")
__failure __msg("invalid kptr access, R2 type=ptr_twin expected=ptr_plain")
int stash_twin(void *ctx)
{
	struct held *v = first();
	struct plain *old;
	struct twin *twin;

	if (!v)
		return 0;
	twin = bpf_obj_new(struct twin);
	if (!twin)
		return 0;
	old = bpf_kptr_xchg(&v->plain, (struct plain *)twin);
	if (old)
		bpf_obj_drop(old);
	return 0;
}

SEC("tc")
__why("nor does it count that an object begins with one")
__failure __msg("invalid kptr access, R2 type=ptr_plain_and_more expected=ptr_plain")
int stash_plain_and_more(void *ctx)
{
	struct held *v = first();
	struct plain_and_more *more;
	struct plain *old;

	if (!v)
		return 0;
	more = bpf_obj_new(struct plain_and_more);
	if (!more)
		return 0;
	old = bpf_kptr_xchg(&v->plain, &more->plain);
	if (old)
		bpf_obj_drop(old);
	return 0;
}

SEC("tc")
__why("a part of an object does not go in")
__failure __msg("invalid kptr access, R2 type=ptr_plain expected=ptr_plain")
int stash_part(void *ctx)
{
	struct held *v = first();
	struct plain *old, *plain;

	if (!v)
		return 0;
	plain = bpf_obj_new(struct plain);
	if (!plain)
		return 0;
	old = bpf_kptr_xchg(&v->plain, (struct plain *)&plain->value);
	if (old)
		bpf_obj_drop(old);
	return 0;
}

SEC("tc")
__why("a node is not dropped by its member")
__failure __msg("R1 must have zero offset when passed to release func")
int drop_rb_node_off(void *ctx)
{
	struct leaf *leaf = bpf_obj_new(struct leaf);

	if (!leaf)
		return 0;
	bpf_obj_drop(&leaf->node);
	return 0;
}

SEC("tc")
__why("an object is no task")
__failure __msg("invalid kptr access, R2 type=ptr_plain expected=ptr_task_struct")
int stash_as_task(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;
	struct plain *plain;

	if (!v)
		return 0;
	plain = bpf_obj_new(struct plain);
	if (!plain)
		return 0;
	task = bpf_kptr_xchg(&v->task, (struct task_struct *)plain);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("nor is a task an object")
__failure __msg("invalid kptr access, R2 type=ptr_task_struct expected=ptr_plain")
int stash_task(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;
	struct plain *plain;

	if (!v)
		return 0;
	task = bpf_task_acquire(bpf_get_current_task_btf());
	if (!task)
		return 0;
	plain = bpf_kptr_xchg(&v->plain, (struct plain *)task);
	if (plain)
		bpf_obj_drop(plain);
	return 0;
}

SEC("tc")
__why("the value of a map is no object")
__failure __msg("R2 type=map_value expected=ptr_")
int stash_map_value(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	plain = bpf_kptr_xchg(&v->plain, (struct plain *)v);
	if (plain)
		bpf_obj_drop(plain);
	return 0;
}

/* The kernel says that it is the kernel's own error, and refuses it. */
SEC("tc")
__why("what a slot has is no reference, even if RCU protects it")
__failure __msg("invalid PTR_TO_BTF_ID register for type match")
int stash_unowned(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	plain = v->plain;
	if (!plain)
		return 0;
	plain = bpf_kptr_xchg(&v->plain, plain);
	if (plain)
		bpf_obj_drop(plain);
	return 0;
}

SEC("tc")
__why("what comes out must be dropped")
__failure __msg("Unreleased reference")
int unstash_undropped(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = !!bpf_kptr_xchg(&v->plain, NULL);
	return 0;
}

SEC("tc")
__why("what comes out may be NULL")
__failure __msg(NULL_ARG)
int unstash_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_obj_drop(bpf_kptr_xchg(&v->plain, NULL));
	return 0;
}

SEC("syscall")
__why("what went in is not dropped")
__failure __msg("R1 must be referenced or trusted")
int drop_stashed(void *ctx)
{
	struct plain *plain, *old;
	struct held *v = first();

	if (!v)
		return 0;
	plain = bpf_obj_new(struct plain);
	if (!plain)
		return 0;
	old = bpf_kptr_xchg(&v->plain, plain);
	if (old)
		bpf_obj_drop(old);
	bpf_obj_drop(plain);
	return 0;
}

SEC("tc")
__why("an object is not stored by a plain store")
__failure __msg("store to referenced kptr disallowed")
int store(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	plain = bpf_obj_new(struct plain);
	if (!plain)
		return 0;
	*(struct plain *volatile *)&v->plain = plain;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
