/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/progs/kptr_values.bpf.c is told and says. */
#ifndef _TASKHOLD_TESTS_LIB_KPTR_VALUES_H
#define _TASKHOLD_TESTS_LIB_KPTR_VALUES_H

#include <linux/types.h>

#include "../progs/held_maps_kinds.h"
#include "../progs/kptr_values.h"
#include "../progs/sizes.h"

#endif /* _TASKHOLD_TESTS_LIB_KPTR_VALUES_H */
