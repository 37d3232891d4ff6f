// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's own functions on a policy's link. */
#include <linux/bpf.h>

#include "../link.h"

/**
 * taskhold_link_get - take a reference to a link that may be about to go
 * @link: a link whose memory is there
 *
 * Context: any.
 *
 * Return: true for a reference, which taskhold_link_detach() drops; false if the
 * last one is gone.
 */
bool taskhold_link_get(struct bpf_link *link)
{
	return !IS_ERR(bpf_link_inc_not_zero(link));
}

/**
 * taskhold_link_detach - detach a policy by its link, drop a reference to that
 * @link: a reference of taskhold_link_get()
 *
 * Who polls the link sees EPOLLHUP.  Nothing happens to one that is detached.
 *
 * Context: may sleep; calls unreg of the type, under the BPF core's lock.
 */
void taskhold_link_detach(struct bpf_link *link)
{
	link->ops->detach(link);
	bpf_link_put(link);
}
