// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes as fast as they come: each of WORKERS processes calls vfork() over
 * and over, its children call _exit() at once with the low byte of their number.
 *
 * usage: storm [-g CGROUP] [-w WORKERS] COUNT LOG
 *
 * -g makes a cgroup and does everything in it. LOG gets a line for each of the
 * COUNT children, in the order in which its parent had them: number, pid of the
 * parent, pid, status as wait(2) has it, user and system CPU time in
 * microseconds as wait4(2) has it. Prints nanoseconds a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct child {
	pid_t parent, pid;
	int status;
	long long cpu_us;
};

static void fail(const char *what)
{
	fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static long long us_of(const struct timeval *tv)
{
	return tv->tv_sec * 1000000LL + tv->tv_usec;
}

static void enter(const char *cgroup)
{
	char path[4096];
	int fd;

	if (mkdir(cgroup, 0755) && errno != EEXIST)
		fail(cgroup);
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		fail(path);
	close(fd);
}

/* Apart, so that no variable of the caller can be lost to the child. */
static __attribute__((noinline)) pid_t child_that_exits(int code)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(code);
	return pid;
}

static void work(struct child *children, long first, long step, long count)
{
	pid_t self = getpid();
	struct rusage use;
	long i;

	for (i = first; i < count; i += step) {
		pid_t pid = child_that_exits(i & 0xff);

		if (pid < 0)
			fail("vfork");
		if (wait4(pid, &children[i].status, 0, &use) != pid)
			fail("wait4");
		children[i].parent = self;
		children[i].pid = pid;
		children[i].cpu_us = us_of(&use.ru_utime) + us_of(&use.ru_stime);
	}
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	long long ns;
	struct child *children;
	long count, workers = 2, i;
	int opt, status, bad = 0;
	FILE *log;

	while ((opt = getopt(argc, argv, "g:w:")) != -1) {
		if (opt == 'g')
			enter(optarg);
		else if (opt == 'w')
			workers = strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 2 || workers < 1)
		return 2;
	count = strtol(argv[optind], NULL, 10);
	log = fopen(argv[optind + 1], "we");
	if (!log)
		fail(argv[optind + 1]);
	children = mmap(NULL, count * sizeof(*children), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (children == MAP_FAILED)
		fail("mmap");

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			work(children, i, workers, count);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		bad |= status;
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (bad)
		return 1;

	for (i = 0; i < count; i++)
		fprintf(log, "%ld %d %d %d %lld\n", i, children[i].parent, children[i].pid,
			children[i].status, children[i].cpu_us);
	if (fclose(log))
		fail("the log");
	ns = (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec;
	printf("%lld\n", ns / count);
	return 0;
}
