// SPDX-License-Identifier: GPL-2.0-only
/* A map with many references to pids, and one to a file. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "sizes.h"

struct held {
	struct pid __kptr *pid;
	struct file __kptr *file;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DROPS);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

/* in */
__u32 fd;	/* of the caller */

/* out */
__u32 pids;	/* that the map has */
__u32 files;

static int put_pid(__u32 i, void *ctx)
{
	struct held *v = bpf_map_lookup_elem(&array, &i);
	struct pid *pid;

	if (!v)
		return 1;
	pid = taskhold_pid_of_task(bpf_get_current_task_btf());
	if (!pid)
		return 1;
	pid = bpf_kptr_xchg(&v->pid, pid);
	if (pid)
		taskhold_pid_release(pid);
	pids++;
	return 0;
}

SEC("syscall")
int put_all(void *ctx)
{
	__u32 zero = 0;
	struct held *v = bpf_map_lookup_elem(&array, &zero);
	struct file *file;

	bpf_loop(DROPS, put_pid, NULL, 0);
	if (!v)
		return 0;
	file = taskhold_file_of_fd(fd);
	if (!file)
		return 0;
	file = bpf_kptr_xchg(&v->file, file);
	if (file)
		taskhold_file_release(file);
	files++;
	return 0;
}

static int drop_pid(__u32 i, void *ctx)
{
	struct held *v = bpf_map_lookup_elem(&array, &i);
	struct pid *pid;

	if (!v)
		return 1;
	pid = bpf_kptr_xchg(&v->pid, NULL);
	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
int drop_pids(void *ctx)
{
	bpf_loop(DROPS, drop_pid, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
