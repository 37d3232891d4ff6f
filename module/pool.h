/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_POOL_H
#define _TASKHOLD_POOL_H

#include <linux/types.h>

struct taskhold_rec;

int taskhold_pool_init(void);
void taskhold_pool_drain(void);
void taskhold_pool_exit(void);
u64 taskhold_pool_kept(void);

struct taskhold_rec *taskhold_pool_alloc(void);
void taskhold_pool_free(struct taskhold_rec *rec);

#endif /* _TASKHOLD_POOL_H */
