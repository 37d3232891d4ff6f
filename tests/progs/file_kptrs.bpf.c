// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and pids as referenced kptrs in every kind of map that takes them:
 * types of vmlinux whose destructors are the module's. What the programs do is
 * chosen by user space, by the variables below.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "meet.h"

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;

struct held {
	struct file __kptr *file;
	struct pid __kptr *pid;
	__u64 file_exchanged;	/* the number of an exchange */
	__u64 pid_exchanged;
};

#include "held_maps.h"

/* in */
__u32 fd;		/* put_file: of the caller */
__s32 pid;		/* put_pid: of whom */
bool by_insn;		/* exchange by the instruction instead of the helper */
__u32 rounds;		/* of the loops below */
__u64 inode;		/* on_release: of a pipe, whose end to write to is meant */

/* out */
int ret;
__u64 number;
__u64 got;		/* references taken from a slot */
__u64 missed;		/* slots found empty */
__u64 put;		/* references put into one */
__u64 closed;		/* files that were seen to go; of each it was tried to take a */
__u64 risen;		/* reference, which was had */

/* Put a file in, or NULL, and release what was there. */
static __always_inline void exchange_file(struct held *v, struct file *file)
{
	__u64 number = meet_take_number();

	if (by_insn)
		file = kptr_xchg_insn(&v->file, file);
	else
		file = bpf_kptr_xchg(&v->file, file);
	meet_leave_number(&v->file_exchanged, number);
	if (file)
		taskhold_file_release(file);
}

/* The same of a pid. */
static __always_inline void exchange_pid(struct held *v, struct pid *p)
{
	__u64 number = meet_take_number();

	p = bpf_kptr_xchg(&v->pid, p);
	meet_leave_number(&v->pid_exchanged, number);
	if (p)
		taskhold_pid_release(p);
}

SEC("syscall")
int put_file(void *ctx)
{
	struct held *v = lookup();
	struct file *file;

	ret = -1;
	if (!v)
		return 0;
	file = taskhold_file_of_fd(fd);
	if (!file)
		return 0;
	exchange_file(v, file);
	ret = 0;
	return 0;
}

/* The inode's number of the file that is there, which stays there. */
SEC("syscall")
int get_file(void *ctx)
{
	struct held *v = lookup();
	struct file *file;

	ret = -1;
	number = 0;
	if (!v)
		return 0;
	ret = -2;
	file = taskhold_file_kptr_get(&v->file);
	if (!file)
		return 0;
	number = file->f_inode->i_ino;
	taskhold_file_release(file);
	ret = 0;
	return 0;
}

/* Take the file out. */
SEC("syscall")
int drop_file(void *ctx)
{
	struct held *v = lookup();
	struct file *file;

	ret = -1;
	if (!v)
		return 0;
	if (by_insn)
		file = kptr_xchg_insn(&v->file, NULL);
	else
		file = bpf_kptr_xchg(&v->file, NULL);
	ret = -2;
	if (!file)
		return 0;
	taskhold_file_release(file);
	ret = 0;
	return 0;
}

SEC("syscall")
int put_pid(void *ctx)
{
	struct held *v = lookup();
	struct task_struct *task;
	struct pid *p;

	ret = -1;
	if (!v)
		return 0;
	task = bpf_task_from_pid(pid);
	if (!task)
		return 0;
	p = taskhold_pid_of_task(task);
	bpf_task_release(task);
	if (!p)
		return 0;
	exchange_pid(v, p);
	ret = 0;
	return 0;
}

SEC("syscall")
int get_pid(void *ctx)
{
	struct held *v = lookup();
	struct pid *p, *again;

	ret = -1;
	number = 0;
	if (!v)
		return 0;
	ret = -2;
	p = taskhold_pid_kptr_get(&v->pid);
	if (!p)
		return 0;
	again = taskhold_pid_acquire(p);
	taskhold_pid_release(p);
	ret = -3;
	if (!again)
		return 0;
	number = taskhold_pid_number(again);
	taskhold_pid_release(again);
	ret = 0;
	return 0;
}

/* ---- as files are closed ---- */

#define FMODE_WRITE	2

/* The last reference of any kind has gone, and the file is about to go. */
SEC("lsm/file_release")
int BPF_PROG(on_release, struct file *file)
{
	struct file *mine;

	if (file->f_inode->i_ino != inode || !(file->f_mode & FMODE_WRITE))
		return 0;
	mine = taskhold_file_acquire(file);
	if (mine) {
		__sync_fetch_and_add(&risen, 1);
		taskhold_file_release(mine);
	}
	__sync_fetch_and_add(&closed, 1);
	return 0;
}

/* ---- on two processors at once ---- */

static int get_once(__u32 i, void *ctx)
{
	struct held *v = lookup();
	struct file *file;
	struct pid *p;
	__u64 noted;

	if (!v)
		return 0;
	noted = meet_note_number();
	file = taskhold_file_kptr_get(&v->file);
	meet_look(&v->file_exchanged, noted);
	if (file) {
		taskhold_file_release(file);
		__sync_fetch_and_add(&got, 1);
	} else {
		__sync_fetch_and_add(&missed, 1);
	}
	noted = meet_note_number();
	p = taskhold_pid_kptr_get(&v->pid);
	meet_look(&v->pid_exchanged, noted);
	if (p) {
		taskhold_pid_release(p);
		__sync_fetch_and_add(&got, 1);
	} else {
		__sync_fetch_and_add(&missed, 1);
	}
	return 0;
}

SEC("syscall")
int get_many(void *ctx)
{
	bpf_loop(rounds, get_once, NULL, 0);
	return 0;
}

/* Put new ones in, and take them out again every second time. */
static int put_once(__u32 i, void *ctx)
{
	struct held *v = lookup();
	struct file *file;
	struct pid *p;

	if (!v)
		return 0;
	file = taskhold_file_of_fd(fd);
	if (file) {
		exchange_file(v, file);
		__sync_fetch_and_add(&put, 1);
	}
	p = taskhold_pid_of_task(bpf_get_current_task_btf());
	if (p) {
		exchange_pid(v, p);
		__sync_fetch_and_add(&put, 1);
	}
	if (i & 1)
		return 0;
	exchange_file(v, NULL);
	exchange_pid(v, NULL);
	return 0;
}

SEC("syscall")
int put_many(void *ctx)
{
	bpf_loop(rounds, put_once, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
