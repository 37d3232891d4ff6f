// SPDX-License-Identifier: GPL-2.0-only
#include "policy_gone.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "error.h"
#include "module.h"
#include "policy_find.h"

#define FREED_STEP_MS	10
/* Grace periods and a work queue: what else is there is asked after that. */
#define SOON_MS		100

static bool is_there(struct holders_ref ref)
{
	static int (*const get_fd[HOLDERS_NR_TYPES])(__u32 id) = {
		[HOLDERS_MAP]	= bpf_map_get_fd_by_id,
		[HOLDERS_PROG]	= bpf_prog_get_fd_by_id,
		[HOLDERS_LINK]	= bpf_link_get_fd_by_id,
		[HOLDERS_BTF]	= bpf_btf_get_fd_by_id,
	};
	int fd = get_fd[ref.type](ref.id);

	if (fd >= 0)
		close(fd);
	return fd != -ENOENT;
}

void policy_gone_wait(const struct policies *p, const struct policy_place *place)
{
	struct module_state module = {};
	struct holders holders;
	int waited = 0, err;
	const char *what;
	size_t i;

	/* another policy of the same load holds all of it, and the module */
	if (policy_find_sibling(p, place))
		return;
	for (i = 0; i < p->holders.nr; i++) {
		if (!policy_find_part(p, place, &p->holders.obj[i]))
			continue;
		for (; is_there(p->holders.obj[i].self); waited += FREED_STEP_MS) {
			if (waited >= MODULE_FREED_MS)
				return;
			poll(NULL, 0, FREED_STEP_MS);
		}
	}
	/*
	 * They have no numbers any more, and are freed, after which the module's
	 * references go: all of them, soon, or it is kept by somebody else, for whom is
	 * looked last, as it takes as long as all the rest.
	 */
	module_wait_refcnt(&module, 0, SOON_MS);
	if (module.refcnt <= 0)
		return;
	err = holders_read(&holders, &what);
	if (err) {
		th_info("who else holds the module cannot be told: %s failed", what);
		return;
	}
	if (!holders.nr_modules && !holders_count(&holders, HOLDERS_DOES) &&
	    !holders_count(&holders, HOLDERS_MAYBE))
		module_wait_refcnt(&module, 0, MODULE_FREED_MS);
	holders_free(&holders);
}
