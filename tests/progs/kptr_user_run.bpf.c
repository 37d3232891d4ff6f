// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pointer to user space is kept from the start of a system call to its end,
 * with the task that it belongs to.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

struct held {
	struct sockaddr __kptr_user *addr;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct held);
} storage SEC(".maps");

/* in */
__s32 pid;

/* out */
__u64 stored;
__u64 loaded;
__u16 family;
int ret = -1;

SEC("fentry/__sys_getsockname")
int BPF_PROG(at_start, int fd, struct sockaddr *addr)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct held *v;

	if (task->pid != pid)
		return 0;
	v = bpf_task_storage_get(&storage, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!v)
		return 0;
	v->addr = addr;
	stored = (__u64)addr;
	return 0;
}

SEC("fexit/__sys_getsockname")
int BPF_PROG(at_end, int fd, struct sockaddr *unused)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sockaddr *addr;
	struct held *v;

	if (task->pid != pid)
		return 0;
	v = bpf_task_storage_get(&storage, task, 0, 0);
	if (!v)
		return 0;
	addr = v->addr;
	if (!addr)
		return 0;
	loaded = (__u64)addr;
	/* by its member, as the type is then whole in the BTF of this program */
	ret = bpf_probe_read_user(&family, sizeof(family), &addr->sa_family);
	v->addr = NULL;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
