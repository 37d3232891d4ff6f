/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_STRUCT_OPS_H
#define _TASKHOLD_STRUCT_OPS_H

int taskhold_ops_register(void);

#endif /* _TASKHOLD_STRUCT_OPS_H */
