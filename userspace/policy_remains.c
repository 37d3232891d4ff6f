// SPDX-License-Identifier: GPL-2.0-only
#include "policy_remains.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "error.h"
#include "policy_find.h"
#include "policy_pin.h"
#include "policy_remove.h"

/* A link that is pinned there. */
struct remain {
	char *path;
	const char *name;	/* of the file, in path */
	__u32 link_id;
	__u32 btf;		/* of its program, 0: none */
	bool dead;		/* of struct_ops, and has no map any more */
};

struct remains {
	struct remain *list;
	size_t nr;
};

static __u32 prog_btf(__u32 prog_id)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd, err;

	fd = bpf_prog_get_fd_by_id(prog_id);
	if (fd < 0)
		return 0;
	err = bpf_prog_get_info_by_fd(fd, &info, &len);
	close(fd);
	return err ? 0 : info.btf_id;
}

/* Anything else than a link is left out. */
static int add(struct remains *r, const char *dir, const char *name)
{
	struct bpf_link_info info = {};
	struct remain remain = {}, *more;
	__u32 len = sizeof(info);
	struct holders_ref self;
	int fd;

	remain.path = policy_pin_path(dir, name);
	if (!remain.path)
		return -ENOMEM;
	fd = bpf_obj_get(remain.path);
	if (fd < 0 || holders_of_fd(fd, &self) || self.type != HOLDERS_LINK ||
	    bpf_link_get_info_by_fd(fd, &info, &len)) {
		if (fd >= 0)
			close(fd);
		free(remain.path);
		return 0;
	}
	close(fd);
	remain.name = strrchr(remain.path, '/') + 1;
	remain.link_id = info.id;
	remain.dead = info.type == BPF_LINK_TYPE_STRUCT_OPS && !info.struct_ops.map_id;
	remain.btf = info.prog_id ? prog_btf(info.prog_id) : 0;
	more = reallocarray(r->list, r->nr + 1, sizeof(*more));
	if (!more) {
		free(remain.path);
		return -ENOMEM;
	}
	r->list = more;
	r->list[r->nr++] = remain;
	return 0;
}

static int read_dir(struct remains *r, const char *path)
{
	struct dirent *entry;
	int err = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return th_fail(TH_IO, "policy: --pin %s: %s", path, strerror(errno));
	while (!err && (entry = readdir(dir))) {
		if (entry->d_type == DT_REG)
			err = add(r, path, entry->d_name);
	}
	closedir(dir);
	return err ? th_fail(TH_ENV, "out of memory") : TH_OK;
}

/* Was it loaded from an object file with such a policy? */
static bool has_policy(const struct btf *btf, const char *name)
{
	__s32 id = btf__find_by_name_kind(btf, name, BTF_KIND_VAR);
	const struct btf_type *type;
	const char *of;

	if (id < 0)
		return false;
	type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	of = btf__name_by_offset(btf, type->name_off);
	return btf_is_struct(type) && policy_type_essential(of) == strlen(POLICY_TYPE_NAME) &&
	       !strncmp(of, POLICY_TYPE_NAME, strlen(POLICY_TYPE_NAME));
}

static bool is_companion(const struct remains *r, const struct remain *link)
{
	struct btf *btf = btf__load_from_kernel_by_id(link->btf);
	bool found = false;
	size_t i;

	for (i = 0; btf && !found && i < r->nr; i++)
		found = r->list[i].dead && has_policy(btf, r->list[i].name);
	btf__free(btf);
	return found;
}

int policy_remains_remove(const struct policies *p, const char *dir, struct json_object *removed)
{
	struct remains r = {};
	struct remain *link;
	size_t nr_dead = 0, i;
	int ret, one;

	ret = read_dir(&r, dir);
	for (i = 0; i < r.nr; i++)
		nr_dead += r.list[i].dead;
	if (!ret && !nr_dead)
		ret = th_fail(TH_IO, "policy: --pin %s: no policy is pinned there that has ended",
			      dir);
	if (ret)
		goto out;
	for (link = r.list; link < r.list + r.nr; link++) {
		if (!link->btf || policy_find_btf(p, link->btf) || !is_companion(&r, link))
			continue;
		one = policy_remove_pin(link->path, link->link_id, removed);
		ret = ret ?: one;
	}
	/* the last, as it is by these that the others are found */
	for (link = r.list; link < r.list + r.nr; link++) {
		if (!link->dead)
			continue;
		one = policy_remove_pin(link->path, link->link_id, removed);
		ret = ret ?: one;
	}
out:
	while (r.nr)
		free(r.list[--r.nr].path);
	free(r.list);
	return ret;
}
