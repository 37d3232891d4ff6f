// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include <taskhold/types.h>

#include "path.h"

/* Distinct cgroups and executables at a time: thousands, so a few a bucket. */
#define PATH_INDEX_BITS 10

static struct taskhold_index path_index;
static atomic64_t path_next_exe_id = ATOMIC64_INIT(0);
static atomic64_t path_count = ATOMIC64_INIT(0);
static atomic64_t path_bytes = ATOMIC64_INIT(0);

/**
 * taskhold_path_init - set up the index of paths
 *
 * Context: module init.
 *
 * Return: 0 or -ENOMEM.
 */
int taskhold_path_init(void)
{
	return taskhold_index_init(&path_index, PATH_INDEX_BITS, 0);
}

/**
 * taskhold_path_exit - free the index of paths
 *
 * Context: module exit, when no record exists any more and therefore no path:
 * the last put of each took it out of the index.  What RCU readers may still
 * see is freed by kfree_rcu(), which runs no text of this module.
 */
void taskhold_path_exit(void)
{
	taskhold_index_destroy(&path_index);
}

/**
 * taskhold_path_usage - how many paths there are
 * @count: number of interned paths
 * @bytes: their memory
 *
 * Context: any.
 */
void taskhold_path_usage(u64 *count, u64 *bytes)
{
	*count = atomic64_read(&path_count);
	*bytes = atomic64_read(&path_bytes) + taskhold_index_bytes(&path_index);
}

static struct taskhold_path *path_alloc(const char *text, size_t len, bool is_cgroup, u64 id)
{
	struct taskhold_path *path;

	path = kmalloc(struct_size(path, text, len + 1), GFP_ATOMIC | __GFP_NOWARN);
	if (!path)
		return NULL;

	refcount_set(&path->refs, 1);
	path->is_cgroup = is_cgroup;
	path->is_cut = false;
	path->id = id;
	path->len = len;
	memcpy(path->text, text, len);
	path->text[len] = '\0';

	atomic64_inc(&path_count);
	atomic64_add(struct_size(path, text, len + 1), &path_bytes);
	return path;
}

/*
 * Two CPUs may intern the same path at the same moment and both insert: each
 * then has its own object with its own id (executables) or the same id
 * (cgroups), and both say the truth.  That costs a little memory, rarely; a
 * lock over lookup and allocation would cost every exec.
 */
static void path_insert(struct taskhold_path *path, unsigned long key)
{
	taskhold_index_insert(&path_index, &path->node, key);
}

/**
 * taskhold_path_of_cgroup - the path of a cgroup
 * @cgrp: a cgroup of the default hierarchy that cannot go away under the caller
 *
 * Context: any but NMI, under rcu_read_lock().
 *
 * Return: a strong reference, or NULL without memory.
 */
struct taskhold_path *taskhold_path_of_cgroup(struct cgroup *cgrp)
{
	u64 id = cgroup_id(cgrp);
	struct taskhold_index_node *node;
	struct taskhold_path *path;
	bool is_cut;
	char *buf;
	int len;

	taskhold_index_for_each_possible(&path_index, node, id) {
		path = container_of(node, struct taskhold_path, node);
		if (path->is_cgroup && path->id == id && refcount_inc_not_zero(&path->refs))
			return path;
	}

	buf = kmalloc(TASKHOLD_PATH_MAX, GFP_ATOMIC | __GFP_NOWARN);
	if (!buf)
		return NULL;

	len = cgroup_path(cgrp, buf, TASKHOLD_PATH_MAX);
	/*
	 * Of a path that is too long the buffer has what fits; the kernel says
	 * so by -E2BIG, or not at all.
	 */
	is_cut = len < 0 || len >= TASKHOLD_PATH_MAX - 1;
	if (len < 0)
		len = strnlen(buf, TASKHOLD_PATH_MAX - 1);
	path = path_alloc(buf, len, true, id);
	if (path) {
		path->is_cut = is_cut;
		path_insert(path, id);
	}
	kfree(buf);
	return path;
}

/*
 * A strong reference to the executable's file of @task, or NULL.  The task lock
 * keeps task->mm, and mm->exe_file is what get_file_rcu() is made for.
 */
static struct file *exe_file_of(struct task_struct *task)
{
	struct file *file = NULL;

	task_lock(task);
	if (task->mm && !(task->flags & PF_KTHREAD))
		file = get_file_rcu(&task->mm->exe_file);
	task_unlock(task);
	return file;
}

/**
 * taskhold_path_of_exe - the path of a task's executable
 * @task: any task
 *
 * The path is relative to the root directory of the current task, as in
 * /proc/PID/exe.
 *
 * The tracepoint of cgroup migration is called with interrupts off, under a lock
 * that softirqs may wait for. The locks needed here are not safe from softirqs,
 * so there is no path then: it comes with the next exec.
 *
 * Context: process context, atomic or not, under rcu_read_lock(); not with the
 * task lock of @task.
 *
 * Return: a strong reference, or NULL for a kernel thread, for a task that has
 * dropped its address space, with interrupts off, and without memory.
 */
struct taskhold_path *taskhold_path_of_exe(struct task_struct *task)
{
	struct taskhold_path *path = NULL;
	struct taskhold_index_node *node;
	unsigned long key;
	struct file *file;
	char *buf, *text;
	size_t len;

	if (irqs_disabled())
		return NULL;
	file = exe_file_of(task);
	if (!file)
		return NULL;

	buf = kmalloc(TASKHOLD_PATH_MAX, GFP_ATOMIC | __GFP_NOWARN);
	if (!buf)
		goto out_file;

	text = d_path(&file->f_path, buf, TASKHOLD_PATH_MAX);
	if (IS_ERR(text))
		goto out_buf;
	len = strlen(text);
	key = full_name_hash(NULL, text, len);

	taskhold_index_for_each_possible(&path_index, node, key) {
		path = container_of(node, struct taskhold_path, node);
		if (!path->is_cgroup && path->len == len && !memcmp(path->text, text, len) &&
		    refcount_inc_not_zero(&path->refs))
			goto out_buf;
	}

	path = path_alloc(text, len, false, atomic64_inc_return(&path_next_exe_id));
	if (path)
		path_insert(path, key);
out_buf:
	kfree(buf);
out_file:
	/*
	 * The address space holds the file too unless the task has just
	 * dropped it; then this is the last reference and fput() defers its
	 * work, which it may do from any context.
	 */
	fput(file);
	return path;
}

/**
 * taskhold_path_get - take another reference
 * @path: a path that the caller has a reference to, or NULL
 *
 * Context: any.
 *
 * Return: @path.
 */
struct taskhold_path *taskhold_path_get(struct taskhold_path *path)
{
	if (path)
		refcount_inc(&path->refs);
	return path;
}

/**
 * taskhold_path_put - drop a reference
 * @path: a path or NULL
 *
 * Context: any but NMI.
 */
void taskhold_path_put(struct taskhold_path *path)
{
	if (!path || !refcount_dec_and_test(&path->refs))
		return;

	taskhold_index_remove(&path_index, &path->node);
	atomic64_dec(&path_count);
	atomic64_sub(struct_size(path, text, path->len + 1), &path_bytes);
	kfree_rcu(path, rcu);
}

/**
 * taskhold_path_copy - the text of a path
 * @path: a path or NULL
 * @out: where to
 * @size: bytes at @out; the text is cut to @size - 1 and NUL-terminated
 *
 * Context: any.
 *
 * Return: length of the text without the NUL, or -ENOENT for NULL, -EINVAL for
 * a @size of 0, -ENAMETOOLONG where the text was cut.
 */
int taskhold_path_copy(const struct taskhold_path *path, char *out, u32 size)
{
	size_t len;

	if (!size)
		return -EINVAL;
	if (!path) {
		out[0] = '\0';
		return -ENOENT;
	}

	len = min_t(size_t, path->len, size - 1);
	memcpy(out, path->text, len);
	out[len] = '\0';
	return len == path->len && !path->is_cut ? (int)len : -ENAMETOOLONG;
}
