/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The companions of a policy: programs of its object file that libbpf can attach by
 * what their section says (tracepoints, LSM hooks, iterators), as a skeleton's attach
 * does.  They live as long as the attachment of the policies.
 */
#ifndef _TASKHOLD_POLICY_COMPANION_H
#define _TASKHOLD_POLICY_COMPANION_H

#include <stdbool.h>
#include <stddef.h>

#include <bpf/libbpf.h>

struct policy_object;

struct policy_companion {
	struct bpf_program *prog;
	struct bpf_link *link;
	const char *pin;	/* NULL: not pinned */
};

struct policy_companions {
	struct policy_companion *list;
	size_t nr;
};

/*
 * Attaches those of an object that is loaded, and warns of programs that nothing says
 * of where to attach them.  Speaks of what fails, with none of them attached then;
 * returns an exit code.
 */
int policy_companion_attach(struct policy_companions *c, const struct policy_object *o);

/* Detaches them, or with @kept only those that are not pinned. */
void policy_companion_free(struct policy_companions *c, bool kept);

/* The link's number in the kernel, 0: not to be read. */
unsigned int policy_companion_link_id(int link_fd);

#endif /* _TASKHOLD_POLICY_COMPANION_H */
