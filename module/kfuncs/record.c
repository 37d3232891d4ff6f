// SPDX-License-Identifier: GPL-2.0-only
/* kfuncs on records. Flags and hooks stand in register.c. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cfi.h>
#include <linux/sched.h>

#include <taskhold/kfuncs.h>

#include "../compat.h"
#include "../record.h"
#include "../view.h"
#include "register.h"

__bpf_kfunc_start_defs();

/**
 * taskhold_rec_acquire - take a reference to a record
 * @rec: a record that the program was given, has a reference to, or got from
 *	a walk
 *
 * The verifier refuses a program that neither releases the reference nor moves
 * it into a map by bpf_kptr_xchg(). A record does not pin its task.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: @rec, to be released by taskhold_rec_release(), or NULL if the last
 * reference to it has just gone, which a walk does not prevent.
 */
__bpf_kfunc struct taskhold_rec *taskhold_rec_acquire(struct taskhold_rec *rec)
{
	return taskhold_record_get_not_zero(rec);
}

/**
 * taskhold_rec_release - drop a reference to a record
 * @rec: a reference of the program's own; the verifier refuses others, NULL
 *	included, and any use of @rec afterwards
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 */
__bpf_kfunc void taskhold_rec_release(struct taskhold_rec *rec)
{
	taskhold_record_put(rec);
}

/**
 * taskhold_rec_release_dtor - drop the reference that a map value still has
 * @rec: a record
 *
 * What the kernel calls, by a raw pointer, when the value is deleted, evicted
 * or freed.
 *
 * Context: any.
 */
__bpf_kfunc void taskhold_rec_release_dtor(void *rec)
{
	taskhold_record_put(rec);
}
CFI_NOSEAL(taskhold_rec_release_dtor);

/**
 * taskhold_rec_lookup - the record of a running process
 * @task: any thread of it; trusted or under RCU
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: a reference, to be released by taskhold_rec_release(), or NULL if no
 * attached policy holds the process.
 */
__bpf_kfunc struct taskhold_rec *taskhold_rec_lookup(struct task_struct *task)
{
	return taskhold_view_find(task, U8_MAX);
}

/**
 * taskhold_rec_lookup_in - the record that one policy has of a running process
 * @task: any thread of it; trusted or under RCU
 * @slot: the policy's slot, as taskhold_policy_slot() has it
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: a reference, to be released by taskhold_rec_release(), or NULL if that
 * policy does not hold the process, or there is none in that slot.
 */
__bpf_kfunc struct taskhold_rec *taskhold_rec_lookup_in(struct task_struct *task, u32 slot)
{
	return slot < TASKHOLD_MAX_POLICIES ? taskhold_view_find(task, 1U << slot) : NULL;
}

/**
 * taskhold_rec_snapshot - everything a record says
 * @rec: the record
 * @out: where to: struct taskhold_info
 * @out__sz: sizeof(struct taskhold_info), exactly
 * @flags: 0
 *
 * Final once TASKHOLD_INFO_FINISHED is set in info.flags; before that the
 * numbers of this moment, a running thread counted up to its last tick, or those
 * of the moment at which the record's policy was detached.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: 0; -EINVAL for another size or flag; -EBUSY if the program has
 * interrupted who is changing this record on this CPU.
 */
__bpf_kfunc int taskhold_rec_snapshot(struct taskhold_rec *rec, void *out, u32 out__sz, u64 flags)
{
	if (out__sz != sizeof(struct taskhold_info) || flags)
		return -EINVAL;
	return taskhold_record_snapshot(rec, out);
}

/**
 * taskhold_rec_cgroup_path - path of the cgroup of a record
 * @rec: the record
 * @out: where to; always NUL-terminated
 * @out__sz: bytes at @out, 1 to TASKHOLD_PATH_MAX make sense
 *
 * Right also when the cgroup has been removed. Relative to the root of the
 * default hierarchy; "/" is the root itself.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: length without the NUL; -ENAMETOOLONG if it was cut, -ENOENT if
 * there was no memory for it, -EINVAL for a size of 0.
 */
__bpf_kfunc int taskhold_rec_cgroup_path(struct taskhold_rec *rec, void *out, u32 out__sz)
{
	int ret;

	rcu_read_lock();
	ret = taskhold_path_copy(rcu_dereference(rec->cgroup), out, out__sz);
	rcu_read_unlock();
	return ret;
}

/**
 * taskhold_rec_exe_path - path of the executable of a record
 * @rec: the record
 * @out: where to; always NUL-terminated
 * @out__sz: bytes at @out, 1 to TASKHOLD_PATH_MAX make sense
 *
 * The path at the last exec, as /proc/PID/exe showed it to the process.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: length without the NUL; -ENAMETOOLONG if it was cut, -ENOENT for a
 * kernel thread or if there was no memory for it, -EINVAL for a size of 0.
 */
__bpf_kfunc int taskhold_rec_exe_path(struct taskhold_rec *rec, void *out, u32 out__sz)
{
	int ret;

	rcu_read_lock();
	ret = taskhold_path_copy(rcu_dereference(rec->exe), out, out__sz);
	rcu_read_unlock();
	return ret;
}

/**
 * taskhold_rec_task - the task of a record
 * @rec: the record
 *
 * The reference is of the rcu_users kind, which bpf_task_release() drops: of the
 * last one that goes it calls call_rcu(), which must not be in an NMI, or where a
 * lock of RCU's is held, and nothing keeps a program from that.
 * While it is held the task is not freed, so its record is not final.
 *
 * Context: where the task can be released; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: the first thread of the process, or of the record of a thread that
 * thread, to be released by bpf_task_release(); NULL if it is gone, or the
 * record's policy is detached.
 */
__bpf_kfunc struct task_struct *taskhold_rec_task(struct taskhold_rec *rec)
{
	return taskhold_record_task(rec);
}

#if TASKHOLD_WITH_KPTR_GET
/**
 * taskhold_rec_kptr_get - take a reference to the record that a map has
 * @slot: a referenced kptr in a map value, of records
 *
 * The map keeps its own reference, so nobody finds the slot empty meanwhile.
 * Only there on a kernel with the patches of kernel/patches.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: the record, to be released by taskhold_rec_release(), or NULL if
 * there is none, or it has just been taken out.
 */
__bpf_kfunc struct taskhold_rec *taskhold_rec_kptr_get(struct taskhold_rec **slot)
{
	struct taskhold_rec *rec;

	/* the last reference is dropped by call_rcu(), see taskhold_record_put() */
	rcu_read_lock();
	rec = READ_ONCE(*slot);
	if (rec)
		rec = taskhold_record_get_not_zero(rec);
	rcu_read_unlock();
	return rec;
}
#endif

__bpf_kfunc_end_defs();
