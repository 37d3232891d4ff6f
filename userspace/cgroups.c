// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "cgroups.h"

const char *cgroups_mount(void)
{
	static char found[PATH_MAX];
	struct mntent *ent;
	FILE *f;

	if (found[0])
		return found;
	f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return NULL;
	while ((ent = getmntent(f))) {
		if (!strcmp(ent->mnt_type, "cgroup2") && strlen(ent->mnt_dir) < sizeof(found)) {
			strcpy(found, ent->mnt_dir);
			break;
		}
	}
	endmntent(f);
	return found[0] ? found : NULL;
}

/* usage_usec of a cpu.stat, in ns; -errno where it cannot be read. */
static int read_usage(const char *dir, __u64 *ns)
{
	unsigned long long usec;
	char path[PATH_MAX];
	char line[128];
	int err = -ENODATA;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/cpu.stat", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "usage_usec %llu", &usec) == 1) {
			*ns = usec * 1000;
			err = 0;
			break;
		}
	}
	if (err && ferror(f))
		err = -errno;
	fclose(f);
	return err;
}

int cgroups_walk(const char *path, cgroups_fn *fn, void *ctx)
{
	const char *mount = cgroups_mount();
	char top[PATH_MAX];
	char *const tops[] = { top, NULL };
	FTSENT *ent;
	int ret = 0;
	FTS *fts;

	if (!mount)
		return -ENOENT;
	if (snprintf(top, sizeof(top), "%s%s", mount, strcmp(path, "/") ? path : "") >=
	    (int)sizeof(top))
		return -ENAMETOOLONG;

	fts = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!fts)
		return -errno;
	while (!ret && (errno = 0, ent = fts_read(fts))) {
		struct cgroups_entry entry;

		if (ent->fts_info != FTS_D)
			continue;
		/* gone, or not to be read: it is left out */
		if (read_usage(ent->fts_path, &entry.usage_ns))
			continue;
		/* the inode number of a cgroup's directory is its id */
		entry.id = ent->fts_statp->st_ino;
		entry.path = ent->fts_path + strlen(mount);
		if (!*entry.path)
			entry.path = "/";
		ret = fn(ctx, &entry);
	}
	if (!ret && errno)
		ret = -errno;
	fts_close(fts);
	return ret;
}

int cgroups_find(const char *name, __u64 *id, char *path, size_t size)
{
	const char *mount = cgroups_mount();
	char joined[PATH_MAX], real[PATH_MAX];
	struct statfs fs;
	struct stat st;
	size_t len;

	if (!mount)
		return -ENOENT;
	len = strlen(mount);

	/* a path as the file system has it, else one below the hierarchy's root */
	if (!realpath(name, real) || statfs(real, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC ||
	    strncmp(real, mount, len) || (real[len] && real[len] != '/')) {
		if (snprintf(joined, sizeof(joined), "%s/%s", mount, name) >= (int)sizeof(joined))
			return -ENAMETOOLONG;
		if (!realpath(joined, real))
			return -errno;
		if (statfs(real, &fs))
			return -errno;
		if (fs.f_type != CGROUP2_SUPER_MAGIC || strncmp(real, mount, len))
			return -EINVAL;
	}
	if (stat(real, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	*id = st.st_ino;
	if (snprintf(path, size, "%s", real[len] ? real + len : "/") >= (int)size)
		return -ENAMETOOLONG;
	return 0;
}
