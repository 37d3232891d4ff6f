// SPDX-License-Identifier: GPL-2.0-only
/* kfuncs on counters and sums. Flags and hooks stand in register.c. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include <taskhold/kfuncs.h>

#include "../ended.h"
#include "../view.h"

__bpf_kfunc_start_defs();

/**
 * taskhold_totals_next - read a policy's sums by cgroup one by one
 * @slot: the policy's slot
 * @cursor: 0 to begin; updated by each call
 * @out: where to: struct taskhold_totals
 * @out__sz: sizeof(struct taskhold_totals), exactly
 *
 * Context: process, or a timer of the program's; SYSCALL programs, and attach and
 * detach of struct taskhold_ops, which find no policy of their own attached yet, or
 * any more: a timer that attach() arms does.
 *
 * Return: 0; -ENOENT after the last or for a slot without policy, -EINVAL for
 * another size.
 */
__bpf_kfunc int taskhold_totals_next(u32 slot, u64 *cursor, void *out, u32 out__sz)
{
	if (out__sz != sizeof(struct taskhold_totals))
		return -EINVAL;
	return taskhold_view_next_totals(slot, cursor, out);
}

/**
 * taskhold_totals_path - path of a cgroup that a policy has sums of
 * @slot: the policy's slot
 * @cgroup_id: which, as in taskhold_totals
 * @out: where to; always NUL-terminated
 * @out__sz: bytes at @out, 1 to TASKHOLD_PATH_MAX make sense
 *
 * Right also when the cgroup has been removed.
 *
 * Context: process, or a timer of the program's; SYSCALL programs, and attach and
 * detach of struct taskhold_ops, which find no policy of their own attached yet, or
 * any more: a timer that attach() arms does.
 *
 * Return: length without the NUL; -ENAMETOOLONG if it was cut, -ENOENT for a
 * slot without policy and a cgroup without sums, -EINVAL for a size of 0.
 */
__bpf_kfunc int taskhold_totals_path(u32 slot, u64 cgroup_id, void *out, u32 out__sz)
{
	return taskhold_view_totals_path(slot, cgroup_id, out, out__sz);
}

/**
 * taskhold_stats_read - counters of the module
 * @out: where to: struct taskhold_stats
 * @out__sz: sizeof(struct taskhold_stats), exactly
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: 0, -EINVAL for another size.
 */
__bpf_kfunc int taskhold_stats_read(void *out, u32 out__sz)
{
	if (out__sz != sizeof(struct taskhold_stats))
		return -EINVAL;
	taskhold_view_stats(out);
	return 0;
}

/**
 * taskhold_policy_stats_read - counters of a policy
 * @slot: its slot, 0 to TASKHOLD_MAX_POLICIES - 1
 * @out: where to: struct taskhold_policy_stats
 * @out__sz: sizeof(struct taskhold_policy_stats), exactly
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: 0; -ENOENT for a slot without policy, -EINVAL for another size.
 */
__bpf_kfunc int taskhold_policy_stats_read(u32 slot, void *out, u32 out__sz)
{
	if (out__sz != sizeof(struct taskhold_policy_stats))
		return -EINVAL;
	return taskhold_view_policy_stats(slot, out);
}

/**
 * taskhold_policy_slot - the slot of an attached policy
 * @name__str: its name, a constant string
 *
 * What belongs to one policy is asked for by its slot. A slot is that of another
 * policy after the first has been detached: its id in taskhold_policy_stats tells.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: 0 to TASKHOLD_MAX_POLICIES - 1; -ENOENT if no policy of that name is
 * attached, as while attach() of its own is called.
 */
__bpf_kfunc int taskhold_policy_slot(const char *name__str)
{
	return taskhold_view_slot(name__str);
}

/**
 * taskhold_exit_info_read - how a policy has ended
 * @nth: 0 for the last that has, 1 for the one before, to TASKHOLD_MAX_ENDED - 1
 * @out: where to: struct taskhold_exit_info
 * @out__sz: sizeof(struct taskhold_exit_info), exactly
 *
 * A policy that is being detached has no counters any more and has not ended yet, for
 * some grace periods; but before its link says EPOLLHUP, and before its map's value is
 * deleted.
 *
 * Context: process, or a timer of the program's; SYSCALL programs alone.
 *
 * Return: 0; -ENOENT where fewer have ended or are remembered, -EINVAL for another
 * size.
 */
__bpf_kfunc int taskhold_exit_info_read(u32 nth, void *out, u32 out__sz)
{
	if (out__sz != sizeof(struct taskhold_exit_info))
		return -EINVAL;
	return taskhold_ended_read(nth, out);
}

/**
 * taskhold_settle - wait until all that is dead has been finished
 *
 * When it returns, finish() has been called for every held process whose
 * threads had all been reaped and switched away from when it was called; but of
 * one of whose threads somebody has a reference as bpf_task_acquire() takes it,
 * when that has been dropped.
 *
 * Context: may sleep; SYSCALL programs alone.
 *
 * Return: 0, or -EBUSY from the callback of a timer, which must not sleep: the
 * verifier of 6.12 takes that of a sleepable program for sleepable as well.
 */
__bpf_kfunc int taskhold_settle(void)
{
	if (!in_task())
		return -EBUSY;
	/* sched_process_free comes from the RCU callback that frees the task */
	rcu_barrier();
	return 0;
}

__bpf_kfunc_end_defs();
