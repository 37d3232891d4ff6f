// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cgroups that live for one process: each of COUNT is made below PARENT, one
 * process runs in it, and it is removed as soon as that one has been reaped.
 * Every other process is born in its cgroup (CLONE_INTO_CGROUP), the rest move
 * themselves there.
 *
 * usage: cgroups PARENT COUNT LOG
 *
 * LOG gets a line for each: pid, status as wait(2) has it, the cgroup's path.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

static void fail(const char *what)
{
	fprintf(stderr, "cgroups: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static pid_t born_in(const char *cgroup)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
	};
	int fd = open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid;

	if (fd < 0)
		fail(cgroup);
	args.cgroup = fd;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid)
		close(fd);
	return pid;
}

static void move_to(const char *cgroup)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		fail(path);
}

int main(int argc, char **argv)
{
	char cgroup[4000];
	long i, count;
	FILE *log;

	if (argc != 4)
		return 2;
	count = strtol(argv[2], NULL, 10);
	log = fopen(argv[3], "we");
	if (!log)
		fail(argv[3]);
	for (i = 0; i < count; i++) {
		int status;
		pid_t pid;

		snprintf(cgroup, sizeof(cgroup), "%s/one-%ld", argv[1], i);
		if (mkdir(cgroup, 0755))
			fail(cgroup);
		pid = i & 1 ? born_in(cgroup) : fork();
		if (pid < 0)
			fail("a new process");
		if (pid == 0) {
			if (!(i & 1))
				move_to(cgroup);
			_exit(i & 0xff);
		}
		if (waitpid(pid, &status, 0) != pid)
			fail("waitpid");
		if (rmdir(cgroup))
			fail(cgroup);
		fprintf(log, "%d %d %s\n", pid, status, cgroup);
	}
	if (fclose(log))
		fail(argv[3]);
	return 0;
}
