/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests of the module in the guest have in common: waiting with a bound,
 * the module's state as the kernel shows it, processes and cgroups to watch.
 *
 * A helper that cannot do its work ends the test, and says what it was at.
 */
#ifndef _TASKHOLD_TESTS_GUEST_H
#define _TASKHOLD_TESTS_GUEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODULE_DIR	"/sys/module/taskhold"
#define SLAB_DIR	"/sys/kernel/slab/taskhold_rec"
#define CGROUP_ROOT	"/sys/fs/cgroup"

#define ENOTSUPP	524	/* the kernel's own, which no header of user space has */

static inline void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	int err = errno;
	va_list args;

	printf("# cannot go on: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (errno %d: %s)\n", err, strerror(err));
	fflush(stdout);
	_exit(1);
}

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static inline void nap(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

/*
 * How many times slower this kernel is than a stock one, as the suite says: what
 * bounds of waiting are multiplied by.
 */
static inline unsigned int slowness(void)
{
	const char *text = getenv("TASKHOLD_SLOW");
	long n = text ? strtol(text, NULL, 10) : 1;

	return n > 1 ? n : 1;
}

/*
 * Is this a part of a suite, as "make check" runs it? Then what is done very often may be
 * done less often: the suite's own target does all of it.
 */
static inline bool is_part(void)
{
	return getenv("TASKHOLD_PART");
}

/*
 * Waits until a condition holds, a number of seconds at most. What it waits
 * for is freed after grace periods and by work queues, which tell nobody.
 */
#define until(seconds, condition)						\
({										\
	uint64_t until_end = now_ns(CLOCK_MONOTONIC) +				\
			     (seconds) * slowness() * 1000000000ULL;		\
	bool until_held;							\
										\
	while (!(until_held = (condition)) && now_ns(CLOCK_MONOTONIC) < until_end) \
		nap();								\
	until_held;								\
})

/* Lets others race for a time, which is not a bound and no longer on a slow kernel. */
static inline void go_on_for(unsigned int seconds)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + seconds * 1000000000ULL;

	while (now_ns(CLOCK_MONOTONIC) < end)
		nap();
}

/*
 * Memory of pages of 4 KiB each: the more of them a process has, the longer is its
 * way out. A kernel that has no others does not know the advice. NULL: there is none.
 */
static inline void *small_pages(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || (madvise(mem, size, MADV_NOHUGEPAGE) && errno != EINVAL))
		return NULL;
	return mem;
}

/* ---- files ---- */

static inline ssize_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return n;
}

static inline void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("write '%s' to %s", text, path);
	close(fd);
}

/* The number at the start of a file, -1 if there is none. */
static inline long number_in(const char *path)
{
	char buf[64];

	return read_file(path, buf, sizeof(buf)) > 0 ? strtol(buf, NULL, 10) : -1;
}

/* ---- the module ---- */

static inline bool module_loaded(void)
{
	return !access(MODULE_DIR, F_OK);
}

static inline long module_refs(void)
{
	return number_in(MODULE_DIR "/refcnt");
}

/* Runs a program and returns its exit status. */
static inline int run(char *const argv[])
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("run %s", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline void module_load(void)
{
	char *argv[] = { "modprobe", "taskhold", NULL };

	if (run(argv))
		die("modprobe taskhold");
}

/* 0, or a negative error; does not wait for anything. */
static inline int module_unload(void)
{
	return syscall(SYS_delete_module, "taskhold", O_NONBLOCK) ? -errno : 0;
}

/* Unloads the module once nothing refers to it; that must come soon. */
static inline int module_unload_soon(void)
{
	if (!until(10, module_refs() == 0))
		return -ETIMEDOUT;
	return module_unload();
}

/*
 * Records that the allocator has, which does not ask the module. The caches of
 * the CPUs hold free ones; shrinking gives those back.
 */
static inline long slab_records(void)
{
	write_file(SLAB_DIR "/shrink", "1");
	return number_in(SLAB_DIR "/objects");
}

/* ---- processes ---- */

/* Waits for a child; its wait(2) status. */
static inline int reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waitpid %d", pid);
	return status;
}

/* Uses about so much CPU time of the calling thread. */
static inline void burn_ms(long ms)
{
	uint64_t end = now_ns(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000ULL;

	while (now_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

/**
 * struct gate - lets another process wait until it may go on
 * @fd: a pipe: the other reads a byte, or the end of it
 */
struct gate {
	int fd[2];
};

static inline void gate_make(struct gate *gate)
{
	if (pipe2(gate->fd, O_CLOEXEC))
		die("pipe2");
}

/*
 * In a child, before anything else: it must neither outlive its parent nor keep
 * the parent's BPF objects by their file descriptors.
 */
static inline void gate_wait(struct gate *gate)
{
	char byte;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || dup2(gate->fd[0], STDIN_FILENO) < 0 ||
	    close_range(STDERR_FILENO + 1, ~0U, 0) || read(STDIN_FILENO, &byte, 1) != 1)
		_exit(99);
}

/* In the parent, until a child opens it. */
static inline void gate_wait_here(struct gate *gate)
{
	char byte;

	if (read(gate->fd[0], &byte, 1) != 1)
		die("wait at a gate");
}

static inline void gate_open(struct gate *gate)
{
	if (write(gate->fd[1], "", 1) != 1)
		die("open a gate");
}

static inline void gate_close(struct gate *gate)
{
	close(gate->fd[0]);
	close(gate->fd[1]);
}

/* ---- cgroups ---- */

static inline void cgroup_make(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s", name);
	if (mkdir(path, 0755))
		die("mkdir %s", path);
}

/* Removes a cgroup; one whose last task is just being freed takes a moment. */
static inline void cgroup_remove(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s", name);
	if (!until(5, rmdir(path) == 0))
		die("rmdir %s", path);
}

static inline uint64_t cgroup_id_of(const char *name)
{
	struct {
		struct file_handle handle;
		uint64_t id;
	} at = { .handle.handle_bytes = sizeof(uint64_t) };
	char path[256];
	int mount;

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s", name);
	if (name_to_handle_at(AT_FDCWD, path, &at.handle, &mount, 0))
		die("name_to_handle_at %s", path);
	return at.id;
}

static inline void cgroup_move(const char *name, pid_t pid)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s/cgroup.procs", name);
	snprintf(text, sizeof(text), "%d", pid);
	write_file(path, text);
}

static inline void cgroup_move_thread(const char *name, pid_t tid)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s/cgroup.threads", name);
	snprintf(text, sizeof(text), "%d", tid);
	write_file(path, text);
}

/* CPU time that the kernel charged to a cgroup, in us. */
static inline uint64_t cgroup_cpu_us(const char *name)
{
	char path[256], buf[1024];
	uint64_t us;

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s/cpu.stat", name);
	if (read_file(path, buf, sizeof(buf)) <= 0 || sscanf(buf, "usage_usec %lu", &us) != 1)
		die("read %s", path);
	return us;
}

/* Of a pipe: nobody has the end to write to any more. */
static inline bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd };

	if (poll(&p, 1, 0) < 0)
		die("poll");
	return p.revents & POLLHUP;
}

#endif /* _TASKHOLD_TESTS_GUEST_H */
