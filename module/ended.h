/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_ENDED_H
#define _TASKHOLD_ENDED_H

#include <linux/types.h>

#include <taskhold/types.h>

void taskhold_ended_add(const struct taskhold_exit_info *info);
int taskhold_ended_read(u32 nth, struct taskhold_exit_info *out);

#endif /* _TASKHOLD_ENDED_H */
