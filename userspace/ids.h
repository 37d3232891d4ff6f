/* SPDX-License-Identifier: GPL-2.0-only */
/* The objects of BPF that there are, of one kind, by their ids. */
#ifndef _TASKHOLD_IDS_H
#define _TASKHOLD_IDS_H

#include <linux/types.h>

/*
 * ids_each - look at each object of a kind
 * @next: bpf_map_get_next_id() or that of another kind
 * @get_fd: bpf_map_get_fd_by_id() likewise
 * @fn: what is called with each; the descriptor is closed after it
 * @ctx: for @fn
 *
 * Left out are objects that vanish meanwhile, and links that are just being made: the
 * kernel gives a link its id before it attaches it, and the link to nobody until that
 * is done.
 *
 * Returns 0, a negative errno, or what @fn returned if that was not 0, which ends it.
 */
int ids_each(int (*next)(__u32 id, __u32 *next_id), int (*get_fd)(__u32 id),
	     int (*fn)(void *ctx, __u32 id, int fd), void *ctx);

#endif /* _TASKHOLD_IDS_H */
