// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads and processes that use CPU time on demand.
 *
 * usage: burn [-t THREADS] [-c CHILDREN] [-n] MS
 *
 * This process and CHILDREN children of it have THREADS threads each. Prints
 * "ready" once all of them are there. For each line that is read from standard
 * input every thread uses MS milliseconds of CPU time, then "done" is printed;
 * the line "thread" makes a new thread in this process, and "child" a new
 * child, which do the same once and end. At the line "end" all threads end
 * before the first one of their process does; -n: at once, without input, after
 * one round.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct shared {
	pthread_barrier_t begin, end;
	bool stop;
} *shared;

static long long burn_ns;
static long threads = 1;

static void fail(const char *what, int err)
{
	fprintf(stderr, "burn: %s: %s\n", what, strerror(err));
	_exit(1);
}

static void use_cpu(void)
{
	struct timespec ts;
	long long now, end = 0;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
		now = ts.tv_sec * 1000000000LL + ts.tv_nsec;
		if (!end)
			end = now + burn_ns;
	} while (now < end);
}

static void *once(void *unused)
{
	(void)unused;
	use_cpu();
	return NULL;
}

static void *rounds(void *unused)
{
	(void)unused;
	for (;;) {
		pthread_barrier_wait(&shared->begin);
		if (shared->stop)
			return NULL;
		use_cpu();
		pthread_barrier_wait(&shared->end);
	}
}

static pthread_t thread(void *(*fn)(void *))
{
	pthread_t id;
	int err = pthread_create(&id, NULL, fn, NULL);

	if (err)
		fail("pthread_create", err);
	return id;
}

/* All threads of this process but the first, which is the caller. */
static pthread_t *start_threads(void)
{
	pthread_t *ids = calloc(threads, sizeof(*ids));
	long i;

	for (i = 1; ids && i < threads; i++)
		ids[i] = thread(rounds);
	return ids;
}

static void join_threads(pthread_t *ids)
{
	long i;

	for (i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
}

static void all_round(void)
{
	pthread_barrier_wait(&shared->begin);
	use_cpu();
	pthread_barrier_wait(&shared->end);
}

static void child(void)
{
	pthread_t *ids = start_threads();

	rounds(NULL);
	join_threads(ids);
	_exit(0);
}

static void say(const char *word)
{
	puts(word);
	if (fflush(stdout))
		fail("standard output", errno);
}

int main(int argc, char **argv)
{
	long children = 0, i;
	bool now = false;
	pthread_barrierattr_t attr;
	pthread_t *ids;
	char line[64];
	pid_t pid;
	int opt;

	while ((opt = getopt(argc, argv, "t:c:n")) != -1) {
		if (opt == 't')
			threads = strtol(optarg, NULL, 10);
		else if (opt == 'c')
			children = strtol(optarg, NULL, 10);
		else if (opt == 'n')
			now = true;
		else
			return 2;
	}
	if (optind + 1 != argc || threads < 1)
		return 2;
	burn_ns = strtol(argv[optind], NULL, 10) * 1000000LL;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap", errno);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->begin, &attr, threads * (children + 1));
	pthread_barrier_init(&shared->end, &attr, threads * (children + 1));

	for (i = 0; i < children; i++) {
		pid = fork();
		if (pid < 0)
			fail("fork", errno);
		if (pid == 0)
			child();
	}
	ids = start_threads();
	if (now) {
		all_round();
	} else {
		/* all threads run once they have come to the end of a round */
		say("ready");
		while (fgets(line, sizeof(line), stdin)) {
			if (!strcmp(line, "end\n"))
				break;
			if (!strcmp(line, "thread\n")) {
				pthread_join(thread(once), NULL);
			} else if (!strcmp(line, "child\n")) {
				pid = fork();
				if (pid < 0)
					fail("fork", errno);
				if (pid == 0) {
					use_cpu();
					_exit(0);
				}
				waitpid(pid, NULL, 0);
			} else {
				all_round();
			}
			say("done");
		}
	}
	shared->stop = true;
	pthread_barrier_wait(&shared->begin);
	join_threads(ids);
	while (wait(NULL) > 0)
		;
	return 0;
}
