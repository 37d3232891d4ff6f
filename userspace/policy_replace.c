// SPDX-License-Identifier: GPL-2.0-only
#include "policy_replace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "error.h"
#include "policy_find.h"

static int failed(const struct policy_place *place, int err)
{
	switch (err) {
	case -EPERM:
		return th_fail(TH_ENV, "policy %s: somebody else has updated it just now, and it runs on as they left it; look with 'taskhold policy show %s', then try again",
			       place->name, place->name);
	case -ENOLINK:
	case -ENOENT:
		return th_fail(TH_ENV, "policy %s: it has been detached just now; 'taskhold policy show %s' says why",
			       place->name, place->name);
	default:
		return th_fail(TH_ENV, "policy %s: the module refuses the update: %s; it runs on as it was",
			       place->name, strerror(-err));
	}
}

int policy_replace(const struct policy_place *place, int map_fd)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE);
	int link_fd, old_fd, err;

	link_fd = bpf_link_get_fd_by_id(place->link_id);
	if (link_fd < 0)
		return failed(place, link_fd);
	/* The number of a map is not given again: gone is that of one that was replaced. */
	old_fd = bpf_map_get_fd_by_id(place->map_id);
	if (old_fd < 0) {
		close(link_fd);
		return failed(place, old_fd == -ENOENT ? -EPERM : old_fd);
	}
	opts.old_map_fd = old_fd;
	err = bpf_link_update(link_fd, map_fd, &opts);
	close(old_fd);
	close(link_fd);
	return err ? failed(place, err) : TH_OK;
}
