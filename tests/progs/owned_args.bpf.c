// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs that take nothing but what the program owns, KF_OWNED_ARGS: what the
 * verifier accepts for an argument, and what it must refuse.
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
__why("a trusted argument is not the program's own")
__failure __msg("R1 must be referenced") __no_kfunc
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

char LICENSE[] SEC("license") = "GPL";
