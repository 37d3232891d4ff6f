// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF_XCHG on kptrs: what the verifier accepts and what it must refuse. A kernel
 * without the patches of kernel/patches refuses all of it.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

#define __no_insn __stock_failure __stock_msg("kptr in map can only be accessed using BPF_MEM")

struct local {
	__u64 value;
};

struct other {
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;

struct held {
	struct task_struct __kptr *task;
	struct task_struct __kptr_untrusted *unref;
	struct local __kptr *local;
	struct local __percpu_kptr *percpu;
	struct taskhold_rec __kptr *rec;
	__u64 mark;
	struct local __percpu_kptr *percpu_too;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct locked {
	struct bpf_spin_lock lock;
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct locked);
} locks SEC(".maps");

__u32 which;
__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

static struct task_struct *own(void)
{
	return bpf_task_acquire(bpf_get_current_task_btf());
}

/* ---- what is accepted ---- */

SEC("syscall")
__why("a reference goes in, the old one comes out")
__success __no_insn
int exchange(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = own();
	if (!task)
		return 0;
	task = kptr_xchg_insn(&v->task, task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("NULL goes in")
__success __no_insn
int exchange_null(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = kptr_xchg_insn(&v->task, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("what comes out is trusted")
__success __no_insn
int exchanged_is_trusted(void *ctx)
{
	struct held *v = first();
	struct task_struct *task, *again;

	if (!v)
		return 0;
	task = kptr_xchg_insn(&v->task, NULL);
	if (!task)
		return 0;
	again = bpf_task_acquire(task);
	if (again)
		bpf_task_release(again);
	seen = task->pid;
	task = kptr_xchg_insn(&v->task, task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a type of a module")
__success __no_insn
int exchange_rec(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_rec_lookup(bpf_get_current_task_btf());
	if (!rec)
		return 0;
	rec = kptr_xchg_insn(&v->rec, rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("an object that the program has allocated")
__success __no_insn
int exchange_local(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);
	struct held *v = first();

	if (!local)
		return 0;
	if (!v) {
		bpf_obj_drop(local);
		return 0;
	}
	local->value = 1;
	local = kptr_xchg_insn(&v->local, local);
	if (local) {
		local->value = 2;
		bpf_obj_drop(local);
	}
	return 0;
}

SEC("syscall")
__why("an object that the program has allocated for each processor")
__success __no_insn
int exchange_percpu(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local);
	struct held *v = first();

	if (!percpu)
		return 0;
	if (!v) {
		bpf_percpu_obj_drop(percpu);
		return 0;
	}
	percpu = kptr_xchg_insn(&v->percpu, percpu);
	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("syscall")
__why("which within an RCU section can be used after it went in")
__success __no_insn
int percpu_used_after_exchange(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local), *old;
	struct held *v = first();
	struct local *mine;

	if (!percpu)
		return 0;
	if (!v) {
		bpf_percpu_obj_drop(percpu);
		return 0;
	}
	bpf_rcu_read_lock();
	old = kptr_xchg_insn(&v->percpu, percpu);
	if (old)
		bpf_percpu_obj_drop(old);
	mine = bpf_this_cpu_ptr((void *)percpu);
	mine->value++;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("an unreferenced kptr, with no reference involved")
__success __no_insn
int exchange_unref(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct held *v = first();

	if (!v)
		return 0;
	task = kptr_xchg_insn(&v->unref, task);
	if (task)
		seen = task->pid;
	return 0;
}

#define UNREF_AGAIN(name)							\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
										\
	if (v)									\
		seen = !!kptr_xchg_insn(&v->unref, v->unref);			\
	return 0;								\
}

SEC("syscall")
__why("what was loaded from it goes in again")
__success __no_insn
UNREF_AGAIN(exchange_unref_again)

SEC("syscall")
__why("who may not handle addresses writes none by an instruction")
__failure __msg("leaks addr into mem")
__cap_bpf
UNREF_AGAIN(exchange_unprivileged)

SEC("syscall")
__why("a reference that is stored unreferenced stays the program's")
__success __no_insn
int exchange_unref_keeps_reference(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = own();
	if (!task)
		return 0;
	kptr_xchg_insn(&v->unref, task);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("other data of the same value is exchanged as ever")
__success
int exchange_data(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = __sync_lock_test_and_set(&v->mark, seen);
	return 0;
}

/* ---- references ---- */

SEC("syscall")
__why("what comes out must be released")
__failure __msg("Unreleased reference") __no_insn
int exchange_unreleased(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = !!kptr_xchg_insn(&v->task, NULL);
	return 0;
}

SEC("syscall")
__why("what comes out may be NULL")
__failure __msg("Possibly NULL pointer passed to trusted arg0") __no_insn
int exchange_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_task_release(kptr_xchg_insn(&v->task, NULL));
	return 0;
}

SEC("syscall")
__why("what went in is gone")
__failure __msg("arg#0 pointer type STRUCT task_struct must point to") __no_insn
int used_after_exchange(void *ctx)
{
	struct task_struct *task, *old;
	struct held *v = first();

	if (!v)
		return 0;
	task = own();
	if (!task)
		return 0;
	old = kptr_xchg_insn(&v->task, task);
	if (old)
		bpf_task_release(old);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("so is an object for each processor outside of an RCU section")
__failure __msg("R1 type=scalar expected=percpu_ptr_") __no_insn
int percpu_used_outside_rcu(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local), *old;
	struct held *v = first();
	struct local *mine;

	if (!percpu)
		return 0;
	if (!v) {
		bpf_percpu_obj_drop(percpu);
		return 0;
	}
	old = kptr_xchg_insn(&v->percpu, percpu);
	if (old)
		bpf_percpu_obj_drop(old);
	mine = bpf_this_cpu_ptr((void *)percpu);
	mine->value++;
	return 0;
}

SEC("syscall")
__why("and within one it is no other slot's")
__failure __msg("type=percpu_rcu_ptr_ expected=ptr_local") __no_insn
int percpu_given_twice(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local), *old;
	struct held *v = first();

	if (!percpu)
		return 0;
	if (!v) {
		bpf_percpu_obj_drop(percpu);
		return 0;
	}
	bpf_rcu_read_lock();
	old = kptr_xchg_insn(&v->percpu, percpu);
	if (old)
		bpf_percpu_obj_drop(old);
	old = kptr_xchg_insn(&v->percpu_too, percpu);
	if (old)
		bpf_percpu_obj_drop(old);
	bpf_rcu_read_unlock();
	return 0;
}

/* What a callback is called with: somebody else's reference, and a slot for it. */
struct from_caller {
	struct task_struct *task;
	struct held *v;
};

static long give_away(__u32 i, struct from_caller *caller)
{
	struct task_struct *old = kptr_xchg_insn(&caller->v->task, caller->task);

	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("syscall")
__why("a callback, which may be called twice, does not give away what its caller has")
__failure __msg("cannot be given away here") __no_insn
int exchange_in_callback(void *ctx)
{
	struct from_caller caller = { .v = first() };

	if (!caller.v)
		return 0;
	caller.task = own();
	if (!caller.task)
		return 0;
	bpf_loop(2, give_away, &caller, 0);
	bpf_task_release(caller.task);
	return 0;
}

static long give_away_own(__u32 i, struct from_caller *caller)
{
	struct task_struct *task = own(), *old;

	if (!task)
		return 1;
	old = kptr_xchg_insn(&caller->v->task, task);
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("syscall")
__why("but what it has acquired itself")
__success __no_insn
int exchange_own_in_callback(void *ctx)
{
	struct from_caller caller = { .v = first() };

	if (!caller.v)
		return 0;
	bpf_loop(2, give_away_own, &caller, 0);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a trusted pointer is no reference")
__failure __msg(" must be referenced\n") __no_insn
int BPF_PROG(exchange_unowned, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = kptr_xchg_insn(&v->task, new);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor is an RCU pointer")
__failure __msg(" must be referenced\n") __no_insn
int BPF_PROG(exchange_rcu, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (!task)
		return 0;
	task = kptr_xchg_insn(&v->task, task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("an untrusted pointer does not become a reference")
__failure __msg("type=untrusted_ptr_ expected=ptr_task_struct") __no_insn
int exchange_untrusted(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->unref;
	if (!task)
		return 0;
	task = kptr_xchg_insn(&v->task, task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a reference that may be NULL is checked first")
__failure __msg("Possibly NULL pointer R") __msg("exchanged into referenced kptr") __no_insn
int exchange_maybe_null(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = kptr_xchg_insn(&v->task, own());
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("what an unreferenced kptr had is not released")
__failure __msg("must be referenced or trusted") __no_insn
int exchange_unref_released(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = kptr_xchg_insn(&v->unref, NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

/* ---- types ---- */

SEC("syscall")
__why("a record is no task")
__failure __msg("type=ptr_taskhold_rec expected=ptr_task_struct") __no_insn
int exchange_other_type(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_rec_lookup(bpf_get_current_task_btf());
	if (!rec)
		return 0;
	task = kptr_xchg_insn(&v->task, (struct task_struct *)rec);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("an object of the program's is not of another type of the program's")
__failure __msg("type=ptr_other expected=ptr_local") __no_insn
int exchange_other_local(void *ctx)
{
	struct other *other = bpf_obj_new(struct other);
	struct held *v = first();
	struct local *local;

	if (!other)
		return 0;
	if (!v) {
		bpf_obj_drop(other);
		return 0;
	}
	local = kptr_xchg_insn(&v->local, (struct local *)other);
	if (local)
		bpf_obj_drop(local);
	return 0;
}

SEC("syscall")
__why("an object is none for each processor")
__failure __msg("type=ptr_ expected=ptr_local") __no_insn
int exchange_local_as_percpu(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);
	struct local __percpu_kptr *percpu;
	struct held *v = first();

	if (!local)
		return 0;
	if (!v) {
		bpf_obj_drop(local);
		return 0;
	}
	percpu = kptr_xchg_insn(&v->percpu, (struct local __percpu_kptr *)local);
	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("syscall")
__why("a member is not the object")
__failure __msg("type=ptr_task_struct expected=ptr_task_struct") __no_insn
int exchange_member(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = own();
	if (!task)
		return 0;
	task = kptr_xchg_insn(&v->task, (struct task_struct *)((void *)task + 8));
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a number is no pointer")
__failure __msg("type=scalar expected=ptr_task_struct") __no_insn
int exchange_number(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = kptr_xchg_insn(&v->task, (struct task_struct *)seen);
	if (task)
		bpf_task_release(task);
	return 0;
}

/*
 * The path with NULL is looked at first. Where that does not count as something
 * that the exchange relies on, the path with a number is taken for the same.
 */
#define PRUNED(name, offset, then)						\
__attribute__((naked)) int name(void)						\
{										\
	asm volatile ("*(u32 *)(r10 - 4) = 0;"					\
		      "r2 = r10;"						\
		      "r2 += -4;"						\
		      "r1 = %[array] ll;"					\
		      "call %[lookup];"						\
		      "if r0 == 0 goto 2f;"					\
		      "r6 = r0;"						\
		      "call %[random];"						\
		      "r7 = 0x41414141;"					\
		      "if r0 > 100 goto 1f;"					\
		      "r7 = 0;"							\
		      "1: r7 = xchg_64(r6 + " offset ", r7);"			\
		      then							\
		      "2: r0 = 0;"						\
		      "exit;"							\
		      :								\
		      : [lookup] "i" (bpf_map_lookup_elem),			\
			[random] "i" (bpf_get_prandom_u32),			\
			[release] "i" (bpf_task_release), [array] "i" (&array)	\
		      : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory"); \
}

SEC("syscall")
__why("NULL on one path is not taken for NULL on the other")
__failure __msg("type=scalar expected=ptr_task_struct or untrusted_ptr_task_struct") __no_insn
__all_states
PRUNED(exchange_pruned, "8", "")

SEC("syscall")
__why("nor where a destructor would be called with the number")
__failure __msg("type=scalar expected=ptr_task_struct\n") __no_insn
__all_states
PRUNED(exchange_ref_pruned, "0", "if r7 == 0 goto 2f; r1 = r7; call %[release];")

/* ---- instructions ---- */

SEC("syscall")
__why("nothing is added to a kptr")
__failure __msg("BPF_XCHG is the only atomic operation on a kptr") __no_insn
int add_to_kptr(void *ctx)
{
	struct held *v = first();

	if (v)
		__sync_fetch_and_add((__u64 *)&v->task, 8);
	return 0;
}

SEC("syscall")
__why("a kptr is not compared and exchanged")
__failure __msg("BPF_XCHG is the only atomic operation on a kptr") __no_insn
int compare_and_exchange(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = __sync_val_compare_and_swap((__u64 *)&v->task, 0, 0);
	return 0;
}

SEC("syscall")
__why("a kptr is exchanged whole")
__failure __msg("kptr access size must be BPF_DW")
int exchange_half(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = __sync_lock_test_and_set((__u32 *)&v->task, 0);
	return 0;
}

SEC("syscall")
__why("at its own offset")
__failure __msg("kptr access misaligned expected=0 off=4")
int exchange_misaligned(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = __sync_lock_test_and_set((__u32 *)((void *)&v->task + 4), 0);
	return 0;
}

/* Of what is eight bytes, and so would be a kptr and the half of another one. */
SEC("syscall")
__why("not half of one and half of the next")
__failure __msg("misaligned value access off")
int exchange_two_halves(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = __sync_lock_test_and_set((__u64 *)((void *)&v->task + 4), seen);
	return 0;
}

SEC("syscall")
__why("nor half of one and half of data")
__failure __msg("misaligned value access off")
int exchange_half_with_data(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = __sync_lock_test_and_set((__u64 *)((void *)&v->mark - 4), seen);
	return 0;
}

SEC("syscall")
__why("which must be known")
__failure __msg("kptr access cannot have variable offset")
int exchange_var_off(void *ctx)
{
	struct held *v = first();
	__u32 i = which;

	if (!v || i > 32)
		return 0;
	i &= ~7;
	seen = __sync_lock_test_and_set((__u64 *)((void *)v + i), 0);
	return 0;
}

SEC("tc")
__why("not while a lock is held, as with the helper")
__failure __msg("BPF_XCHG on a kptr while holding a lock") __no_insn
int exchange_locked(void *ctx)
{
	struct task_struct *task;
	struct locked *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&locks, &zero);
	if (!v)
		return 0;
	bpf_spin_lock(&v->lock);
	task = kptr_xchg_insn(&v->task, NULL);
	bpf_spin_unlock(&v->lock);
	if (task)
		bpf_task_release(task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
