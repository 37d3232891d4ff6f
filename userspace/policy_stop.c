// SPDX-License-Identifier: GPL-2.0-only
#include "policy_stop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "clock.h"
#include "error.h"
#include "policy_find.h"

/* Whoever else detaches it at the same time may not have ended it yet. */
#define GONE_MS		10000
#define GONE_STEP_MS	10

int policy_stop_place(const struct policy_place *place)
{
	__u32 key = 0;
	int fd, err;

	fd = place->link_id ? bpf_link_get_fd_by_id(place->link_id) :
			      bpf_map_get_fd_by_id(place->map_id);
	if (fd < 0)
		return fd == -ENOENT ? 1 : fd;
	err = place->link_id ? bpf_link_detach(fd) : bpf_map_delete_elem(fd, &key);
	close(fd);
	/* somebody else did */
	return err == -ENOLINK || err == -ENOENT || err == -EINPROGRESS ? 1 : err;
}

/*
 * The place was read before the number: where somebody has detached the one and
 * attached the other between, the number is that of a policy that lives on.  The kernel
 * detaches a link that is dead as if it were not.
 */
static int check_same(struct policies *p, const struct policy_place *old)
{
	const struct policy_place *now;
	int ret;

	ret = policy_find_places(p);
	if (ret)
		return ret;
	now = policy_find(p, old->name);
	if (now && (now->link_id != old->link_id || now->map_id != old->map_id))
		return th_fail(TH_ENV, "policy %s: somebody has detached it and attached another of that name just now; try again",
			       old->name);
	return TH_OK;
}

int policy_stop(struct policies *p, const struct policy_place *place, __u64 id,
		struct taskhold_exit_info *info)
{
	const struct policy_place old = *place;
	const struct taskhold_exit_info *ended;
	__u64 end = clock_ms() + GONE_MS;
	struct counters counters;
	const char *what;
	bool is_attached;
	int ret, err;

	memset(info, 0, sizeof(*info));
	err = policy_stop_place(&old);
	if (err < 0)
		return th_fail(TH_ENV, "policy %s cannot be detached: %s", old.name,
			       strerror(-err));
	for (;;) {
		err = counters_read(&counters, &what);
		if (err)
			return th_fail(TH_ENV, "policy %s is detached, and not seen to be gone: %s failed: %s",
				       old.name, what, strerror(-err));
		ended = counters_find_ended_id(&counters, id);
		is_attached = counters_find_id(&counters, id);
		/* neither for a moment, or for ever where more have ended than are known */
		if (ended || (!is_attached && clock_ms() >= end))
			break;
		ret = is_attached ? check_same(p, &old) : TH_OK;
		if (ret)
			return ret;
		if (clock_ms() >= end)
			return th_fail(TH_ENV, "policy %s is not seen to be gone: %s", old.name,
				       strerror(ETIMEDOUT));
		poll(NULL, 0, GONE_STEP_MS);
	}
	if (ended)
		*info = *ended;
	return TH_OK;
}
