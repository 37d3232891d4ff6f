// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that use CPU time, each as much as it is told to, and say how much
 * that was: the kernel's own number, CLOCK_THREAD_CPUTIME_ID.
 *
 * usage: threads [-g] [-x | -X] LOG MS...
 *
 * The first thread uses the first MS milliseconds, a thread more for each of the
 * others. LOG gets a line for each before it ends: tid, its number, nanoseconds,
 * name. With -g they are made and wait, "ready" is printed, and a line on standard
 * input lets them go. The first thread ends last, but with -x the last thread
 * calls exec for /bin/true when all others have used their time, or with -X it
 * does so while they go on without end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static pthread_barrier_t go, used;
static bool exec_at_end, others_go_on;
static long count;
static char **spans;
static int log_fd;

static void fail(const char *what, int err)
{
	fprintf(stderr, "threads: %s: %s\n", what, strerror(err));
	_exit(1);
}

static long long cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* One write, so that lines do not mix; and almost the last that the thread does. */
static void note(long number, const char *name)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "%d %ld %lld %s\n", gettid(), number, cpu_ns(),
			   name);

	if (write(log_fd, line, len) != len)
		fail("the log", errno);
}

static void *run(void *arg)
{
	long number = (long)arg;
	long long ns = strtol(spans[number], NULL, 10) * 1000000LL;
	char name[16] = "threads";

	if (number) {
		snprintf(name, sizeof(name), "thread-%ld", number);
		prctl(PR_SET_NAME, name);
	}
	pthread_barrier_wait(&go);
	while (cpu_ns() < ns)
		;
	note(number, name);
	if (!exec_at_end)
		return NULL;
	pthread_barrier_wait(&used);
	if (number == count - 1) {
		execl("/bin/true", "true", NULL);
		fail("/bin/true", errno);
	}
	/* exec ends it */
	while (others_go_on)
		cpu_ns();
	while (!number)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	bool gate = false;
	pthread_t *ids;
	int opt, err;
	long i;

	while ((opt = getopt(argc, argv, "gxX")) != -1) {
		if (opt == '?')
			return 2;
		gate |= opt == 'g';
		exec_at_end |= opt == 'x' || opt == 'X';
		others_go_on |= opt == 'X';
	}
	count = argc - optind - 1;
	if (count < 1)
		return 2;
	spans = argv + optind + 1;
	log_fd = open(argv[optind], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log_fd < 0)
		fail(argv[optind], errno);
	pthread_barrier_init(&go, NULL, count);
	pthread_barrier_init(&used, NULL, count);
	ids = calloc(count, sizeof(*ids));
	for (i = 1; ids && i < count; i++) {
		err = pthread_create(&ids[i], NULL, run, (void *)i);
		if (err)
			fail("pthread_create", err);
	}
	if (gate) {
		puts("ready");
		fflush(stdout);
		if (getchar() == EOF)
			return 1;
	}
	run(NULL);
	for (i = 1; i < count; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
