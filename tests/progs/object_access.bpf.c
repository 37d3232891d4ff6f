// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that a program allocates: what it may read and write of them, and what
 * it may not, as the kernel keeps something there.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

#define NULL_ARG "Possibly NULL pointer passed to trusted arg0"

struct plain {
	__u64 value;
	struct task_struct *task;	/* no kptr: an address and nothing else */
	struct plain *next;
	__u32 half[2];
};

struct special {
	__u64 value;
	struct bpf_spin_lock lock;
	struct bpf_refcount refs;
	struct bpf_list_node list_node;
	struct bpf_rb_node rb_node;
	struct task_struct __kptr *task;
	struct plain __kptr *local;
};

struct root {
	__u64 value;
	struct bpf_spin_lock lock;
	struct bpf_list_head list __contains(special, list_node);
};

struct tree {
	__u64 value;
	struct bpf_spin_lock lock;
	struct bpf_rb_root tree __contains(special, rb_node);
};

struct held {
	struct plain __kptr *local;
	struct special __kptr *special;
};

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct plain *plain_in_btf __hidden;
struct special *special_in_btf __hidden;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;
__u32 which;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* ---- an object is a reference ---- */

SEC("syscall")
__why("an object is made, written, read and dropped")
__success
int use(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	plain->value = 1;
	plain->half[1] = 2;
	plain->next = NULL;
	seen = plain->value + plain->half[0];
	bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("there may be no memory for it")
__failure __msg("invalid mem access 'ptr_or_null_'")
int write_unchecked(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	plain->value = 1;
	if (plain)
		bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("NULL is not dropped")
__failure __msg(NULL_ARG)
int drop_unchecked(void *ctx)
{
	bpf_obj_drop(bpf_obj_new(struct plain));
	return 0;
}

SEC("syscall")
__why("it must be dropped")
__failure __msg("Unreleased reference")
int undropped(void *ctx)
{
	seen = !!bpf_obj_new(struct plain);
	return 0;
}

SEC("syscall")
__why("once")
__failure __msg("R1 must be referenced or trusted")
int drop_twice(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	bpf_obj_drop(plain);
	bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("and is not there afterwards")
__failure __msg("invalid mem access 'scalar'")
int write_dropped(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	bpf_obj_drop(plain);
	plain->value = 1;
	return 0;
}

SEC("syscall")
__why("what belongs to the kernel is not dropped as an object")
__failure __msg("arg#0 expected pointer to allocated object")
int drop_task(void *ctx)
{
	bpf_obj_drop(bpf_get_current_task_btf());
	return 0;
}

SEC("syscall")
__why("nor is what a map has")
__failure __msg("R1 must be referenced or trusted")
int drop_from_map(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_obj_drop(v);
	return 0;
}

SEC("syscall")
__why("a part of an object is not dropped")
__failure __msg("R1 must have zero offset when passed to release func")
int drop_part(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	bpf_obj_drop(&plain->half);
	return 0;
}

/* ---- what is written ---- */

SEC("syscall")
__why("nothing is written behind it")
__failure __msg("access beyond struct plain")
int write_behind(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	*(__u64 *)((void *)plain + sizeof(*plain)) = 1;
	bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("nor in front of it")
__failure __msg("is ptr_plain invalid negative access: off=-8")
int write_in_front(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	*(volatile __u64 *)((void *)plain - 8) = 1;
	bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("where is known")
__failure __msg("ptr_plain invalid variable offset")
int write_anywhere(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);
	__u32 i = which;

	if (!plain)
		return 0;
	if (i < 2)
		plain->half[i] = 1;
	bpf_obj_drop(plain);
	return 0;
}

/* One for each kind of field that is the kernel's, and one that reads it. */
#define DENIED(what, type, field, member)					\
SEC("tc")									\
__why(what " is not written directly")						\
__failure __msg("direct access to " what " is disallowed")			\
int write_##field(void *ctx)							\
{										\
	struct type *object = bpf_obj_new(struct type);				\
										\
	if (!object)								\
		return 0;							\
	*(volatile typeof(object->member) *)&object->member = 0;		\
	bpf_obj_drop(object);							\
	return 0;								\
}										\
										\
SEC("tc")									\
__why(what " is not read directly")						\
__failure __msg("direct access to " what " is disallowed")			\
int read_##field(void *ctx)							\
{										\
	struct type *object = bpf_obj_new(struct type);				\
										\
	if (!object)								\
		return 0;							\
	seen = (__u64)*(volatile typeof(object->member) *)&object->member;	\
	bpf_obj_drop(object);							\
	return 0;								\
}

DENIED("kptr", special, kptr, task)
DENIED("kptr", special, local_kptr, local)
DENIED("bpf_spin_lock", special, lock, lock.val)
DENIED("bpf_refcount", special, refcount, refs.__opaque[0])
DENIED("bpf_list_node", special, list_node, list_node.__opaque[0])
DENIED("bpf_rb_node", special, rb_node, rb_node.__opaque[0])
DENIED("bpf_list_head", root, list_head, list.__opaque[0])
DENIED("bpf_rb_root", tree, rb_root, tree.__opaque[0])

SEC("tc")
__why("what is between such fields is written")
__success
int write_beside(void *ctx)
{
	struct special *special = bpf_obj_new(struct special);

	if (!special)
		return 0;
	special->value = 1;
	seen = special->value;
	bpf_obj_drop(special);
	return 0;
}

SEC("tc")
__why("half of such a field is one, too")
__failure __msg("direct access to kptr is disallowed")
int write_half_of_kptr(void *ctx)
{
	struct special *special = bpf_obj_new(struct special);

	if (!special)
		return 0;
	*(volatile __u32 *)((void *)&special->task + 4) = 0;
	bpf_obj_drop(special);
	return 0;
}

SEC("tc")
__why("a helper does not write to such an object")
__failure __msg("R1 type=ptr_ expected=")
int write_by_helper(void *ctx)
{
	struct special *special = bpf_obj_new(struct special);

	if (!special)
		return 0;
	bpf_probe_read_kernel(special, sizeof(*special), ctx);
	bpf_obj_drop(special);
	return 0;
}

/* ---- pointers in an object ---- */

SEC("syscall")
__why("a pointer that is read from an object is a number")
__failure __msg("invalid mem access 'scalar'")
int follow(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	seen = plain->next ? plain->next->value : 0;
	bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("also one to a type of the kernel's")
__failure __msg("invalid mem access 'scalar'")
int follow_to_task(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	plain->task = bpf_get_current_task_btf();
	barrier();
	seen = plain->task->pid;
	bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("a number is no task to a kfunc")
__failure __msg("arg#0 pointer type STRUCT task_struct must point")
int acquire_from_object(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);
	struct task_struct *task;

	if (!plain)
		return 0;
	plain->task = bpf_get_current_task_btf();
	barrier();
	task = bpf_task_acquire(plain->task);
	if (task)
		bpf_task_release(task);
	bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("a kptr in an object is exchanged by the helper")
__success
int exchange(void *ctx)
{
	struct special *special = bpf_obj_new(struct special);
	struct task_struct *task;
	struct plain *plain;

	if (!special)
		return 0;
	task = bpf_task_acquire(bpf_get_current_task_btf());
	if (task)
		task = bpf_kptr_xchg(&special->task, task);
	if (task)
		bpf_task_release(task);
	plain = bpf_obj_new(struct plain);
	if (plain)
		plain = bpf_kptr_xchg(&special->local, plain);
	if (plain)
		bpf_obj_drop(plain);
	bpf_obj_drop(special);
	return 0;
}

SEC("syscall")
__why("what comes out of an object's kptr must be released")
__failure __msg("Unreleased reference")
int exchange_unreleased(void *ctx)
{
	struct special *special = bpf_obj_new(struct special);

	if (!special)
		return 0;
	seen = !!bpf_kptr_xchg(&special->task, NULL);
	bpf_obj_drop(special);
	return 0;
}

SEC("syscall")
__why("another field of the object is no kptr")
__failure __msg("off=0 doesn't point to kptr")
int exchange_no_kptr(void *ctx)
{
	struct special *special = bpf_obj_new(struct special);
	void *old;

	if (!special)
		return 0;
	old = bpf_kptr_xchg((void *)&special->value, NULL);
	seen = !!old;
	bpf_obj_drop(special);
	return 0;
}

SEC("syscall")
__why("an object without kptrs has none")
__failure __msg("R1 has no valid kptr")
int exchange_plain_field(void *ctx)
{
	struct plain *plain = bpf_obj_new(struct plain);

	if (!plain)
		return 0;
	seen = !!bpf_kptr_xchg((void *)&plain->task, NULL);
	bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("nothing is exchanged in an object that is gone")
__failure __msg("R1 type=scalar expected=map_value, ptr_")
int exchange_dropped(void *ctx)
{
	struct special *special = bpf_obj_new(struct special);
	struct task_struct *task;

	if (!special)
		return 0;
	bpf_obj_drop(special);
	task = bpf_kptr_xchg(&special->task, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

/* ---- objects that a map has ---- */

SEC("syscall")
__why("what a map has is read without RCU, as what may be gone")
__success
int read_untrusted(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	plain = v->local;
	if (plain)
		seen = plain->value;
	return 0;
}

SEC("syscall")
__why("but not written")
__failure __msg("only read is supported")
int write_untrusted(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	plain = v->local;
	if (plain)
		plain->value = 1;
	return 0;
}

SEC("syscall")
__why("nor behind the end of the RCU section it was found in")
__failure __msg("only read is supported")
int write_after_unlock(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	plain = v->local;
	bpf_rcu_read_unlock();
	if (plain)
		plain->value = 1;
	return 0;
}

/* The kernel says that it is the kernel's own error, and refuses it. */
SEC("syscall")
__why("where it is not even read")
__failure __msg("ref_obj_id for allocated object must be non-zero")
int read_after_unlock(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	plain = v->local;
	bpf_rcu_read_unlock();
	if (plain)
		seen = plain->value;
	return 0;
}

SEC("syscall")
__why("it is not dropped while the map has it")
__failure __msg("R1 must be referenced or trusted")
int drop_untrusted(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	plain = v->local;
	if (plain)
		bpf_obj_drop(plain);
	return 0;
}

SEC("syscall")
__why("also not where RCU protects it")
__failure __msg("R1 must be referenced or trusted")
int drop_under_rcu(void *ctx)
{
	struct held *v = first();
	struct plain *plain;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	plain = v->local;
	if (plain)
		bpf_obj_drop(plain);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("the kptr of an object that may be gone is not exchanged")
__failure __msg("expected=map_value")
int exchange_untrusted(void *ctx)
{
	struct special *special;
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	special = v->special;
	if (!special)
		return 0;
	task = bpf_kptr_xchg(&special->task, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tc")
__why("nor that of one that is the map's, where RCU protects it")
__failure __msg("expected=map_value")
int exchange_under_rcu(struct __sk_buff *skb)
{
	struct special *special;
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	special = v->special;
	if (!special)
		return 0;
	task = bpf_kptr_xchg(&special->task, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("also not by an instruction")
__failure __msg("only read is supported")
int exchange_insn_untrusted(void *ctx)
{
	struct special *special;
	struct held *v = first();

	if (!v)
		return 0;
	special = v->special;
	if (special)
		seen = !!kptr_xchg_insn(&special->task, NULL);
	return 0;
}

SEC("tc")
__why("neither under RCU")
__failure __msg("direct access to kptr is disallowed")
int exchange_insn_under_rcu(struct __sk_buff *skb)
{
	struct special *special;
	struct held *v = first();

	if (!v)
		return 0;
	special = v->special;
	if (special)
		seen = !!kptr_xchg_insn(&special->task, NULL);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
