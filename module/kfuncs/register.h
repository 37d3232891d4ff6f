/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_KFUNCS_REGISTER_H
#define _TASKHOLD_KFUNCS_REGISTER_H

int taskhold_kfuncs_register(void);

#endif /* _TASKHOLD_KFUNCS_REGISTER_H */
