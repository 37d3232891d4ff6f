// SPDX-License-Identifier: GPL-2.0-only
/* vmlinux's kfuncs on tasks: what the verifier accepts of them, and what it must refuse. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

#define ACQUIRE		bpf_task_acquire
#define RELEASE		bpf_task_release
#define ACQUIRE_NAME	"bpf_task_acquire"
#define RELEASE_NAME	"bpf_task_release"
#define __no_kfunc

#include "task_kfuncs.h"

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;

/* ---- by number ---- */

SEC("syscall")
__why("a task that is found by its number is the program's own")
__success
int from_pid(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("there may be none")
__failure __msg(NULL_ARG)
int from_pid_unchecked(void *ctx)
{
	bpf_task_release(bpf_task_from_pid(1));
	return 0;
}

SEC("syscall")
__why("it must be released")
__failure __msg("Unreleased reference")
int from_pid_unreleased(void *ctx)
{
	seen = !!bpf_task_from_pid(1);
	return 0;
}

/* ---- types of programs ---- */

/* Those that have the kfuncs, one of each. */
#define ACCEPTED(section, name)							\
SEC(section)									\
__why("kfuncs on tasks for " section)						\
__success									\
int name(void *ctx)								\
{										\
	struct task_struct *task = bpf_task_from_pid(1);			\
										\
	if (task)								\
		bpf_task_release(task);						\
	return 0;								\
}

ACCEPTED("tp/sched/sched_process_exit", in_tp)
ACCEPTED("perf_event", in_perf_event)
ACCEPTED("tc", in_tc)
ACCEPTED("xdp", in_xdp)
ACCEPTED("cgroup_skb/egress", in_cgroup_skb)
/* All programs on cgroups are one hook. */
ACCEPTED("cgroup/sock_create", in_cgroup_sock)

/* And those that have not. */
#define REFUSED(section, name)							\
SEC(section)									\
__why("no kfunc on tasks for " section)						\
__failure __msg("calling kernel function bpf_task_from_pid is not allowed")	\
int name(void *ctx)								\
{										\
	struct task_struct *task = bpf_task_from_pid(1);			\
										\
	if (task)								\
		bpf_task_release(task);						\
	return 0;								\
}

REFUSED("kprobe/do_exit", in_kprobe)
REFUSED("raw_tp/sched_process_exit", in_raw_tp)
REFUSED("socket", in_socket)
REFUSED("sk_msg", in_sk_msg)
REFUSED("lwt_in", in_lwt)
