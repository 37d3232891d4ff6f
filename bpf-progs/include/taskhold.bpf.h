/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For BPF programs that use taskhold: include after vmlinux.h.
 *
 *	#include "vmlinux.h"
 *	#include "taskhold.bpf.h"
 *
 *	SEC("struct_ops/finish")
 *	int BPF_PROG(finish, struct taskhold_rec *rec, struct task_struct *task)
 *	{
 *		...
 *		return TASKHOLD_DROP;
 *	}
 *
 *	SEC(".struct_ops.link")
 *	struct taskhold_ops policy = {
 *		.name = "mine",
 *		.finish = (void *)finish,
 *	};
 *
 *	char _license[] SEC("license") = "GPL";
 *
 * Every kfunc is declared weak: an object loads where the module is older, or
 * not there, if the program asks taskhold_has() first.
 *
 * What only a kernel with the patches of kernel/patches has is asked for likewise,
 * never by version. The functions below do so: a program that calls them is
 * written once, and is accepted on both kinds of kernels.
 */
#ifndef _TASKHOLD_BPF_H
#define _TASKHOLD_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <taskhold/kfuncs.h>
#include <taskhold/ops.h>
#include <taskhold/types.h>

/*
 * A record. The verifier knows its fields from the module's BTF; a program
 * needs the name alone, but as a struct, for kptrs in map values:
 *
 *	struct value { struct taskhold_rec __kptr *rec; };
 */
struct taskhold_rec {
	struct taskhold_info info;
	__u64 data; /* the policy's own word; its members may write it */
} __attribute__((preserve_access_index));

/*
 * Is this kfunc there? A branch that the verifier drops where it is not. There, and
 * refused to programs, are those for pids and files where another module has the
 * destructor of their type, as the kernel's log says: `taskhold status --features`
 * tells by trying.
 */
#define taskhold_has(kfunc) bpf_ksym_exists(kfunc)

/* vmlinux's own pair on tasks: what taskhold_rec_task() returns is released so. */
extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

/*
 * vmlinux's own: a program that may sleep walks the records between these two.
 *
 *	bpf_rcu_read_lock();
 *	bpf_for_each(taskhold_rec, rec, slot, 0) { ... }
 *	bpf_rcu_read_unlock();
 */
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

/*
 * A reference to a task, trusted or under RCU, or NULL if it is about to be freed;
 * to be dropped by taskhold_put_task() or bpf_task_release(). It is the module's
 * kfunc where that is there, else vmlinux's: the same count, and the same meaning.
 */
static __always_inline struct task_struct *taskhold_hold_task(struct task_struct *task)
{
	if (taskhold_has(taskhold_task_acquire))
		return taskhold_task_acquire(task);
	return bpf_task_acquire(task);
}

/* Drops a reference to a task, whoever took it. */
static __always_inline void taskhold_put_task(struct task_struct *task)
{
	if (taskhold_has(taskhold_task_release))
		taskhold_task_release(task);
	else
		bpf_task_release(task);
}

/*
 * A reference to the task that a referenced kptr in a map value has, which stays
 * there; NULL if there is none, or if it is just being taken out. To be dropped
 * by taskhold_put_task(). Not between bpf_rcu_read_lock() and its unlock: where
 * there is no taskhold_task_kptr_get() this has such a section of its own, in
 * which the kernel's task is read and acquired, and sections do not nest.
 */
static __always_inline struct task_struct *taskhold_get_task(struct task_struct **slot)
{
	struct task_struct *task;

	if (taskhold_has(taskhold_task_kptr_get))
		return taskhold_task_kptr_get(slot);
	bpf_rcu_read_lock();
	/* once: what is checked for NULL is what is acquired */
	task = *(struct task_struct *volatile *)slot;
	if (task)
		task = bpf_task_acquire(task);
	bpf_rcu_read_unlock();
	return task;
}

/*
 * A reference to the record that a referenced kptr in a map value has, which stays
 * there; NULL if there is none, or if it is just being taken out. To be dropped by
 * taskhold_rec_release().
 *
 * Where there is no taskhold_rec_kptr_get() the record is taken out, acquired and
 * put back: what a slot has can only be exchanged there, as the verifier knows of
 * no type of a module's that RCU protects it. No reference is lost by that, but the
 * slot is empty for a moment, in which
 * - who else looks finds nothing, as this function does with NULL;
 * - a record that is put there is kept, and the one that was taken out is dropped;
 *   if a second one is put there before the first has been put back, it is the
 *   second that is dropped;
 * - who empties the slot finds nothing to empty, and the record comes back.
 * So let one processor or task at a time use a slot, as in a per-CPU map or in the
 * storage of a task, where that matters.
 */
static __always_inline struct taskhold_rec *taskhold_get_rec(struct taskhold_rec **slot)
{
	struct taskhold_rec *rec, *mine, *newer;

	if (taskhold_has(taskhold_rec_kptr_get))
		return taskhold_rec_kptr_get(slot);
	rec = bpf_kptr_xchg(slot, NULL);
	if (!rec)
		return NULL;
	mine = taskhold_rec_acquire(rec);
	newer = bpf_kptr_xchg(slot, rec);
	if (newer) {
		rec = bpf_kptr_xchg(slot, newer);
		if (rec)
			taskhold_rec_release(rec);
	}
	return mine;
}

#endif /* _TASKHOLD_BPF_H */
