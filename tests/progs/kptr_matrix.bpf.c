// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each kind of kptr against what the other kinds hold: stored by a store, by the
 * helper and by the instruction, nothing of one kind gets into another. All the
 * kinds are in one value, so a kernel without the patches of kernel/patches does
 * not know the BTF, and there nothing is a kptr: what is stored is data, what is
 * loaded a number. What such a kernel does of its own kinds: kptr_unref.bpf.c,
 * kptr_ref.bpf.c and percpu_kptr.bpf.c.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

#define __plain_data	__stock_success __stock_msg("Error loading .BTF into kernel")
#define __no_kptr	__stock_failure						\
			__stock_msg("has to have BTF in order to use bpf_kptr_xchg")

extern const struct rq runqueues __ksym;
extern void *bpf_rdonly_cast(const void *obj__ign, __u32 btf_id__k) __ksym;

struct local {
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;

/* One struct for all, so that nothing but the kind is wrong. */
struct held {
	struct rq __kptr_percpu *percpu;
	struct rq __kptr_user *user;
	struct rq __kptr_untrusted *unref;
	struct task_struct __kptr *ref;
	struct local __kptr *local;
	struct local __percpu_kptr *object;
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

#define NOT_UNREF	"expected=ptr_rq or untrusted_ptr_rq"
#define NOT_PERCPU	"expected=percpu_ptr_rq"
#define NOT_USER	"expected=user_ptr_rq"
#define NOT_STORED	"store to referenced kptr disallowed"

#define slot_of(v, kind)							\
	((void *volatile *)((void *)(v) + offsetof(struct held, kind)))

/* Load from one kptr, store to another. */
#define STORE(name, from, to)							\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
										\
	if (v)									\
		*slot_of(v, to) = *slot_of(v, from);				\
	return 0;								\
}

/* The same by BPF_XCHG. */
#define EXCHANGE(name, from, to)						\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	void *p;								\
										\
	if (!v)									\
		return 0;							\
	p = *slot_of(v, from);							\
	if (p)									\
		seen = !!kptr_xchg_insn(slot_of(v, to), p);		\
	return 0;								\
}

/* ---- each into its own ---- */

SEC("raw_tp/sys_enter")
__why("what is per-CPU is stored as such")
__success __plain_data
STORE(percpu_to_percpu, percpu, percpu)

SEC("raw_tp/sys_enter")
__why("what is of user space is")
__success __plain_data
STORE(user_to_user, user, user)

SEC("raw_tp/sys_enter")
__why("and what is untrusted")
__success __plain_data
STORE(unref_to_unref, unref, unref)

SEC("raw_tp/sys_enter")
__why("by the instruction too")
__success __plain_data
EXCHANGE(percpu_to_percpu_insn, percpu, percpu)

SEC("raw_tp/sys_enter")
__why("for those of user space")
__success __plain_data
EXCHANGE(user_to_user_insn, user, user)

SEC("raw_tp/sys_enter")
__why("and for those that are untrusted")
__success __plain_data
EXCHANGE(unref_to_unref_insn, unref, unref)

/* ---- stores ---- */

SEC("raw_tp/sys_enter")
__why("user space is not per-CPU memory")
__failure __msg("type=user_ptr_or_null_ " NOT_PERCPU)
__plain_data
STORE(user_to_percpu, user, percpu)

SEC("raw_tp/sys_enter")
__why("an untrusted pointer is not of per-CPU memory")
__failure __msg("type=untrusted_ptr_or_null_ " NOT_PERCPU)
__plain_data
STORE(unref_to_percpu, unref, percpu)

SEC("raw_tp/sys_enter")
__why("a task is not")
__failure __msg("type=rcu_ptr_or_null_ " NOT_PERCPU)
__plain_data
STORE(ref_to_percpu, ref, percpu)

SEC("raw_tp/sys_enter")
__why("nor is an object of the program's")
__failure __msg("_ptr_or_null_ " NOT_PERCPU)
__plain_data
STORE(local_to_percpu, local, percpu)

SEC("raw_tp/sys_enter")
__why("nor one that it has for each processor")
__failure __msg("type=percpu_rcu_ptr_or_null_ " NOT_PERCPU)
__plain_data
STORE(object_to_percpu, object, percpu)

SEC("raw_tp/sys_enter")
__why("per-CPU memory is not of user space")
__failure __msg("type=percpu_untrusted_ptr_or_null_ " NOT_USER)
__plain_data
STORE(percpu_to_user, percpu, user)

SEC("raw_tp/sys_enter")
__why("a per-CPU variable is not")
__failure __msg("type=percpu_ptr_ " NOT_USER)
__plain_data
int variable_to_user(void *ctx)
{
	struct held *v = first();

	if (v)
		v->user = (struct rq *)&runqueues;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("an untrusted pointer is not")
__failure __msg("type=untrusted_ptr_or_null_ " NOT_USER)
__plain_data
STORE(unref_to_user, unref, user)

SEC("raw_tp/sys_enter")
__why("a task is not")
__failure __msg("type=rcu_ptr_or_null_ " NOT_USER)
__plain_data
STORE(ref_to_user, ref, user)

SEC("raw_tp/sys_enter")
__why("nor is an object of the program's")
__failure __msg("_ptr_or_null_ " NOT_USER)
__plain_data
STORE(local_to_user, local, user)

SEC("raw_tp/sys_enter")
__why("nor one that it has for each processor")
__failure __msg("type=percpu_rcu_ptr_or_null_ " NOT_USER)
__plain_data
STORE(object_to_user, object, user)

SEC("raw_tp/sys_enter")
__why("per-CPU memory cannot be followed, so it does not become untrusted")
__failure __msg("type=percpu_untrusted_ptr_or_null_ " NOT_UNREF)
__plain_data
STORE(percpu_to_unref, percpu, unref)

SEC("raw_tp/sys_enter")
__why("nor does user space")
__failure __msg("type=user_ptr_or_null_ " NOT_UNREF)
__plain_data
STORE(user_to_unref, user, unref)

SEC("raw_tp/sys_enter")
__why("a variable of this processor may become untrusted")
__success __plain_data
int variable_of_this_cpu_to_unref(void *ctx)
{
	struct held *v = first();

	if (v)
		v->unref = bpf_this_cpu_ptr(&runqueues);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("but no object of the program's becomes one of the kernel's")
__failure __msg("_ptr_or_null_ " NOT_UNREF)
__plain_data
STORE(object_to_unref, object, unref)

SEC("raw_tp/sys_enter")
__why("nothing is stored where there may be a reference")
__failure __msg(NOT_STORED)
__plain_data
STORE(percpu_to_ref, percpu, ref)

SEC("raw_tp/sys_enter")
__why("not of user space")
__failure __msg(NOT_STORED)
__plain_data
STORE(user_to_ref, user, ref)

SEC("raw_tp/sys_enter")
__why("not for objects of the program's")
__failure __msg(NOT_STORED)
__plain_data
STORE(percpu_to_local, percpu, local)

SEC("raw_tp/sys_enter")
__why("nor for those for each processor")
__failure __msg(NOT_STORED)
__plain_data
STORE(percpu_to_object, percpu, object)

/* ---- the instruction ---- */

SEC("raw_tp/sys_enter")
__why("user space is not exchanged for per-CPU memory")
__failure __msg("type=user_ptr_ " NOT_PERCPU)
__plain_data
EXCHANGE(user_to_percpu_insn, user, percpu)

SEC("raw_tp/sys_enter")
__why("an untrusted pointer is not")
__failure __msg("type=untrusted_ptr_ " NOT_PERCPU)
__plain_data
EXCHANGE(unref_to_percpu_insn, unref, percpu)

SEC("raw_tp/sys_enter")
__why("per-CPU memory is not exchanged for user space")
__failure __msg("type=percpu_untrusted_ptr_ " NOT_USER)
__plain_data
EXCHANGE(percpu_to_user_insn, percpu, user)

SEC("raw_tp/sys_enter")
__why("an untrusted pointer is not")
__failure __msg("type=untrusted_ptr_ " NOT_USER)
__plain_data
EXCHANGE(unref_to_user_insn, unref, user)

SEC("raw_tp/sys_enter")
__why("per-CPU memory does not become untrusted by exchange")
__failure __msg("type=percpu_untrusted_ptr_ " NOT_UNREF)
__plain_data
EXCHANGE(percpu_to_unref_insn, percpu, unref)

SEC("raw_tp/sys_enter")
__why("nor does user space")
__failure __msg("type=user_ptr_ " NOT_UNREF)
__plain_data
EXCHANGE(user_to_unref_insn, user, unref)

SEC("raw_tp/sys_enter")
__why("per-CPU memory does not become a reference")
__failure __msg("type=percpu_untrusted_ptr_ expected=ptr_task_struct")
__plain_data
EXCHANGE(percpu_to_ref_insn, percpu, ref)

SEC("raw_tp/sys_enter")
__why("user space does not")
__failure __msg("type=user_ptr_ expected=ptr_task_struct")
__plain_data
EXCHANGE(user_to_ref_insn, user, ref)

SEC("raw_tp/sys_enter")
__why("nor an object that could be dropped")
__failure __msg("type=percpu_untrusted_ptr_ expected=")
__plain_data
EXCHANGE(percpu_to_object_insn, percpu, object)

/* ---- the helper ---- */

SEC("raw_tp/sys_enter")
__why("what is per-CPU is not exchanged by the helper, which returns references")
__failure __msg("kptr isn't referenced kptr")
__no_kptr
int percpu_by_helper(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = !!bpf_kptr_xchg(&v->percpu, NULL);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor what is of user space")
__failure __msg("off=8 kptr isn't referenced kptr")
__no_kptr
int user_by_helper(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = !!bpf_kptr_xchg(&v->user, NULL);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("per-CPU memory is no reference to it")
__failure __msg("R2 type=percpu_untrusted_ptr_ expected=ptr_")
__no_kptr
int percpu_to_ref_by_helper(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->percpu;
	if (rq)
		seen = !!bpf_kptr_xchg(&v->ref, rq);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("user space is none")
__failure __msg("R2 type=user_ptr_ expected=ptr_")
__no_kptr
int user_to_ref_by_helper(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->user;
	if (rq)
		seen = !!bpf_kptr_xchg(&v->ref, rq);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor an object for each processor")
__failure __msg("R2 type=percpu_untrusted_ptr_ expected=ptr_")
__no_kptr
int percpu_to_object_by_helper(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->percpu;
	if (rq)
		seen = !!bpf_kptr_xchg(&v->object, rq);
	return 0;
}

/* ---- attacks by what was loaded ---- */

SEC("raw_tp/sys_enter")
__why("user space is not followed by a walk from field to field")
__failure __msg("access user memory")
__stock_failure __stock_msg("invalid mem access 'scalar'")
int walk_user(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->user;
	if (rq)
		seen = rq->curr->last_wakee->pid;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor made a pointer for a processor")
__failure __msg("R1 type=user_ptr_ expected=percpu_ptr_")
__stock_failure __stock_msg("R1 type=scalar expected=percpu_ptr_")
int user_to_percpu_helper(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->user;
	if (!rq)
		return 0;
	rq = bpf_this_cpu_ptr(rq);
	seen = rq->cpu;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("what is stored as user space and exchanged out is still of user space")
__failure __msg("access user memory")
__stock_failure __stock_msg("invalid mem access 'scalar'")
int walk_exchanged_user(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = kptr_xchg_insn(&v->user, NULL);
	if (rq)
		seen = rq->cpu;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("an unreferenced kptr's NULL of the exchange is checked as that of a load")
__failure __msg("invalid mem access 'untrusted_ptr_or_null_'")
__stock_failure __stock_msg("invalid mem access 'scalar'")
int walk_exchanged_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = kptr_xchg_insn(&v->unref, NULL)->cpu;
	return 0;
}

/* ---- what makes a pointer of anything ---- */

#define CAST(name, what)							\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	struct rq *rq;								\
										\
	if (!v)									\
		return 0;							\
	rq = bpf_rdonly_cast(what, bpf_core_type_id_kernel(struct rq));		\
	seen = rq->cpu;								\
	return 0;								\
}

SEC("raw_tp/sys_enter")
__why("an address of user space is not cast to one of the kernel's")
__failure __msg("R1 type=user_ptr_or_null_ is no address of the kernel's")
__plain_data
CAST(cast_user, v->user)

SEC("raw_tp/sys_enter")
__why("nor one of per-CPU memory")
__failure __msg("R1 type=percpu_untrusted_ptr_or_null_ is no address of the kernel's")
__plain_data
CAST(cast_percpu, v->percpu)

SEC("raw_tp/sys_enter")
__why("wherever the program has it from")
__failure __msg("R1 type=percpu_ptr_ is no address of the kernel's")
__plain_data
CAST(cast_variable, &runqueues)

/* A pointer to user space on the second of two paths, on the first what the code says. */
#define CAST_AFTER(name, code)							\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	__u64 id = bpf_core_type_id_kernel(struct rq);				\
										\
	if (v)									\
		asm volatile ("r7 = *(u64 *)(%[v] + 8);"			\
			      "r8 = %[id];"					\
			      "call %[random];"					\
			      "if r0 > 100 goto 1f;"				\
			      code "goto 2f;"					\
			      "1: r1 = r7;"					\
			      "2: r2 = r8;"					\
			      "call %[cast];"					\
			      "r0 = *(u32 *)(r0 + 0);"				\
			      :							\
			      : [v] "r" (v), [id] "r" (id),			\
				[random] "i" (bpf_get_prandom_u32),		\
				[cast] "i" (bpf_rdonly_cast)			\
			      : "r0", "r1", "r2", "r3", "r4", "r5", "r7", "r8", "memory"); \
	return 0;								\
}

SEC("raw_tp/sys_enter")
__why("nor is one on a path beside that of a number")
__failure __msg("R1 type=user_ptr_or_null_ is no address of the kernel's")
__plain_data
__all_states
CAST_AFTER(cast_beside_number, "r1 = 0;")

SEC("raw_tp/sys_enter")
__why("nor beside that of nothing, which is not cast either")
__failure __msg("R1 !read_ok")
__plain_data
__all_states
CAST_AFTER(cast_beside_nothing, "")

SEC("raw_tp/sys_enter")
__why("one that nobody vouches for is")
__success
CAST(cast_unref, v->unref)

SEC("raw_tp/sys_enter")
__why("and so is what was made an address of some CPU's")
__success
CAST(cast_of_cpu, bpf_per_cpu_ptr(&runqueues, 0))

/* ---- what takes a reference ---- */

#define __no_kfunc __stock_failure __stock_msg("is referenced but wasn't resolved")

#define GET(name, slot)								\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	struct task_struct *task;						\
										\
	if (!v)									\
		return 0;							\
	task = taskhold_task_kptr_get((void *)&v->slot);			\
	if (task)								\
		bpf_task_release(task);						\
	return 0;								\
}

SEC("syscall")
__why("nobody takes a reference to per-CPU memory")
__failure __msg("arg#0 no referenced kptr at map value offset=0") __no_kfunc
GET(get_percpu, percpu)

SEC("syscall")
__why("nor to user space")
__failure __msg("arg#0 no referenced kptr at map value offset=8") __no_kfunc
GET(get_user, user)

SEC("syscall")
__why("nor to what is not referenced")
__failure __msg("arg#0 no referenced kptr at map value offset=16") __no_kfunc
GET(get_unref, unref)

SEC("syscall")
__why("nor to an object of the program's for each processor")
__failure __msg("arg#0 no referenced kptr at map value offset=40") __no_kfunc
GET(get_object, object)

SEC("syscall")
__why("but to what a slot between them owns")
__success __no_kfunc
GET(get_ref, ref)

char LICENSE[] SEC("license") = "GPL";
