// SPDX-License-Identifier: GPL-2.0-only
#include "policy_pin.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "holders.h"

/* Cuts the last name off, and slashes before it; "" becomes ".". */
static void parent(char *path)
{
	size_t len = strlen(path);

	while (len && path[len - 1] == '/')
		len--;
	while (len && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	path[len] = 0;
	if (!len)
		strcpy(path, ".");
}

int policy_pin_check(const char *dir)
{
	char above[PATH_MAX];
	const char *rest;
	struct statfs fs;
	struct stat st;
	size_t len;

	if (!dir[0] || strlen(dir) >= sizeof(above) - 1)
		return th_fail(TH_USAGE, "policy: --pin %s: want a path of 1 to %zu bytes", dir,
			       sizeof(above) - 2);
	for (rest = dir; *rest; rest += len + strspn(rest + len, "/")) {
		len = strcspn(rest, "/");
		if (len > NAME_MAX)
			return th_fail(TH_USAGE, "policy: --pin %s: has a name of %zu bytes; want %d at most",
				       dir, len, NAME_MAX);
	}
	if (!lstat(dir, &st))
		return th_fail(TH_IO, "policy: --pin %s: it exists; give a directory that does not",
			       dir);
	strcpy(above, dir);
	do {
		parent(above);
	} while (lstat(above, &st) && errno == ENOENT && strcmp(above, ".") && strcmp(above, "/"));
	if (statfs(above, &fs))
		return th_fail(TH_IO, "policy: --pin %s: %s: %s", dir, above, strerror(errno));
	if (fs.f_type != BPF_FS_MAGIC)
		return th_fail(TH_IO, "policy: --pin %s: %s is on no bpffs; give one below /sys/fs/bpf, or 'mount -t bpf bpffs DIR' first",
			       dir, above);
	rest = strncmp(dir, above, strlen(above)) ? dir : dir + strlen(above);
	if (strchr(rest, '.'))
		return th_fail(TH_IO, "policy: --pin %s: a bpffs takes no name with a dot", dir);
	return TH_OK;
}

static int make_one(struct policy_pin *pin, const char *dir)
{
	if (mkdir(dir, 0700))
		return -errno;
	snprintf(pin->made, sizeof(pin->made), "%s", dir);
	pin->nr_made++;
	return 0;
}

static int make(struct policy_pin *pin, const char *dir)
{
	char above[PATH_MAX];
	int err;

	err = make_one(pin, dir);
	if (err != -ENOENT)
		return err;
	snprintf(above, sizeof(above), "%s", dir);
	parent(above);
	err = make(pin, above);
	/* somebody else may have made that one just now, who may as well */
	if (err && err != -EEXIST)
		return err;
	return make_one(pin, dir);
}

int policy_pin_make(struct policy_pin *pin, const char *dir)
{
	int err;

	pin->dir = dir;
	err = make(pin, dir);
	if (!err)
		return TH_OK;
	policy_pin_undo(pin);
	return th_fail(TH_IO, "policy: --pin %s: cannot be made: %s", dir, strerror(-err));
}

char *policy_pin_path(const char *dir, const char *name)
{
	size_t len = strlen(dir);
	char *path;

	while (len && dir[len - 1] == '/')
		len--;
	return asprintf(&path, "%.*s/%s", (int)len, dir, name) < 0 ? NULL : path;
}

const char *policy_pin_link(struct policy_pin *pin, int link_fd, const char *name)
{
	char **more = reallocarray(pin->paths, pin->nr_paths + 1, sizeof(*more)), *path;
	int err;

	if (more)
		pin->paths = more;
	path = more ? policy_pin_path(pin->dir, name) : NULL;
	err = path ? bpf_obj_pin(link_fd, path) : -ENOMEM;
	if (err) {
		th_fail(TH_IO, "%s/%s: cannot be pinned: %s%s", pin->dir, name, strerror(-err),
			err == -EEXIST ? "; remove it, or give the program or map another name" :
					 "");
		free(path);
		return NULL;
	}
	pin->paths[pin->nr_paths++] = path;
	return path;
}

int policy_pin_remove(const char *path, unsigned int link_id)
{
	struct holders_ref self;
	int fd, err;

	if (link_id) {
		fd = bpf_obj_get(path);
		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		err = holders_of_fd(fd, &self);
		close(fd);
		if (err)
			return err == -ENOENT ? 0 : err;
		if (self.type != HOLDERS_LINK || self.id != link_id)
			return 0;
	}
	if (unlink(path))
		return errno == ENOENT ? 0 : -errno;
	return 1;
}

void policy_pin_undo(struct policy_pin *pin)
{
	size_t i;

	for (i = 0; i < pin->nr_paths; i++)
		unlink(pin->paths[i]);
	/* what somebody else has put there meanwhile stays, with all above it */
	for (; pin->nr_made && !rmdir(pin->made); pin->nr_made--)
		parent(pin->made);
}

void policy_pin_close(struct bpf_link *link, bool pinned)
{
	if (pinned) {
		/* destroying one that is disconnected leaves its file open */
		close(bpf_link__fd(link));
		bpf_link__disconnect(link);
	}
	bpf_link__destroy(link);
}

void policy_pin_free(struct policy_pin *pin)
{
	while (pin->nr_paths)
		free(pin->paths[--pin->nr_paths]);
	free(pin->paths);
}
