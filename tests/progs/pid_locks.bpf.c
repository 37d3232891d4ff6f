// SPDX-License-Identifier: GPL-2.0-only
/*
 * References to pids and files that are dropped where a lock is held: by a program
 * on the function that unlocks it, whichever lock that is. And where a CPU has taken
 * its last interrupt before it is offline.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

struct held {
	struct pid __kptr *pid;
	struct file __kptr *file;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

/* in */
__u32 tid;	/* by whom, 0: nobody */
__u32 fd;	/* put: of the caller */
__u32 rounds;	/* release_many: how many times */
bool at_offline;	/* drop where a CPU goes offline */

/* out */
int ret;
__u64 pids;	/* dropped with a lock held */
__u64 files;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

static __always_inline void drop(void)
{
	struct held *v = first();
	struct file *file;
	struct pid *pid;

	if (!v)
		return;
	pid = bpf_kptr_xchg(&v->pid, NULL);
	if (pid) {
		taskhold_pid_release(pid);
		__sync_fetch_and_add(&pids, 1);
	}
	file = bpf_kptr_xchg(&v->file, NULL);
	if (file) {
		taskhold_file_release(file);
		__sync_fetch_and_add(&files, 1);
	}
}

SEC("fentry/_raw_spin_unlock_irqrestore")
int BPF_PROG(on_unlock)
{
	if (tid && (__u32)bpf_get_current_pid_tgid() == tid)
		drop();
	return 0;
}

/* In the stopper of the CPU, after it has done what interrupts were raised for. */
SEC("fentry/sched_cpu_dying")
int BPF_PROG(on_offline)
{
	if (at_offline)
		drop();
	return 0;
}

SEC("syscall")
int put_file(void *ctx)
{
	struct file *file = taskhold_file_of_fd(fd);
	struct held *v = first();

	ret = -1;
	if (!file)
		return 0;
	if (v) {
		file = bpf_kptr_xchg(&v->file, file);
		ret = 0;
	}
	if (file)
		taskhold_file_release(file);
	return 0;
}

/* A pid is in the slot when another is taken and dropped. */
static int release_once(__u32 i, void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct held *v = first();
	struct pid *pid;

	if (!v)
		return 1;
	pid = taskhold_pid_of_task(task);
	if (pid)
		pid = bpf_kptr_xchg(&v->pid, pid);
	if (pid)
		taskhold_pid_release(pid);
	pid = taskhold_pid_of_task(task);
	if (pid) {
		taskhold_pid_release(pid);
		ret++;
	}
	return 0;
}

SEC("syscall")
int release_many(void *ctx)
{
	ret = 0;
	bpf_loop(rounds, release_once, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
