/* SPDX-License-Identifier: GPL-2.0-only */
/* On which processor a test runs, and how long several of them race. */
#ifndef _TASKHOLD_TESTS_CPUS_H
#define _TASKHOLD_TESTS_CPUS_H

#include <sched.h>

#include "lib/guest.h"

/* The calling thread, from now on. */
static inline void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("run on CPU %d", cpu);
}

/* The fixed part that CI runs, or what the caller has time for. */
static inline int race_seconds(int fixed)
{
	const char *text = getenv("TASKHOLD_RACE_SECONDS");

	return text ? atoi(text) : fixed;
}

#endif /* _TASKHOLD_TESTS_CPUS_H */
