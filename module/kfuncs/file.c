// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs on struct file, which vmlinux has no destructor for. Flags and hooks
 * stand in register.c.
 *
 * References are taken by programs of the types LSM and SYSCALL, as by the
 * kernel's own kfuncs on files: these are called where files are used, whereas a
 * program on any function of the kernel may see memory that is no file yet, or none
 * any more.  LSM hooks are given files that are not whole as well, and files whose
 * memory goes another way than that of the rest: see file_may_be_had().
 *
 * They are dropped anywhere. What a map has goes with its element, wherever a
 * program deletes that: with a lock held, in an interrupt or an NMI. fput() of
 * the last reference is for no NMI, and from an interrupt or a kernel thread it
 * arms a timer, whose locks may be held by whom the program was attached to. So
 * the last one is left to an interrupt of our own.
 *
 * f_count is what 6.12 counts references by, which kernel/patches is for; later
 * kernels have file_ref_get() and its like.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cfi.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/magic.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include <taskhold/kfuncs.h>

#include "../compat.h"
#include "../irq.h"
#include "register.h"

#if TASKHOLD_WITH_KPTR_GET

/* Files to which we have the last reference, by f_llist. */
static LLIST_HEAD(file_puts);

/* fput() may be called from interrupts, and no timer's lock is held in one of ours. */
static void file_puts_irq(struct irq_work *work)
{
	struct file *file, *next;

	llist_for_each_entry_safe(file, next, llist_del_all(&file_puts), f_llist)
		fput(file);
}

static DEFINE_IRQ_WORK(file_puts_work, file_puts_irq);

/*
 * fput() links a file by f_llist when nobody has a reference any more; here there
 * is ours. f_llist shares its memory with f_ra alone, the state of reading ahead,
 * which is for who reads the file, or has it mapped, with a reference. Who can
 * still come to one has looked the file up without one: by a descriptor, and sees
 * that it is gone from there, or by epoll, to call ->poll(). They may even be
 * the last to drop theirs, after file_puts_irq(), and then fput() links it anew.
 *
 * It is linked once, as all but one of those who drop theirs here find another.
 */
static void file_put(struct file *file)
{
	if (atomic_long_add_unless(&file->f_count, -1, 1))
		return;
	llist_add(&file->f_llist, &file_puts);
	/* an interrupt that is pending has the list still to empty */
	if (!irq_work_is_pending(&file_puts_work))
		taskhold_irq_queue(&file_puts_work);
}

/**
 * taskhold_files_exit - wait until all references to files have been dropped
 *
 * The interrupt is text of this module. Nothing comes to the list any more, for
 * the reasons that taskhold_pids_exit() has; and what is there without an interrupt
 * is seen to likewise. What fput() leaves to a task or to a work queue is the kernel's.
 *
 * Context: module exit; may sleep.
 */
void taskhold_files_exit(void)
{
	irq_work_sync(&file_puts_work);
	file_puts_irq(&file_puts_work);
}

/*
 * A descriptor of a map, program, link or iterator refers to maps, and may be put
 * into one of these: neither would ever go. Their file operations are not
 * exported; the names of anonymous inodes are the kernel's alone to give, and
 * nobody renames them. A file of the BPF file system has an inode that refers to
 * what is pinned there.
 */
static bool file_is_of_bpf(const struct file *file)
{
	unsigned long magic = file_inode(file)->i_sb->s_magic;

	return magic == BPF_FS_MAGIC ||
	       (magic == ANON_INODE_FS_MAGIC &&
		!strncmp(file->f_path.dentry->d_name.name, "bpf", 3));
}

/*
 * Before a file has been opened (in the hooks file_open and backing_file_alloc) it
 * may have no inode, and if ->open() fails its path and inode go, while a map keeps
 * the file.  And the file that a stacked file system, as overlayfs, has behind one of
 * its own goes by kfree(), at once and not to be a file again:
 * taskhold_file_kptr_get() would look into memory of anybody's.
 */
static bool file_may_be_had(const struct file *file)
{
	return (file->f_mode & (FMODE_OPENED | FMODE_BACKING)) == FMODE_OPENED;
}

/* What may be handed out; the reference to what may not is dropped. */
static struct file *file_checked(struct file *file)
{
	if (!file_is_of_bpf(file))
		return file;
	file_put(file);
	return NULL;
}

__bpf_kfunc_start_defs();

/**
 * taskhold_file_of_fd - an open file of the current task
 * @fd: its number; in the callback of a timer of any task's, in that of a work queue
 *	of none
 *
 * Only there on a kernel with the patches of kernel/patches, as all that is
 * about files.
 *
 * A map that has a file which refers to the map, by whatever way, stays for ever
 * once all else that refers to it has gone, and so does the module.  BPF's own
 * files are therefore not to be had: maps, programs, links and iterators, and
 * what is in a BPF file system.  They are not all that can refer to a map.  Among
 * others there are what a program is attached to: sockets, perf events, tun
 * descriptors (TUNSETSTEERINGEBPF, TUNSETFILTEREBPF); by what its descriptor was
 * passed or registered: sockets, rings of io_uring; and what keeps mounts or network
 * devices: /proc/PID/ns/mnt and open_tree() of a tree in which a BPF file system is
 * mounted, /proc/PID/ns/net where a device has a program.  Who puts one of these
 * into a map has to take it out, or delete the element, before the map is let go of;
 * after that root still can, with a descriptor by the map's id (bpftool map delete id
 * ID key ...).
 *
 * Context: any but NMI; LSM and SYSCALL programs.
 *
 * Return: a reference, to be released by taskhold_file_release(), or NULL if
 * no file is open by that number, or one of BPF's own.
 */
__bpf_kfunc struct file *taskhold_file_of_fd(u32 fd)
{
	/* what has a descriptor is open, and behind no other file */
	struct file *file = current->files ? fget_raw(fd) : NULL;

	return file ? file_checked(file) : NULL;
}

/**
 * taskhold_file_acquire - take a reference to a file
 * @file: a reference of the program's own, or an argument of it
 *
 * The verifier takes no argument of an LSM hook for NULL, and drops a program's own
 * check as dead code; where there may be no file, as in mmap_file, it is asked for
 * here.  A file that is being opened is not to be had, which is what file_open is
 * called for: use file_post_open.  Nor is the file that a stacked file system, as
 * overlayfs, has behind its own, which hooks as file_permission are called for
 * besides.
 *
 * Context: any but NMI; LSM and SYSCALL programs.
 *
 * Return: @file, to be released by taskhold_file_release(), or NULL if it is
 * NULL, not open yet, being closed, behind one of a stacked file system, or one of
 * BPF's own: see taskhold_file_of_fd().
 */
__bpf_kfunc struct file *taskhold_file_acquire(struct file *file)
{
	if (!file || !file_may_be_had(file))
		return NULL;
	/*
	 * Trusted is not counted: the hook file_release is called by __fput(),
	 * when the last reference has gone.  The file's memory is there for as
	 * long as the program runs, as it is whoever called that frees it.
	 */
	return atomic_long_inc_not_zero(&file->f_count) ? file_checked(file) : NULL;
}

/**
 * taskhold_file_release - drop a reference to a file
 * @file: a reference of the program's own
 *
 * Where it is the last one the file is closed later, by a work queue.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 */
__bpf_kfunc void taskhold_file_release(struct file *file)
{
	file_put(file);
}

/**
 * taskhold_file_release_dtor - drop the reference that a map value still has
 * @file: a file
 *
 * Context: any.
 */
__bpf_kfunc void taskhold_file_release_dtor(void *file)
{
	file_put(file);
}
CFI_NOSEAL(taskhold_file_release_dtor);

/**
 * taskhold_file_kptr_get - take a reference to the file that a map has
 * @slot: a referenced kptr in a map value, of files
 *
 * Context: any but NMI; LSM and SYSCALL programs.
 *
 * Return: the file, to be released by taskhold_file_release(), or NULL if
 * there is none.
 */
__bpf_kfunc struct file *taskhold_file_kptr_get(struct file **slot)
{
	struct file *file;

	/*
	 * The memory of a file is reused at once, for another file; see
	 * file_may_be_had() for those of which it is not. This looks whether the
	 * slot still has it once the reference is there, and tries again where it
	 * has not, after fput() of what it got, which is why this is not for NMIs.
	 * It ends: a file that is in the slot has the slot's reference.
	 */
	rcu_read_lock();
	file = get_file_rcu((struct file __rcu **)slot);
	rcu_read_unlock();
	return file;
}

/**
 * taskhold_file_refs - how many references there are to a file
 * @file: a reference of the program's own
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: the number, of which one is the program's.
 */
__bpf_kfunc u64 taskhold_file_refs(struct file *file)
{
	return file_count(file);
}

__bpf_kfunc_end_defs();

#endif
