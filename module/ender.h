/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_ENDER_H
#define _TASKHOLD_ENDER_H

void taskhold_ender_run(void);
void taskhold_ender_wait(void);
int taskhold_ender_init(void);
void taskhold_ender_exit(void);

#endif /* _TASKHOLD_ENDER_H */
