// SPDX-License-Identifier: GPL-2.0-only
/* kfuncs on tasks and cgroups. Flags and hooks stand in register.c. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cgroup.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include <taskhold/kfuncs.h>

#include "../compat.h"

__bpf_kfunc_start_defs();

/**
 * taskhold_task_in_cgroup - is a task in a cgroup or in one below it?
 * @task: the task; trusted or under RCU
 * @id: id of a cgroup of the default hierarchy
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: 1 if it is, else 0.
 */
__bpf_kfunc int taskhold_task_in_cgroup(struct task_struct *task, u64 id)
{
	struct cgroup *cgrp;
	int ret = 0;

	rcu_read_lock();
	for (cgrp = task_dfl_cgroup(task); cgrp; cgrp = cgroup_parent(cgrp)) {
		if (cgroup_id(cgrp) == id) {
			ret = 1;
			break;
		}
	}
	rcu_read_unlock();
	return ret;
}

/**
 * taskhold_cgroup_cpu - CPU time that the kernel charged to a cgroup
 * @cgrp: a cgroup
 *
 * Of the cgroup itself, without those below it: the counters that cpu.stat is
 * summed from, read without waiting for that.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: ns; U64_MAX for a cgroup of another hierarchy than the default one,
 * and for the root, for which the kernel keeps none.
 */
__bpf_kfunc u64 taskhold_cgroup_cpu(struct cgroup *cgrp)
{
	u64 ns = 0;
	int cpu;

	if (cgrp->root != &cgrp_dfl_root || !cgroup_parent(cgrp))
		return U64_MAX;
	for_each_possible_cpu(cpu)
		ns += taskhold_compat_cgroup_cpu(cgrp, cpu);
	return ns;
}

#if TASKHOLD_WITH_PUT_TASK
/**
 * taskhold_task_acquire - take a reference to a task
 * @task: the task; trusted or under RCU
 *
 * Of the rcu_users kind, as bpf_task_acquire() takes. Only there on a kernel with
 * the patches of kernel/patches.
 *
 * Context: where it can be released, see taskhold_task_release(); TRACING, SYSCALL and
 * STRUCT_OPS programs.
 *
 * Return: @task, to be released by taskhold_task_release() or
 * bpf_task_release(), or NULL if it is about to be freed.
 */
__bpf_kfunc struct task_struct *taskhold_task_acquire(struct task_struct *task)
{
	return refcount_inc_not_zero(&task->rcu_users) ? task : NULL;
}

/**
 * taskhold_task_release - drop a reference to a task
 * @task: a reference of the program's own
 *
 * The last one of the kind that goes is where the kernel calls call_rcu(), as in
 * bpf_task_release(): a program that is called in NMIs, or where a lock of RCU's is
 * held, must not release one, and nothing keeps it from that.  Only there on a
 * kernel with the patches of kernel/patches.
 *
 * Context: where call_rcu() may be called; TRACING, SYSCALL and STRUCT_OPS programs.
 */
__bpf_kfunc void taskhold_task_release(struct task_struct *task)
{
	put_task_struct_rcu_user(task);
}
#endif

#if TASKHOLD_WITH_KPTR_GET
/**
 * taskhold_task_kptr_get - take a reference to the task that a map has
 * @slot: a referenced kptr in a map value, of tasks
 *
 * Only there on a kernel with the patches of kernel/patches.
 *
 * Context: where it can be released, see taskhold_task_release(); TRACING, SYSCALL and
 * STRUCT_OPS programs.
 *
 * Return: the task, to be released by taskhold_task_release() or
 * bpf_task_release(), or NULL if there is none, or it has just been taken out.
 */
__bpf_kfunc struct task_struct *taskhold_task_kptr_get(struct task_struct **slot)
{
	struct task_struct *task;

	/* put_task_struct_rcu_user() lets a grace period pass after the last one */
	rcu_read_lock();
	task = READ_ONCE(*slot);
	if (task && !refcount_inc_not_zero(&task->rcu_users))
		task = NULL;
	rcu_read_unlock();
	return task;
}
#endif

__bpf_kfunc_end_defs();
