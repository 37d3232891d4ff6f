/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/progs/kptr_race.bpf.c is told and says. */
#ifndef _TASKHOLD_TESTS_LIB_RACE_H
#define _TASKHOLD_TESTS_LIB_RACE_H

#include "../progs/race.h"

#endif /* _TASKHOLD_TESTS_LIB_RACE_H */
