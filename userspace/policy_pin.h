/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A directory of a bpffs with the links of one attachment as files: each policy by the
 * name of its map, each companion by that of its program.
 */
#ifndef _TASKHOLD_POLICY_PIN_H
#define _TASKHOLD_POLICY_PIN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct bpf_link;

struct policy_pin {
	const char *dir;
	char made[PATH_MAX];	/* the deepest directory that was made */
	size_t nr_made;		/* it and those above it that were */
	char **paths;		/* of what is pinned */
	size_t nr_paths;
};

/*
 * Can it be made there?  Says what is wrong: it is there, is below no bpffs, or has a
 * name that a bpffs does not take, with a dot or too long.  Changes nothing; returns an exit code.
 */
int policy_pin_check(const char *dir);

/* Makes the directory and those above it. Speaks; returns an exit code. */
int policy_pin_make(struct policy_pin *pin, const char *dir);

/* Pins a link there; the path is borrowed from pin. Speaks; NULL where it failed. */
const char *policy_pin_link(struct policy_pin *pin, int link_fd, const char *name);

/*
 * Removes the pin of a link, 0: of whatever it is.  What is there meanwhile for another
 * link, or for none, stays.  1: removed, 0: it was not there; or a negative errno.
 */
int policy_pin_remove(const char *path, unsigned int link_id);

/* Takes back all that was made, or only forgets it where it is to stay. */
void policy_pin_undo(struct policy_pin *pin);
void policy_pin_free(struct policy_pin *pin);

/*
 * Gives a link up: detaches it, or where a pin keeps it only closes it.  libbpf would
 * disable the perf event of one that is on a kprobe or a tracepoint.
 */
void policy_pin_close(struct bpf_link *link, bool pinned);

/* "DIR/NAME" malloced, or NULL; slashes at the end of DIR count once. */
char *policy_pin_path(const char *dir, const char *name);

#endif /* _TASKHOLD_POLICY_PIN_H */
