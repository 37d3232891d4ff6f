// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs on pids: which programs may call them, and with what. Without maps, as a
 * kernel without the patches of kernel/patches has no kptr of the type; those with
 * one are in pid_kptrs.bpf.c.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

#define NULL_ARG	"Possibly NULL pointer passed to trusted arg0"
#define NO_STRUCT	"arg#0 pointer type STRUCT pid must point"
#define NOT_ALLOWED(kfunc)	"calling kernel function " kfunc " is not allowed"
#define __no_kfunc	__stock_failure __stock_msg("is referenced but wasn't resolved")

__u64 seen;

/* ---- who may take a reference ---- */

SEC("syscall")
__why("the pid of a task, another reference to it, and its number")
__success __no_kfunc
int taken(void *ctx)
{
	struct pid *pid = taskhold_pid_of_task(bpf_get_current_task_btf()), *again;

	if (!pid)
		return 0;
	again = taskhold_pid_acquire(pid);
	taskhold_pid_release(pid);
	if (!again)
		return 0;
	seen = taskhold_pid_number(again);
	taskhold_pid_release(again);
	return 0;
}

SEC("syscall")
__why("a task that is found under RCU has one too")
__success __no_kfunc
int taken_under_rcu(void *ctx)
{
	struct task_struct *parent;
	struct pid *pid = NULL;

	bpf_rcu_read_lock();
	parent = bpf_get_current_task_btf()->real_parent;
	if (parent)
		pid = taskhold_pid_of_task(parent);
	bpf_rcu_read_unlock();
	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

#define MAY_NOT_TAKE(name, section, text)					\
SEC(section)									\
__why("it allocates memory, which " text " may have interrupted")		\
__failure __msg(NOT_ALLOWED("taskhold_pid_of_task")) __no_kfunc		\
int name(void *ctx)								\
{										\
	struct pid *pid = taskhold_pid_of_task(bpf_get_current_task_btf());	\
										\
	if (pid)								\
		taskhold_pid_release(pid);					\
	return 0;								\
}

MAY_NOT_TAKE(taken_at_tracepoint, "tp_btf/task_newtask", "a program on a tracepoint")
MAY_NOT_TAKE(taken_at_function, "fentry/wake_up_new_task", "a program on a function")
MAY_NOT_TAKE(taken_in_lsm, "lsm/file_open", "a program on a hook of LSM")
MAY_NOT_TAKE(taken_in_iterator, "iter/task", "an iterator, which is of their type,")
MAY_NOT_TAKE(taken_in_policy, "struct_ops/admit", "a policy")
MAY_NOT_TAKE(taken_at_probe, "kprobe/wake_up_new_task", "a program on a probe")
MAY_NOT_TAKE(taken_in_event, "perf_event", "a program of an event, in an NMI,")
MAY_NOT_TAKE(taken_in_filter, "tc", "a packet")

SEC(".struct_ops.link")
struct taskhold_ops taker = {
	.name = "taker",
	.admit = (void *)taken_in_policy,
};

/* ---- what is taken is dropped, once ---- */

SEC("syscall")
__why("what was taken must be released")
__failure __msg("Unreleased reference") __no_kfunc
int unreleased(void *ctx)
{
	struct pid *pid = taskhold_pid_of_task(bpf_get_current_task_btf());

	if (pid)
		seen = taskhold_pid_number(pid);
	return 0;
}

SEC("syscall")
__why("also where it was taken from another reference")
__failure __msg("Unreleased reference") __no_kfunc
int unreleased_again(void *ctx)
{
	struct pid *pid = taskhold_pid_of_task(bpf_get_current_task_btf()), *again;

	if (!pid)
		return 0;
	again = taskhold_pid_acquire(pid);
	if (again)
		seen = taskhold_pid_number(again);
	taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("a reference is released once")
__failure __msg(NO_STRUCT) __no_kfunc
int released_twice(void *ctx)
{
	struct pid *pid = taskhold_pid_of_task(bpf_get_current_task_btf());

	if (!pid)
		return 0;
	taskhold_pid_release(pid);
	taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("and is none after that")
__failure __msg(NO_STRUCT) __no_kfunc
int number_of_released(void *ctx)
{
	struct pid *pid = taskhold_pid_of_task(bpf_get_current_task_btf());

	if (!pid)
		return 0;
	taskhold_pid_release(pid);
	seen = taskhold_pid_number(pid);
	return 0;
}

SEC("syscall")
__why("there may be no pid")
__failure __msg(NULL_ARG) __no_kfunc
int released_unchecked(void *ctx)
{
	taskhold_pid_release(taskhold_pid_of_task(bpf_get_current_task_btf()));
	return 0;
}

SEC("syscall")
__why("nor a second reference to it")
__failure __msg(NULL_ARG) __no_kfunc
int acquired_unchecked(void *ctx)
{
	struct pid *pid = taskhold_pid_of_task(bpf_get_current_task_btf());

	if (!pid)
		return 0;
	taskhold_pid_release(taskhold_pid_acquire(pid));
	taskhold_pid_release(pid);
	return 0;
}

/* ---- pids and tasks that nobody answers for ---- */

SEC("syscall")
__why("a pid that was read from a field is not trusted")
__failure __msg("R1 must be referenced or trusted") __no_kfunc
int acquired_walked(void *ctx)
{
	struct pid *pid = taskhold_pid_acquire(bpf_get_current_task_btf()->thread_pid);

	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("nor is it the program's to release")
__failure __msg("R1 must be referenced or trusted") __no_kfunc
int released_walked(void *ctx)
{
	taskhold_pid_release(bpf_get_current_task_btf()->thread_pid);
	return 0;
}

SEC("syscall")
__why("its number is for who has a reference")
__failure __msg("R1 must be referenced or trusted") __no_kfunc
int number_of_walked(void *ctx)
{
	seen = taskhold_pid_number(bpf_get_current_task_btf()->thread_pid);
	return 0;
}

SEC("fentry/put_pid")
__why("which an argument of a function that is traced is not")
__failure __msg("R1 must be referenced or trusted") __no_kfunc
int BPF_PROG(number_of_traced, struct pid *pid)
{
	seen = taskhold_pid_number(pid);
	return 0;
}

SEC("syscall")
__why("nor is a part of what is owned")
__failure __msg("dereference of modified ptr_ ptr R1") __no_kfunc
int number_of_part(void *ctx)
{
	struct pid *pid = taskhold_pid_of_task(bpf_get_current_task_btf());

	if (!pid)
		return 0;
	seen = taskhold_pid_number((void *)pid + 8);
	taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("nor is an object of another type")
__failure __msg("kernel function taskhold_pid_number args#0 expected pointer to STRUCT pid")
__no_kfunc
int number_of_task(void *ctx)
{
	struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());

	if (!task)
		return 0;
	seen = taskhold_pid_number((void *)task);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a task that nothing protects has no pid")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int of_walked_task(void *ctx)
{
	struct task_struct *last = bpf_get_current_task_btf()->signal->group_exec_task;
	struct pid *pid = taskhold_pid_of_task(last);

	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("what is found under RCU is no task behind its end")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int of_task_after_rcu(void *ctx)
{
	struct task_struct *parent;
	struct pid *pid;

	bpf_rcu_read_lock();
	parent = bpf_get_current_task_btf()->real_parent;
	bpf_rcu_read_unlock();
	if (!parent)
		return 0;
	pid = taskhold_pid_of_task(parent);
	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
