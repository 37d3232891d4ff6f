/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cgroups that there are, and what the kernel charged to them: the witness
 * beside which a report puts its own sums.
 */
#ifndef _TASKHOLD_CGROUPS_H
#define _TASKHOLD_CGROUPS_H

#include <stddef.h>
#include <linux/types.h>

struct cgroups_entry {
	__u64 id;
	const char *path;	/* below the hierarchy's root, "/" for itself */
	__u64 usage_ns;		/* usage_usec of cpu.stat, descendants included */
};

/* Returns 0, or what ends the walk and is returned by it. */
typedef int cgroups_fn(void *ctx, const struct cgroups_entry *entry);

/*
 * Where cgroup v2 is mounted, or NULL: nowhere.  Points to static memory.
 */
const char *cgroups_mount(void);

/*
 * Calls @fn for each cgroup below the one at @path (as in struct
 * cgroups_entry), itself included, parents first.  One that goes away
 * meanwhile is left out.  Returns 0, what @fn returned, or -errno.
 */
int cgroups_walk(const char *path, cgroups_fn *fn, void *ctx);

/*
 * The id of the cgroup that @name names: a directory in a cgroup v2 mount, or
 * a path below its root.  @path gets that path.  Returns 0 or -errno: -ENOENT,
 * -EINVAL for what is no cgroup v2 directory.
 */
int cgroups_find(const char *name, __u64 *id, char *path, size_t size);

#endif /* _TASKHOLD_CGROUPS_H */
