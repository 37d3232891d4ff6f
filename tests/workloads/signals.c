// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command that counts the signals which it gets.
 *
 * usage: signals LOG [STATUS]
 *
 * Adds a line to LOG for each SIGINT and SIGTERM, with its name; prints "ready"
 * once it does. With STATUS it starts a process /bin/true at the first of them,
 * waits a second for more, and ends with STATUS; else it goes on until there is
 * a file LOG.enough, makes LOG.ended and ends with 0.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "signals: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void note(const char *log, int signal)
{
	FILE *f = fopen(log, "ae");

	if (!f || fprintf(f, "%s\n", signal == SIGINT ? "INT" : "TERM") < 0 || fclose(f))
		fail(log);
}

static void run_true(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		fail("/bin/true");
}

int main(int argc, char **argv)
{
	const struct timespec second = { .tv_sec = 1 }, poll = { .tv_nsec = 50000000 };
	char enough[4096], ended[4096];
	sigset_t set;
	int signal;

	if (argc < 2 || argc > 3)
		return 2;
	snprintf(enough, sizeof(enough), "%s.enough", argv[1]);
	snprintf(ended, sizeof(ended), "%s.ended", argv[1]);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		fail("sigprocmask");
	puts("ready");
	fflush(stdout);

	if (argc == 3) {
		if (sigwait(&set, &signal))
			fail("sigwait");
		note(argv[1], signal);
		run_true();
		while ((signal = sigtimedwait(&set, NULL, &second)) > 0)
			note(argv[1], signal);
		return strtol(argv[2], NULL, 10);
	}

	while (access(enough, F_OK)) {
		signal = sigtimedwait(&set, NULL, &poll);
		if (signal > 0)
			note(argv[1], signal);
	}
	if (!freopen(ended, "we", stdout))
		fail(ended);
	return 0;
}
