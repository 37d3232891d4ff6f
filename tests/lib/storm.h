/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that come and go, one after the other, until they are told to stop. */
#ifndef _TASKHOLD_TESTS_STORM_H
#define _TASKHOLD_TESTS_STORM_H

#include <sys/prctl.h>

#include "lib/threads.h"

/**
 * storm - what a process does that the test has forked for it
 * @born: counts those that it has made, and reaped; in memory shared with the test
 * @stop: becomes non-zero; likewise
 *
 * It goes when the test does.
 */
static inline void __attribute__((noreturn)) storm(int *born, const int *stop)
{
	pid_t pid;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(99);
	while (!counter(stop)) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			_exit(98);
		count_up(born);
	}
	_exit(0);
}

#endif /* _TASKHOLD_TESTS_STORM_H */
