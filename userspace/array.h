/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASKHOLD_ARRAY_H
#define TASKHOLD_ARRAY_H

/* kselftest.h has it too. */
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#endif /* TASKHOLD_ARRAY_H */
