// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs on struct file, which vmlinux has no destructor for. Flags and hooks
 * stand in register.c.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cfi.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include <taskhold/kfuncs.h>

#include "../compat.h"
#include "register.h"

#if TASKHOLD_WITH_KPTR_GET

__bpf_kfunc_start_defs();

/**
 * taskhold_file_of_fd - an open file of the current task
 * @fd: its number
 *
 * Only there on a kernel with the patches of kernel/patches, as all that is
 * about files.
 *
 * Context: any but NMI; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: a reference, to be released by taskhold_file_release(), or NULL if
 * no file is open by that number.
 */
__bpf_kfunc struct file *taskhold_file_of_fd(u32 fd)
{
	return current->files ? fget_raw(fd) : NULL;
}

/**
 * taskhold_file_acquire - take a reference to a file
 * @file: a reference of the program's own, or an argument of it
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: @file, to be released by taskhold_file_release(), or NULL if it is
 * being closed.
 */
__bpf_kfunc struct file *taskhold_file_acquire(struct file *file)
{
	/*
	 * Trusted is not counted: the hook file_release is called by __fput(),
	 * when the last reference has gone.  The file's memory is there for as
	 * long as the program runs, as it is whoever called that frees it.
	 */
	return taskhold_compat_file_get(file) ? file : NULL;
}

/**
 * taskhold_file_release - drop a reference to a file
 * @file: a reference of the program's own
 *
 * The file is closed later, by the task or by a work queue.
 *
 * Context: any but NMI; TRACING, SYSCALL and STRUCT_OPS programs.
 */
__bpf_kfunc void taskhold_file_release(struct file *file)
{
	fput(file);
}

/**
 * taskhold_file_release_dtor - drop the reference that a map value still has
 * @file: a file
 *
 * Context: any but NMI.
 */
__bpf_kfunc void taskhold_file_release_dtor(void *file)
{
	fput(file);
}
CFI_NOSEAL(taskhold_file_release_dtor);

/**
 * taskhold_file_kptr_get - take a reference to the file that a map has
 * @slot: a referenced kptr in a map value, of files
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: the file, to be released by taskhold_file_release(), or NULL if
 * there is none.
 */
__bpf_kfunc struct file *taskhold_file_kptr_get(struct file **slot)
{
	struct file *file;

	/*
	 * The memory of a file is reused at once, for another file. This looks
	 * whether the slot still has it once the reference is there, and tries
	 * again where it has not. It ends: a file that is in the slot has the
	 * slot's reference.
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
