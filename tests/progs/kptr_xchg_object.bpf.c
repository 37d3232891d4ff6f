// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF_XCHG on kptrs in objects that a program has allocated: what the verifier
 * accepts and what it must refuse. A kernel without the patches of kernel/patches
 * refuses all of it. Of objects that are not the program's own: object_access.bpf.c.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

#define __no_insn __stock_failure __stock_msg("direct access to kptr is disallowed")

struct owner {
	struct task_struct __kptr *task;
	struct task_struct __kptr_untrusted *unref;
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct owner *owner_in_btf __hidden;

__u32 which;
__u64 seen;

static struct task_struct *own(void)
{
	return bpf_task_acquire(bpf_get_current_task_btf());
}

/* ---- what is accepted ---- */

SEC("syscall")
__why("a kptr in an object of the program's, which drops it with the object")
__success __no_insn
int exchange_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = own();
	if (task) {
		task = kptr_xchg_insn(&owner->task, task);
		if (task)
			bpf_task_release(task);
	}
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("NULL, and what comes out goes in again")
__success __no_insn
int exchange_null_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = kptr_xchg_insn(&owner->task, NULL);
	if (task) {
		task = kptr_xchg_insn(&owner->task, task);
		if (task)
			bpf_task_release(task);
	}
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("an unreferenced kptr, with no reference involved")
__success __no_insn
int exchange_unref_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = kptr_xchg_insn(&owner->unref, bpf_get_current_task_btf());
	if (task)
		seen = task->pid;
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("a reference that is stored unreferenced stays the program's")
__success __no_insn
int exchange_unref_in_object_keeps_reference(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = own();
	if (task) {
		kptr_xchg_insn(&owner->unref, task);
		bpf_task_release(task);
	}
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("other data of the object is exchanged as ever")
__success
int exchange_data_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (!owner)
		return 0;
	seen = __sync_lock_test_and_set(&owner->value, seen);
	bpf_obj_drop(owner);
	return 0;
}

/* ---- references ---- */

SEC("syscall")
__why("what comes out must be released")
__failure __msg("Unreleased reference") __no_insn
int exchange_in_object_unreleased(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (!owner)
		return 0;
	seen = !!kptr_xchg_insn(&owner->task, NULL);
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("and may be NULL")
__failure __msg("Possibly NULL pointer passed to trusted arg0") __no_insn
int exchange_in_object_unchecked(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (!owner)
		return 0;
	bpf_task_release(kptr_xchg_insn(&owner->task, NULL));
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("what went in is gone")
__failure __msg("arg#0 pointer type STRUCT task_struct must point to") __no_insn
int used_after_exchange_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task, *old;

	if (!owner)
		return 0;
	task = own();
	if (task) {
		old = kptr_xchg_insn(&owner->task, task);
		if (old)
			bpf_task_release(old);
		bpf_task_release(task);
	}
	bpf_obj_drop(owner);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a trusted pointer is no reference")
__failure __msg(" must be referenced\n") __no_insn
int BPF_PROG(exchange_unowned_in_object, struct task_struct *new, u64 clone_flags)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = kptr_xchg_insn(&owner->task, new);
	if (task)
		bpf_task_release(task);
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("a reference that may be NULL is checked first")
__failure __msg("Possibly NULL pointer R") __msg("exchanged into referenced kptr") __no_insn
int exchange_maybe_null_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = kptr_xchg_insn(&owner->task, own());
	if (task)
		bpf_task_release(task);
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("what an unreferenced kptr had is not released")
__failure __msg("must be referenced or trusted") __no_insn
int exchange_unref_in_object_released(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = kptr_xchg_insn(&owner->unref, NULL);
	if (task)
		bpf_task_release(task);
	bpf_obj_drop(owner);
	return 0;
}

/* ---- types ---- */

SEC("syscall")
__why("a record is no task")
__failure __msg("type=ptr_taskhold_rec expected=ptr_task_struct\n") __no_insn
int exchange_other_type_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;
	struct taskhold_rec *rec;

	if (!owner)
		return 0;
	rec = taskhold_rec_lookup(bpf_get_current_task_btf());
	if (rec) {
		task = kptr_xchg_insn(&owner->task, (struct task_struct *)rec);
		if (task)
			bpf_task_release(task);
	}
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("a number is no pointer")
__failure __msg("type=scalar expected=ptr_task_struct or untrusted_ptr_task_struct") __no_insn
int exchange_number_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = kptr_xchg_insn(&owner->unref, (struct task_struct *)seen);
	if (task)
		seen = task->pid;
	bpf_obj_drop(owner);
	return 0;
}

/* As in kptr_xchg_insn.bpf.c: the path with NULL is looked at first. */
SEC("syscall")
__why("NULL on one path is not taken for NULL on the other")
__failure __msg("type=scalar expected=ptr_task_struct\n") __no_insn
__all_states
int exchange_pruned_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	asm volatile ("call %[random];"
		      "r7 = 0x41414141;"
		      "if r0 > 100 goto 1f;"
		      "r7 = 0;"
		      "1: r7 = xchg_64(%[owner] + 0, r7);"
		      "%[task] = r7;"
		      : [task] "=r" (task)
		      : [owner] "r" (owner), [random] "i" (bpf_get_prandom_u32)
		      : "r0", "r1", "r2", "r3", "r4", "r5", "r7", "memory");
	if (task)
		bpf_task_release(task);
	bpf_obj_drop(owner);
	return 0;
}

/* ---- instructions ---- */

SEC("syscall")
__why("no bit of a kptr is set")
__failure __msg("BPF_XCHG is the only atomic operation on a kptr") __no_insn
int or_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (!owner)
		return 0;
	__sync_fetch_and_or((__u64 *)&owner->task, 1);
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("nor is one compared and exchanged, an unreferenced one either")
__failure __msg("BPF_XCHG is the only atomic operation on a kptr") __no_insn
int compare_and_exchange_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (!owner)
		return 0;
	seen = __sync_val_compare_and_swap((__u64 *)&owner->unref, 0, 0);
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("half of one and half of data are not exchanged")
__failure __msg("misaligned access off")
int exchange_half_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);

	if (!owner)
		return 0;
	seen = __sync_lock_test_and_set((__u64 *)((void *)&owner->value - 4), seen);
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("where it is must be known")
__failure __msg("invalid variable offset")
int exchange_var_off_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	__u32 i = which;

	if (!owner)
		return 0;
	i &= 8;
	seen = __sync_lock_test_and_set((__u64 *)((void *)owner + i), 0);
	bpf_obj_drop(owner);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
