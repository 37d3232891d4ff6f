// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs that take nothing but what the program owns, KF_OWNED_ARGS: what the
 * verifier accepts for an argument, and what it must refuse. And, since it is
 * files they are shown with, which programs may own one.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"

#define __no_kfunc __stock_failure __stock_msg("is referenced but wasn't resolved")

struct held {
	struct file __kptr_untrusted *unref;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;

SEC("syscall")
__why("a reference of the program's own")
__success __no_kfunc
int owned(void *ctx)
{
	struct file *file = taskhold_file_of_fd(0);

	if (!file)
		return 0;
	seen = taskhold_file_refs(file);
	taskhold_file_release(file);
	return 0;
}

SEC("lsm/file_open")
__why("the same, made of a trusted argument")
__success __no_kfunc
int BPF_PROG(acquired, struct file *file)
{
	struct file *mine = taskhold_file_acquire(file);

	if (!mine)
		return 0;
	seen = taskhold_file_refs(mine);
	taskhold_file_release(mine);
	return 0;
}

SEC("lsm/file_open")
__why("which may be on its way out, and then gives none")
__failure __msg("Possibly NULL pointer passed to trusted arg0") __no_kfunc
int BPF_PROG(acquired_unchecked, struct file *file)
{
	struct file *mine = taskhold_file_acquire(file);

	seen = taskhold_file_refs(mine);
	return 0;
}

SEC("lsm/file_open")
__why("a trusted argument is not the program's own")
__failure __msg("R1 must be referenced\n") __no_kfunc
int BPF_PROG(trusted, struct file *file)
{
	seen = taskhold_file_refs(file);
	return 0;
}

/* A kernel says what it made of the pointer before it comes to the call. */
SEC("tp_btf/rss_stat")
__why("nor is a file that is found under RCU")
__failure __msg("=rcu_ptr_file()") __msg("R1 must be referenced or trusted") __no_kfunc
int BPF_PROG(rcu, struct mm_struct *mm, int member)
{
	struct file *file = mm->exe_file;

	if (file)
		seen = taskhold_file_refs(file);
	return 0;
}

SEC("fentry/fput")
__why("nor an argument of a function that is traced")
__failure __msg("R1 must be referenced or trusted") __no_kfunc
int BPF_PROG(traced, struct file *file)
{
	seen = taskhold_file_refs(file);
	return 0;
}

SEC("syscall")
__why("nor what has been released")
__failure __msg("arg#0 pointer type STRUCT file must point to") __no_kfunc
int released(void *ctx)
{
	struct file *file = taskhold_file_of_fd(0);

	if (!file)
		return 0;
	taskhold_file_release(file);
	seen = taskhold_file_refs(file);
	return 0;
}

SEC("syscall")
__why("nor what may be NULL")
__failure __msg("Possibly NULL pointer passed to trusted arg0") __no_kfunc
int unchecked(void *ctx)
{
	struct file *file = taskhold_file_of_fd(0);

	seen = taskhold_file_refs(file);
	if (file)
		taskhold_file_release(file);
	return 0;
}

SEC("syscall")
__why("nor what an unreferenced kptr points to")
__failure __msg("R1 must be referenced or trusted") __no_kfunc
int untrusted(void *ctx)
{
	struct file *file;
	struct held *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&array, &zero);
	if (!v)
		return 0;
	file = v->unref;
	if (file)
		seen = taskhold_file_refs(file);
	return 0;
}

SEC("syscall")
__why("a part of the object is not what is owned")
__failure __msg("dereference of modified ptr_ ptr R1") __no_kfunc
int offset(void *ctx)
{
	struct file *file = taskhold_file_of_fd(0);

	if (!file)
		return 0;
	seen = taskhold_file_refs((void *)file + 8);
	taskhold_file_release(file);
	return 0;
}

SEC("syscall")
__why("an object of another type is not either")
__failure __msg("kernel function taskhold_file_refs args#0 expected pointer to STRUCT file")
__no_kfunc
int other_type(void *ctx)
{
	struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());

	if (!task)
		return 0;
	seen = taskhold_file_refs((void *)task);
	bpf_task_release(task);
	return 0;
}

/* ---- who may take a reference to a file: LSM and SYSCALL programs ---- */

SEC("tp_btf/sched_process_exec")
__why("a program on a tracepoint takes none")
__failure __msg("calling kernel function taskhold_file_acquire is not allowed") __no_kfunc
int BPF_PROG(acquired_at_tracepoint, struct task_struct *task, pid_t old_pid,
	     struct linux_binprm *bprm)
{
	struct file *file = taskhold_file_acquire(bprm->file);

	if (file)
		taskhold_file_release(file);
	return 0;
}

#define OF_FD(name, section)							\
SEC(section)									\
__why("nor do the others of its kind")						\
__failure __msg("calling kernel function taskhold_file_of_fd is not allowed") __no_kfunc \
int name(void *ctx)								\
{										\
	struct file *file = taskhold_file_of_fd(0);				\
										\
	if (file)								\
		taskhold_file_release(file);					\
	return 0;								\
}

OF_FD(of_fd_at_tracepoint, "tp_btf/task_newtask")
OF_FD(of_fd_at_function, "fentry/wake_up_new_task")
OF_FD(of_fd_in_iterator, "iter/task")
OF_FD(of_fd_in_event, "perf_event")
OF_FD(of_fd_in_policy, "struct_ops/admit")

SEC(".struct_ops.link")
struct taskhold_ops opener = {
	.name = "opener",
	.admit = (void *)of_fd_in_policy,
};

SEC("lsm/file_open")
__why("the number of a descriptor is as good in a hook of LSM")
__success __no_kfunc
int of_fd_in_lsm(void *ctx)
{
	struct file *file = taskhold_file_of_fd(0);

	if (file)
		taskhold_file_release(file);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
