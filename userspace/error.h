/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the CLI fails: one line on stderr that says what failed, on what and
 * what to do, and an exit status that a script can tell apart.
 */
#ifndef _TASKHOLD_ERROR_H
#define _TASKHOLD_ERROR_H

#include <getopt.h>
#include <stdbool.h>

/*
 * Exit statuses.  `taskhold record -- CMD` exits as CMD does, by the shell's
 * rules, once CMD could be started: 126 not executable, 127 not found,
 * 128 + n killed by signal n.
 */
enum th_exit {
	TH_OK		= 0,
	TH_USAGE	= 2,	/* wrong option, argument or subcommand */
	TH_ENV		= 3,	/* privileges, kernel, module, versions */
	TH_IO		= 4,	/* a file cannot be read, written or understood */
	TH_INCOMPLETE	= 5,	/* --require-complete, and it is not */
	TH_DETACHED	= 6,	/* the policy that was held is detached from outside */
	TH_NOT_EXEC	= 126,
	TH_NOT_FOUND	= 127,
	TH_SIGNAL	= 128,	/* plus the number of the signal */
};

/* -v was given: th_info() speaks and so does libbpf. */
extern bool th_verbose;

/* "taskhold: ..." on stderr, once; returns exit_code, so: return th_fail(...). */
int th_fail(int exit_code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What was said by the first of these and th_fail_libbpf() that failed, "" before. */
const char *th_failed(void);

/*
 * Everything written to stdout, also what stdio still held?  Where not it says so the
 * first time that it is asked.  Returns @status, or TH_IO where that is TH_OK and not
 * everything was written.
 */
int th_end_output(int status);

/* Something the user should know that stops nothing. */
void th_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For -v alone. */
void th_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * getopt_long() has not found it in @options: says which option and why, and returns
 * TH_USAGE.  The caller has set opterr = 0 and begun its option string with ':'.
 */
int th_bad_option(const char *cmd, const struct option *options, int opt, char **argv);

/*
 * Takes libbpf's messages: all are printed with -v, warnings are kept, the last
 * TH_LIBBPF_KEEP bytes of them.
 */
#define TH_LIBBPF_KEEP	(64u << 10)
void th_libbpf_init(void);

/* Forgets what was kept: before an operation whose messages matter. */
void th_libbpf_clear(void);

/* What was kept since, lines of text; valid until libbpf speaks again. */
const char *th_libbpf_kept(void);

/*
 * th_fail(), and below it what libbpf said about it since th_libbpf_clear():
 * its warnings, and of a verifier log the last lines, where the reason stands.
 * Only the message with -v, which has shown the rest already.
 */
int th_fail_libbpf(int exit_code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* _TASKHOLD_ERROR_H */
