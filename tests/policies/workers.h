/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes whose CPU time the policies are to say: they work when they are let, and end
 * when they are let. Each has its gate, so that who has worked does not take the place of
 * who has not.
 */
#ifndef _TASKHOLD_TESTS_WORKERS_H
#define _TASKHOLD_TESTS_WORKERS_H

#include <pthread.h>

#include "lib/guest.h"

#define WORK_MS	40

/**
 * struct workers - what workers wait at
 * @go: opens for one to work
 * @done: one has worked
 * @end: opens for one to end
 */
struct workers {
	struct gate go;
	struct gate done;
	struct gate end;
};

static inline void workers_make(struct workers *w)
{
	gate_make(&w->go);
	gate_make(&w->done);
	gate_make(&w->end);
}

static inline void workers_close(struct workers *w)
{
	gate_close(&w->go);
	gate_close(&w->done);
	gate_close(&w->end);
}

static inline void *worker_thread(void *unused)
{
	(void)unused;
	burn_ms(WORK_MS);
	for (;;)
		pause();
	return NULL;
}

/*
 * A child in a cgroup that works @rounds times, WORK_MS each, and the first time in so
 * many threads more, which stay. It has been made outside, and used next to nothing there;
 * and it is moved while it is stopped, as what a task that runs has used since the last
 * update, up to a tick, would be charged to where it goes.
 */
static inline pid_t worker(struct workers *w, const char *cgroup, const char *name, int rounds,
			   int threads)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int go = dup(w->go.fd[0]), done = dup(w->done.fd[1]), end = dup(w->end.fd[0]);
		pthread_t id;
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		raise(SIGSTOP);
		while (rounds--) {
			if (read(go, &byte, 1) != 1)
				_exit(99);
			while (threads-- > 0) {
				if (pthread_create(&id, NULL, worker_thread, NULL))
					_exit(98);
			}
			burn_ms(WORK_MS);
			if (write(done, "", 1) != 1)
				_exit(97);
		}
		if (read(end, &byte, 1) != 1)
			_exit(96);
		_exit(0);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		die("a worker does not stop");
	cgroup_move(cgroup, pid);
	kill(pid, SIGCONT);
	return pid;
}

/* Lets one work, and waits until it has. */
static inline void workers_go(struct workers *w)
{
	gate_open(&w->go);
	gate_wait_here(&w->done);
}

/* Lets one end that has worked as often as it was to. */
static inline void workers_end(struct workers *w)
{
	gate_open(&w->end);
}

#endif /* _TASKHOLD_TESTS_WORKERS_H */
