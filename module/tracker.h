/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_TRACKER_H
#define _TASKHOLD_TRACKER_H

#include <linux/types.h>

#include <taskhold/ops.h>

struct bpf_link;

int taskhold_tracker_init(void);

int taskhold_tracker_attach(const struct taskhold_ops *ops, struct bpf_link *link);
int taskhold_tracker_update(const struct taskhold_ops *ops, const struct taskhold_ops *old);
void taskhold_tracker_detach(const struct taskhold_ops *ops);
int taskhold_tracker_detach_named(const char *name);
void taskhold_tracker_end_faulty(void);

u64 taskhold_tracker_finished(void);

#endif /* _TASKHOLD_TRACKER_H */
