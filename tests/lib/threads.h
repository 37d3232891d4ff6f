/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes of several threads for tests to watch: born straight into a cgroup
 * of their own, whose cpu.stat then is what the kernel charged for them and for
 * nobody else, the way out of the last thread included.
 */
#ifndef _TASKHOLD_TESTS_THREADS_H
#define _TASKHOLD_TESTS_THREADS_H

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>

#include "lib/policy.h"

#define THREADS 8	/* of a process, beside its first */

/**
 * struct seen - what a process and its threads say of themselves
 * @ready: threads that run
 * @done: threads that have done their work
 * @thread_ns: CPU time, read by each thread as the last thing it did
 * @first_ns: likewise of the first thread
 * @process_ns: of the process, read just before that
 * @tid: of each thread
 * @go: told to it: go on
 *
 * It is in memory that the process shares with the test.
 */
struct seen {
	int ready;
	int done;
	uint64_t thread_ns[THREADS];
	uint64_t first_ns;
	uint64_t process_ns;
	pid_t tid[THREADS];
	int go;
};

static inline struct seen *seen_make(void)
{
	struct seen *seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (seen == MAP_FAILED)
		die("mmap");
	return seen;
}

static inline void seen_free(struct seen *seen)
{
	munmap(seen, sizeof(*seen));
}

static inline int counter(const int *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static inline void count_up(int *at)
{
	__atomic_add_fetch(at, 1, __ATOMIC_ACQ_REL);
}

/* Waits in a thread until the test lets all of them go on. */
static inline void wait_to_go(struct seen *seen)
{
	while (!counter(&seen->go))
		syscall(SYS_futex, &seen->go, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static inline void let_go(struct seen *seen)
{
	count_up(&seen->go);
	syscall(SYS_futex, &seen->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* CLONE_INTO_CGROUP: struct clone_args of <linux/sched.h>, which <sched.h> does not go with. */
struct clone_into {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size,
		 tls, set_tid, set_tid_size, cgroup;
};

/*
 * fork(), but the child is in the cgroup from the start. It must neither
 * outlive its parent nor keep the parent's BPF objects.
 */
static inline pid_t fork_into(const char *cgroup)
{
	struct clone_into args = { .flags = 0x200000000ULL, .exit_signal = SIGCHLD };
	char path[256];
	pid_t pid;
	int fd;

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s", cgroup);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	args.cgroup = fd;
	fflush(stdout);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		die("clone3 into %s", path);
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) ||
			 close_range(STDERR_FILENO + 1, ~0U, 0)))
		_exit(99);
	if (pid)
		close(fd);
	return pid;
}

/* In a child. What fails there is seen by its exit status. */
static inline pthread_t thread_start(void *(*fn)(void *arg), void *arg)
{
	pthread_t id;

	if (pthread_create(&id, NULL, fn, arg))
		_exit(98);
	return id;
}

/* The state of a task as ps(1) shows it, 0 if there is none. */
static inline char task_state(pid_t pid)
{
	char path[64], buf[512], *after;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		return 0;
	after = strrchr(buf, ')');
	return after ? after[2] : 0;
}

/* Processes that a policy holds and that have not finished, -1 if there is no policy. */
static inline long live_now(struct reader *r, __u32 slot)
{
	const struct taskhold_policy_stats *stats;

	reader_settle(r);
	stats = reader_policy(r, slot);
	return stats ? (long)stats->live : -1;
}

/*
 * Waits until what a policy holds has finished. Who reaped a process may have
 * done so before its last thread is switched away from for good, and
 * taskhold_settle() does not wait for that. A process is no longer counted as
 * live a moment before finish() is called, so one more settling waits for that.
 */
static inline bool all_finished(struct reader *r, __u32 slot)
{
	return until(10, live_now(r, slot) == 0) && live_now(r, slot) == 0;
}

/*
 * Calls of finish() for the record of a process. It has no task where another
 * thread was freed after the first, so policy_calls() may not know them.
 */
static inline int finish_calls(const struct policy *p, pid_t tgid)
{
	__u32 i;
	int n = 0;

	for (i = 0; i < p->bss->nr_events && i < POLICY_EVENTS; i++)
		n += p->bss->events[i].call == POLICY_FINISH &&
		     (pid_t)p->bss->events[i].arg == tgid;
	return n;
}

/* CPU time of a process that is gone, as its record has it: held or not. */
static inline uint64_t cpu_in_all(const struct taskhold_info *info)
{
	return info->use.cpu_ns + info->cpu_before_ns;
}

/*
 * What the kernel charged to a cgroup since it had used @before_us. It tells
 * in us, cut off, so the difference of two readings can be off by one.
 */
static inline long off_by_ns(const char *cgroup, uint64_t before_us, uint64_t cpu_ns)
{
	long off = cpu_ns - (cgroup_cpu_us(cgroup) - before_us) * 1000;

	return off < 0 ? -off : off;
}

#endif /* _TASKHOLD_TESTS_THREADS_H */
