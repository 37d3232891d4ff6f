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

#ifndef CONFIG_64BIT
#error "taskhold reads counters of 64 bits without a lock, which takes a 64-bit kernel"
#endif

/* KF_TRUSTED_ARGS: in 7.2 every kfunc is so, and the flag is gone. */
#ifndef KF_TRUSTED_ARGS
#define KF_TRUSTED_ARGS 0
#endif

/*
 * Kernels with the patches of kernel/patches: kfuncs that take a reference to
 * what a map's kptr points to, and with them destructors of the module's for
 * struct pid and struct file.  No kernel without them has KF_KPTR_GET.
 */
#ifdef TASKHOLD_HAVE_KPTR_GET
#define TASKHOLD_WITH_KPTR_GET	1
/* Comes later in the series, and a kernel with a part of it builds as well. */
#ifndef KF_OWNED_ARGS
#define KF_OWNED_ARGS KF_TRUSTED_ARGS
#endif
#else
#define TASKHOLD_WITH_KPTR_GET	0
#endif

/* The same: put_task_struct_rcu_user() is exported. */
#ifdef TASKHOLD_HAVE_PUT_TASK
#define TASKHOLD_WITH_PUT_TASK	1
#else
#define TASKHOLD_WITH_PUT_TASK	0
#endif

/* task_newtask's clone_flags: unsigned long in 6.12, u64 in 7.2. */
#ifdef TASKHOLD_HAVE_CLONE_FLAGS_U64
#define TASKHOLD_NEWTASK_PROTO	void *data, struct task_struct *task, u64 clone_flags
#else
#define TASKHOLD_NEWTASK_PROTO	void *data, struct task_struct *task, unsigned long clone_flags
#endif

/*
 * sched_process_exit has a third argument in 7.2, group_dead.  taskhold asks
 * signal->live instead, which says the same in all.
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
 * The counters are in cgroup_rstat_cpu in 6.12, in cgroup_rstat_base_cpu in
 * 7.2.  Where a word has 64 bits nobody is waited for, so who writes them may be
 * who was interrupted; and others are not for taskhold.
 *
 * Context: any.
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
