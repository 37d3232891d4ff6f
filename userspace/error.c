// SPDX-License-Identifier: GPL-2.0-only
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "error.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

/* Of a verifier log the last lines say why; the rest is the way there. */
#define LOG_TAIL_LINES	12

#define LOG_BEGIN	"-- BEGIN PROG LOAD LOG --"
#define LOG_END		"-- END PROG LOAD LOG --"

bool th_verbose;

static struct {
	char text[TH_LIBBPF_KEEP + 1];
	size_t len;
} kept;

/* The first failure that was said. */
static char *failed;

static void say(const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("taskhold: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

static void fail(const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	if (!failed && vasprintf(&failed, fmt, again) < 0)
		failed = NULL;
	va_end(again);
	say(fmt, ap);
}

int th_fail(int exit_code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(fmt, ap);
	va_end(ap);
	return exit_code;
}

const char *th_failed(void)
{
	return failed ?: "";
}

int th_end_output(int status)
{
	static bool said;

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (!said)
		th_fail(TH_IO, "cannot write to standard output: %s",
			errno ? strerror(errno) : "part of it is missing");
	said = true;
	/* what has failed before says more */
	return status ?: TH_IO;
}

void th_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void th_info(const char *fmt, ...)
{
	va_list ap;

	if (!th_verbose)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

/* How many options begin as @arg, "--name" or "--name=value", does. */
static int options_like(const struct option *options, const char *arg)
{
	size_t len = strcspn(arg + 2, "=");
	int n = 0;

	for (; options->name; options++)
		n += !strncmp(options->name, arg + 2, len);
	return n;
}

int th_bad_option(const char *cmd, const struct option *options, int opt, char **argv)
{
	const char *arg = argv[optind - 1];
	char see[64];

	if (cmd)
		snprintf(see, sizeof(see), "taskhold help %s", cmd);
	else
		snprintf(see, sizeof(see), "taskhold help");

	if (opt == ':')
		return th_fail(TH_USAGE, "option %s needs an argument; see '%s'", arg, see);
	/* A bad short option may stand in a bundle that optind is still in. */
	if (optopt && strncmp(arg, "--", 2))
		return th_fail(TH_USAGE, "there is no option -%c; see '%s'", optopt, see);
	if (optopt)
		return th_fail(TH_USAGE, "option %.*s takes no argument; see '%s'",
			       (int)strcspn(arg, "="), arg, see);
	if (options_like(options, arg) > 1)
		return th_fail(TH_USAGE, "more than one option begins like %s; see '%s'", arg, see);
	return th_fail(TH_USAGE, "there is no option %s; see '%s'", arg, see);
}

static void keep(const char *text, size_t len)
{
	size_t drop;

	if (len > TH_LIBBPF_KEEP) {
		text += len - TH_LIBBPF_KEEP;
		len = TH_LIBBPF_KEEP;
	}
	if (kept.len + len > TH_LIBBPF_KEEP) {
		drop = kept.len + len - TH_LIBBPF_KEEP;
		memmove(kept.text, kept.text + drop, kept.len - drop);
		kept.len -= drop;
	}
	memcpy(kept.text + kept.len, text, len);
	kept.len += len;
	kept.text[kept.len] = 0;
}

static int libbpf_says(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *text;
	int len;

	len = vasprintf(&text, fmt, ap);
	if (len < 0)
		return 0;
	if (th_verbose)
		fputs(text, stderr);
	/* Only what libbpf itself calls a warning is worth keeping. */
	if (level == LIBBPF_WARN)
		keep(text, len);
	free(text);
	return len;
}

void th_libbpf_init(void)
{
	libbpf_set_print(libbpf_says);
}

void th_libbpf_clear(void)
{
	kept.len = 0;
	kept.text[0] = 0;
}

const char *th_libbpf_kept(void)
{
	return kept.text;
}

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* Closing figures of a verifier log: how much it did, not why it refused. */
static bool is_figures(const char *line)
{
	return begins(line, "processed ") || begins(line, "verification time ") ||
	       begins(line, "stack depth ");
}

static void show_log(char *log)
{
	char *lines[LOG_TAIL_LINES], *line, *save = NULL;
	size_t n = 0, i;

	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!is_figures(line))
			lines[n++ % LOG_TAIL_LINES] = line;
	}
	if (n > LOG_TAIL_LINES)
		fprintf(stderr, "  verifier: ... %zu lines left out, -v shows them\n",
			n - LOG_TAIL_LINES);
	for (i = n > LOG_TAIL_LINES ? n - LOG_TAIL_LINES : 0; i < n; i++)
		fprintf(stderr, "  verifier: %s\n", lines[i % LOG_TAIL_LINES]);
}

/* Prints what stands outside of verifier logs line by line, of those the tail. */
static void show_kept(void)
{
	char *p = kept.text, *end, *eol;

	while (*p) {
		eol = strchr(p, '\n');
		if (eol)
			*eol = 0;
		if (strstr(p, LOG_BEGIN) && eol) {
			end = strstr(eol + 1, LOG_END);
			if (end)
				*end = 0;
			show_log(eol + 1);
			if (!end)
				break;
			eol = strchr(end + 1, '\n');
		} else if (*p) {
			fprintf(stderr, "  %s\n", p);
		}
		if (!eol)
			break;
		p = eol + 1;
	}
	th_libbpf_clear();
}

int th_fail_libbpf(int exit_code, const char *fmt, ...)
{
	char *end, *begin;
	va_list ap;

	va_start(ap, fmt);
	fail(fmt, ap);
	va_end(ap);
	/* All of it has been shown already. */
	if (th_verbose) {
		th_libbpf_clear();
		return exit_code;
	}

	/* The beginning of a log longer than what is kept is gone: start inside it. */
	end = strstr(kept.text, LOG_END);
	begin = strstr(kept.text, LOG_BEGIN);
	if (end && (!begin || begin > end)) {
		char *rest = strchr(end, '\n');

		*end = 0;
		show_log(kept.text);
		if (!rest)
			rest = end;
		memmove(kept.text, rest, strlen(rest) + 1);
	}
	show_kept();
	return exit_code;
}
