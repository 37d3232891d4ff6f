/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_PATH_H
#define _TASKHOLD_PATH_H

#include <linux/refcount.h>
#include <linux/types.h>

#include "index.h"

struct cgroup;
struct task_struct;

/**
 * struct taskhold_path - the name of a cgroup or of an executable
 * @node: in the index of all paths
 * @id: of a cgroup, the cgroup's id; of an executable, a number of its own
 * @refs: one for each record that names it, freed after a grace period at 0
 * @rcu: for that
 * @is_cgroup: which of the two it is
 * @is_cut: @text is not all of it
 * @len: bytes of @text without the NUL
 * @text: the path, NUL-terminated
 *
 * Interned: there is one for each cgroup and one for each text, so a record
 * costs two pointers and a recording names each once.  A cgroup's path is
 * taken when the first of its tasks is held, while it must still exist
 * (cgroup v2 does not rename), so it stays right after rmdir.
 */
struct taskhold_path {
	struct taskhold_index_node node;
	u64 id;
	refcount_t refs;
	bool is_cgroup;
	bool is_cut;
	u16 len;
	struct rcu_head rcu;
	char text[];
};

int taskhold_path_init(void);
void taskhold_path_exit(void);
void taskhold_path_usage(u64 *count, u64 *bytes);

/* These two return a strong reference to a path, or NULL: */
struct taskhold_path *taskhold_path_of_cgroup(struct cgroup *cgrp);
struct taskhold_path *taskhold_path_of_exe(struct task_struct *task);

/* @path may be NULL in all of these. */
struct taskhold_path *taskhold_path_get(struct taskhold_path *path);
void taskhold_path_put(struct taskhold_path *path);
int taskhold_path_copy(const struct taskhold_path *path, char *out, u32 size);

#endif /* _TASKHOLD_PATH_H */
