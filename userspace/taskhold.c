// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold: the command.  A table of subcommands, each in its cmd_<name>.c.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include <taskhold/types.h>

#include "array.h"
#include "cmd.h"
#include "error.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "policy", cmd_policy, "attach, list, exchange, detach and check policies" },
	{ "record", cmd_record, "record what runs, and what it costs, to a file" },
	{ "report", cmd_report, "show a recording as a table, JSON or CSV" },
	{ "status", cmd_status, "show the module, its policies and who holds it" },
};

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static int unknown(const char *name)
{
	return th_fail(TH_USAGE, "there is no command %s; 'taskhold help' lists them", name);
}

static int help(void)
{
	size_t i;

	printf("usage: taskhold [-v] COMMAND [OPTIONS]\n\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].what);
	printf("  %-12s show this, or the options of COMMAND\n", "help");
	printf("\n  -v, --verbose   show what libbpf and the verifier say\n"
	       "  -V, --version   show the versions of the command, its ABI and libbpf\n"
	       "  -h, --help      show this\n\n"
	       "Exit status: 0 done, 2 wrong usage, 3 privileges, kernel or module, 4 input or\n"
	       "output, 5 incomplete, 6 a policy that was held is detached from outside; record exits\n"
	       "as its command does. See taskhold(8).\n");
	return TH_OK;
}

static int help_about(char *name)
{
	const struct command *command = find(name);
	char *argv[] = { name, "--help", NULL };

	optind = 0;
	return command ? command->run(2, argv) : unknown(name);
}

static int version(void)
{
	printf("taskhold " TASKHOLD_VERSION ", ABI %d, libbpf %s\n", TASKHOLD_ABI,
	       libbpf_version_string() + 1);
	return TH_OK;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	const struct command *command;
	int opt;

	opterr = 0;
	/* '+': what follows the subcommand is the subcommand's. */
	while ((opt = getopt_long(argc, argv, "+:vVh", options, NULL)) >= 0) {
		switch (opt) {
		case 'v':
			th_verbose = true;
			break;
		case 'V':
			return version();
		case 'h':
			return help();
		default:
			return th_bad_option(NULL, options, opt, argv);
		}
	}
	if (optind == argc)
		return th_fail(TH_USAGE, "no command given; 'taskhold help' lists them");
	argc -= optind;
	argv += optind;
	if (!strcmp(argv[0], "help"))
		return argc > 1 ? help_about(argv[1]) : help();
	command = find(argv[0]);
	if (!command)
		return unknown(argv[0]);
	/* 0, not 1: glibc forgets where it was in the arguments of main() */
	optind = 0;
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	th_libbpf_init();
	/* A full disk shows when a buffer is written: the last one here. */
	return th_end_output(run(argc, argv));
}
