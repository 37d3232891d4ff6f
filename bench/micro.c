// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the programs of micro.bpf.c.
 *
 * usage: micro parts		prints "NAME NANOSECONDS" a line: a pair of
 *				acquire and release, of a task and of a record;
 *				one record of a walk over all running processes
 *	  micro policy|program	attaches the empty policy, or the empty
 *				program, says so, and keeps it until its
 *				standard input ends
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <taskhold/types.h>

#include "micro.skel.h"

#define TIMES 1000
#define ROUNDS 5

static int fail(const char *what)
{
	fprintf(stderr, "micro: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Least of some rounds: the first ones pay for what is cold. */
static long long run(struct micro *skel, struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	long long best = -1;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) || opts.retval)
			return -1;
		if (best < 0 || (long long)skel->bss->ns < best)
			best = skel->bss->ns;
	}
	return best;
}

static int parts(struct micro *skel)
{
	struct bpf_link *link;
	long long loop, task, rec, walk;

	link = bpf_map__attach_struct_ops(skel->maps.policy_self);
	if (!link)
		return fail("cannot attach a policy");
	loop = run(skel, skel->progs.nothing);
	task = run(skel, skel->progs.task_pair);
	rec = run(skel, skel->progs.rec_pair);
	bpf_link__destroy(link);

	link = bpf_map__attach_struct_ops(skel->maps.policy_all);
	if (!link)
		return fail("cannot attach a policy");
	walk = run(skel, skel->progs.walk);
	bpf_link__destroy(link);

	if (loop < 0 || task < 0 || rec < 0 || walk < 0 || !skel->bss->count)
		return fail("cannot run a program");
	printf("task-pair %lld\n", (task - loop) / TIMES);
	printf("record-pair %lld\n", (rec - loop) / TIMES);
	printf("walk %lld\n", walk / (long long)skel->bss->count);
	return 0;
}

static int keep(struct micro *skel, const char *what)
{
	struct bpf_link *link;
	char byte;

	if (!strcmp(what, "policy"))
		link = bpf_map__attach_struct_ops(skel->maps.policy_empty);
	else
		link = bpf_program__attach(skel->progs.on_fork);
	if (!link)
		return fail("cannot attach");
	puts("attached");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	bpf_link__destroy(link);
	return 0;
}

int main(int argc, char **argv)
{
	struct micro *skel;
	int ret;

	if (argc != 2 || (strcmp(argv[1], "parts") && strcmp(argv[1], "policy") &&
			  strcmp(argv[1], "program"))) {
		fputs("usage: micro parts|policy|program\n", stderr);
		return 2;
	}
	skel = micro__open();
	if (!skel)
		return fail("cannot open the BPF object");
	skel->rodata->self = getpid();
	if (micro__load(skel))
		ret = fail("cannot load the BPF object");
	else if (!strcmp(argv[1], "parts"))
		ret = parts(skel);
	else
		ret = keep(skel, argv[1]);
	micro__destroy(skel);
	return ret;
}
