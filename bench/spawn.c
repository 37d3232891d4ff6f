// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process costs: vfork(), _exit() in the child, waitpid(), over and
 * over. Prints nanoseconds a process, which under `qemu -icount shift=0` with
 * one processor are instructions: nothing else has to run, and what tools do
 * about each process, in the kernel or beside, is in. With COMMAND, which the
 * child executes, prints the CPU time of one; that may wait for its files.
 * Two nops tell bench/profile/plugin.c when it begins and when it ends.
 *
 * usage: spawn COUNT [COMMAND...]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* nopl 0x5448NNNN(%rax) */
static inline void mark_begin(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long 0x54480001" ::: "memory");
}

static inline void mark_end(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long 0x54480002" ::: "memory");
}

static long long children_ns(void)
{
	struct rusage use;

	getrusage(RUSAGE_CHILDREN, &use);
	return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000LL +
	       (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000LL;
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	long count = argc >= 2 ? strtol(argv[1], NULL, 10) : 0;
	long long begin;
	int status;
	long i;

	if (count <= 0) {
		fputs("usage: spawn COUNT [COMMAND...]\n", stderr);
		return 2;
	}

	begin = now_ns();
	mark_begin();
	for (i = 0; i < count; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			if (argc > 2)
				execvp(argv[2], argv + 2);
			_exit(argc > 2 ? 127 : 0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
			fprintf(stderr, "spawn: process %ld: %s\n", i,
				pid < 0 ? strerror(errno) : "failed");
			return 1;
		}
	}
	mark_end();
	fprintf(stderr, "%lld\n", (argc > 2 ? children_ns() : now_ns() - begin) / count);
	return 0;
}
