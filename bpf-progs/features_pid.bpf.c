// SPDX-License-Identifier: GPL-2.0-only
/* features_pid: what features.bpf.c is for, of types that the module has destructors for. */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"
#include "features.bpf.h"

SLOT_MAP(pids, struct pid, __kptr)
SLOT_MAP(files, struct file, __kptr)

SEC("syscall")
int pid_kptr(void *ctx)
{
	struct pids_value *v = pids_first();
	struct pid *pid;

	if (!v)
		return 0;
	pid = taskhold_pid_of_task(bpf_get_current_task_btf());
	if (!pid)
		return 0;
	pid = bpf_kptr_xchg(&v->slot, pid);
	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
int file_kptr(void *ctx)
{
	struct files_value *v = files_first();
	struct file *file;

	if (!v)
		return 0;
	file = taskhold_file_of_fd(0);
	if (!file)
		return 0;
	file = bpf_kptr_xchg(&v->slot, file);
	if (file)
		taskhold_file_release(file);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
