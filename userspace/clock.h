/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock by which waiting is bounded. */
#ifndef _TASKHOLD_CLOCK_H
#define _TASKHOLD_CLOCK_H

#include <time.h>

/* CLOCK_MONOTONIC in ms. */
static inline unsigned long long clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

#endif /* _TASKHOLD_CLOCK_H */
