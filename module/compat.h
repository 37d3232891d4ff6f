/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between the kernels taskhold builds for, 6.12 to
 * 7.2.  Kbuild probes the kernel's own headers and defines TASKHOLD_HAVE_*;
 * no other file tests a version or one of these.
 */
#ifndef _TASKHOLD_COMPAT_H
#define _TASKHOLD_COMPAT_H

#include <linux/btf.h>
#include <linux/cgroup.h>
#include <linux/u64_stats_sync.h>
#include <trace/events/sched.h>

#ifdef CONFIG_PREEMPT_RT
#error "taskhold allocates inside scheduler tracepoints, which PREEMPT_RT does not allow"
#endif

/*
 * KF_TRUSTED_ARGS became what every kfunc has, and the flag went away, in 7.0
 * (7646c7afd9a9).
 */
#ifndef KF_TRUSTED_ARGS
#define KF_TRUSTED_ARGS 0
#endif

/*
 * sched_process_exit got a second argument, group_dead, in 6.16
 * (2f2cc3ad5dd4).  taskhold asks signal->live instead, which says the same.
 */
#ifdef TASKHOLD_HAVE_EXIT_GROUP_DEAD
#define TASKHOLD_EXIT_PROTO	void *data, struct task_struct *tsk, bool group_dead
#else
#define TASKHOLD_EXIT_PROTO	void *data, struct task_struct *tsk
#endif

/**
 * taskhold_compat_cgroup_cpu - CPU time that the kernel charged to a cgroup
 * @cgrp: a cgroup; itself, without those below it
 * @cpu: on which processor
 *
 * The counters moved from cgroup_rstat_cpu to cgroup_rstat_base_cpu in 6.16
 * (c9f7f5d0c5e4).
 *
 * Context: any but NMI.
 *
 * Return: ns.
 */
static inline u64 taskhold_compat_cgroup_cpu(struct cgroup *cgrp, int cpu)
{
#ifdef TASKHOLD_HAVE_RSTAT_BASE_CPU
	struct cgroup_rstat_base_cpu *stat = per_cpu_ptr(cgrp->rstat_base_cpu, cpu);
#else
	struct cgroup_rstat_cpu *stat = per_cpu_ptr(cgrp->rstat_cpu, cpu);
#endif
	unsigned int seq;
	u64 ns;

	do {
		seq = u64_stats_fetch_begin(&stat->bsync);
		ns = stat->bstat.cputime.sum_exec_runtime;
	} while (u64_stats_fetch_retry(&stat->bsync, seq));

	return ns;
}

#endif /* _TASKHOLD_COMPAT_H */
