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
 * @outside_ns: CPU time that all of them had used before they were in their cgroups
 */
struct workers {
	struct gate go;
	struct gate done;
	struct gate end;
	uint64_t outside_ns;
};

static inline void workers_make(struct workers *w)
{
	gate_make(&w->go);
	gate_make(&w->done);
	gate_make(&w->end);
	w->outside_ns = 0;
}

static inline void workers_close(struct workers *w)
{
	gate_close(&w->go);
	gate_close(&w->done);
	gate_close(&w->end);
}

/* Time on a CPU by the scheduler's own statistics, in ns. */
static inline uint64_t schedstat(pid_t pid)
{
	char path[64], buf[128];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		die("read %s", path);
	return strtoull(buf, NULL, 10);
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
 * Moves a child that stops itself to a cgroup, and lets it go on. While it is stopped, as
 * what a task that runs has used since the last update, up to a tick, would be charged to
 * where it goes.
 */
static inline void worker_move(struct workers *w, const char *cgroup, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		die("a child does not stop");
	w->outside_ns += schedstat(pid);
	cgroup_move(cgroup, pid);
	kill(pid, SIGCONT);
}

/*
 * A child in a cgroup that works @rounds times, WORK_MS each, and the first time in so
 * many threads more, which stay.
 */
static inline pid_t worker(struct workers *w, const char *cgroup, const char *name, int rounds,
			   int threads)
{
	pid_t pid = fork();

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
	worker_move(w, cgroup, pid);
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

/* One that has worked as often as it was to but once does, and ends; and one is born. */
static inline void workers_last(struct workers *w, pid_t pid)
{
	workers_go(w);
	workers_end(w);
	if (reap(pid))
		die("a worker has failed");
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (reap(pid))
		die("a child has failed");
}

#endif /* _TASKHOLD_TESTS_WORKERS_H */
