// SPDX-License-Identifier: GPL-2.0-only
/* kfuncs on tasks and cgroups. Flags and hooks stand in register.c. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cgroup.h>
#include <linux/sched.h>

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
 * Context: any but NMI; TRACING, SYSCALL and STRUCT_OPS programs.
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

__bpf_kfunc_end_defs();
