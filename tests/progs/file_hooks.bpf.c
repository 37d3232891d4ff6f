// SPDX-License-Identifier: GPL-2.0-only
/* Which files LSM hooks can take a reference to. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "file_hooks.h"

#define FMODE_BACKING	(1 << 24)

/* in */
__u32 tid;	/* whose calls count */
__u64 inode;	/* file_open, file_post_open: of which file */

/* out */
struct hook_calls calls[NR_HOOKS];

static __always_inline int try(enum hook hook, struct file *file)
{
	struct file *mine = taskhold_file_acquire(file);

	calls[hook].seen++;
	if (mine) {
		calls[hook].had++;
		taskhold_file_release(mine);
	}
	return 0;
}

static bool mine(void)
{
	return (__u32)bpf_get_current_pid_tgid() == tid;
}

static __always_inline bool is_it(struct file *file)
{
	return mine() && file->f_inode->i_ino == inode;
}

/* The file of an anonymous mapping is NULL, which no program can ask for. */
SEC("lsm/mmap_file")
int BPF_PROG(on_mmap, struct file *file)
{
	return mine() ? try(HOOK_MMAP, file) : 0;
}

SEC("lsm/file_open")
int BPF_PROG(on_open, struct file *file)
{
	return is_it(file) ? try(HOOK_OPEN, file) : 0;
}

SEC("lsm/file_post_open")
int BPF_PROG(on_post_open, struct file *file)
{
	return is_it(file) ? try(HOOK_POST_OPEN, file) : 0;
}

/* It has no inode. */
SEC("lsm/backing_file_alloc")
int BPF_PROG(on_backing_alloc, struct file *backing)
{
	return mine() ? try(HOOK_BACKING_ALLOC, backing) : 0;
}

/* Once for the file that was opened, and once for the one behind it. */
SEC("lsm/file_permission")
int BPF_PROG(on_permission, struct file *file)
{
	if (!mine())
		return 0;
	return try(file->f_mode & FMODE_BACKING ? HOOK_READ_BACKING : HOOK_READ, file);
}

char LICENSE[] SEC("license") = "GPL";
