// SPDX-License-Identifier: GPL-2.0-only
#include "policy_companion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "error.h"
#include "policy_object.h"
#include "policy_pin.h"

int policy_companion_attach(struct policy_companions *c, const struct policy_object *o)
{
	struct policy_companion *more;
	struct bpf_program *prog;
	struct bpf_link *link;
	int ret;

	bpf_object__for_each_program(prog, o->obj) {
		if (!policy_object_companion(prog))
			continue;
		more = reallocarray(c->list, c->nr + 1, sizeof(*more));
		if (!more) {
			ret = th_fail(TH_ENV, "out of memory");
			goto fail;
		}
		c->list = more;
		th_libbpf_clear();
		link = bpf_program__attach(prog);
		if (!link && errno == EOPNOTSUPP) {
			th_warn("%s: program %s is loaded and not attached: its section %s does not say to what",
				o->path, bpf_program__name(prog), bpf_program__section_name(prog));
			continue;
		}
		if (!link) {
			ret = th_fail_libbpf(TH_ENV, "%s: program %s (%s) cannot be attached: %s",
					     o->path, bpf_program__name(prog),
					     bpf_program__section_name(prog), strerror(errno));
			goto fail;
		}
		c->list[c->nr++] = (struct policy_companion){ .prog = prog, .link = link };
	}
	return TH_OK;
fail:
	policy_companion_free(c, false);
	return ret;
}

void policy_companion_free(struct policy_companions *c, bool kept)
{
	while (c->nr) {
		c->nr--;
		policy_pin_close(c->list[c->nr].link, kept && c->list[c->nr].pin);
	}
	free(c->list);
	c->list = NULL;
}

unsigned int policy_companion_link_id(int link_fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	return bpf_link_get_info_by_fd(link_fd, &info, &len) ? 0 : info.id;
}
