/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_BTF_H
#define _TASKHOLD_BTF_H

struct btf;

extern const struct btf *taskhold_btf;

#endif /* _TASKHOLD_BTF_H */
