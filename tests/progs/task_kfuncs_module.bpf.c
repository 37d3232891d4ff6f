// SPDX-License-Identifier: GPL-2.0-only
/* The module's kfuncs on tasks: what the verifier accepts of them, and what it must refuse. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

#define ACQUIRE		taskhold_task_acquire
#define RELEASE		taskhold_task_release
#define ACQUIRE_NAME	"taskhold_task_acquire"
#define RELEASE_NAME	"taskhold_task_release"
#define __no_kfunc	__stock_failure __stock_msg("is referenced but wasn't resolved")

#include "task_kfuncs.h"

/* ---- both pairs are of one kind ---- */

SEC("syscall")
__why("what the module's acquires vmlinux's releases")
__success __no_kfunc
int release_by_vmlinux(void *ctx)
{
	struct task_struct *task = taskhold_task_acquire(bpf_get_current_task_btf());

	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("and the other way round")
__success __no_kfunc
int release_of_vmlinux(void *ctx)
{
	struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());

	if (task)
		taskhold_task_release(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a reference to what a map has must be released")
__failure __msg("Unreleased reference") __no_kfunc
int BPF_PROG(kptr_get_unreleased, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		seen = !!taskhold_task_kptr_get(&v->task);
	return 0;
}

/* ---- types of programs ---- */

#define REFUSED(section, name)							\
SEC(section)									\
__why("no kfunc on tasks for " section)						\
__failure __msg("calling kernel function taskhold_task_acquire is not allowed")	\
__no_kfunc									\
int name(void *ctx)								\
{										\
	struct task_struct *task;						\
										\
	task = taskhold_task_acquire(bpf_get_current_task_btf());		\
	if (task)								\
		taskhold_task_release(task);					\
	return 0;								\
}

SEC("tp/sched/sched_process_exit")
__why("kfuncs on tasks for tracepoints")
__success __no_kfunc
int in_tp(void *ctx)
{
	struct task_struct *task = taskhold_task_acquire(bpf_get_current_task_btf());

	if (task)
		taskhold_task_release(task);
	return 0;
}

REFUSED("perf_event", in_perf_event)
REFUSED("raw_tp/sched_process_exit", in_raw_tp)
REFUSED("kprobe/do_exit", in_kprobe)
REFUSED("tc", in_tc)
REFUSED("xdp", in_xdp)
REFUSED("cgroup_skb/egress", in_cgroup_skb)
