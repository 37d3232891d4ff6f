/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The links by which policies are attached, for who knows nothing of BPF.
 * Implemented in struct_ops/link.c.
 */
#ifndef _TASKHOLD_LINK_H
#define _TASKHOLD_LINK_H

#include <linux/types.h>

struct bpf_link;

bool taskhold_link_get(struct bpf_link *link);
void taskhold_link_detach(struct bpf_link *link);

#endif /* _TASKHOLD_LINK_H */
