// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold policy: attach, look at, exchange, detach and check policies that come
 * from BPF object files.  What each verb does is in policy_<verb>.c.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "array.h"
#include "cmd.h"
#include "error.h"
#include "module.h"
#include "policy.h"

enum verb_args {
	TAKES_NAME	= 1 << 0,
	TAKES_OBJECT	= 1 << 1,
	TAKES_PIN	= 1 << 2,
	TAKES_SET	= 1 << 3,
	TAKES_MAP	= 1 << 4,
	TAKES_FORCE	= 1 << 5,
};

static const struct verb {
	const char *name;
	int (*run)(const struct policy_args *args);
	unsigned int takes;
	const char *operands;
} verbs[] = {
	{ "attach", policy_attach, TAKES_OBJECT | TAKES_PIN | TAKES_SET | TAKES_MAP, "OBJ" },
	{ "list", policy_list, 0, "" },
	{ "show", policy_show, TAKES_NAME, "NAME" },
	{ "update", policy_update, TAKES_NAME | TAKES_OBJECT | TAKES_SET | TAKES_MAP | TAKES_FORCE,
	  "NAME OBJ" },
	{ "detach", policy_detach, TAKES_NAME | TAKES_PIN, "NAME" },
	{ "check", policy_check, TAKES_OBJECT | TAKES_SET | TAKES_MAP, "OBJ" },
};

static int help(void)
{
	printf("usage: taskhold policy attach OBJ [--pin DIR] [--map MAP] [--set NAME=VALUE]...\n"
	       "       taskhold policy list\n"
	       "       taskhold policy show NAME\n"
	       "       taskhold policy update NAME OBJ [--map MAP] [--set NAME=VALUE]... [--force]\n"
	       "       taskhold policy detach NAME [--pin DIR]\n"
	       "       taskhold policy check OBJ [--map MAP] [--set NAME=VALUE]...\n\n"
	       "Works with policies from BPF object files: OBJ has a map of struct taskhold_ops,\n"
	       "SEC(\".struct_ops.link\"). attach holds it until SIGINT, SIGTERM or until it is\n"
	       "detached from outside, which it tells with the reason; with --pin it returns at\n"
	       "once. update exchanges the members of an attached policy, no event being missed.\n"
	       "check loads OBJ, attaches nothing, and says what the verifier refuses and where.\n\n"
	       "  -p, --pin DIR   pin all links in DIR, which is made, of a bpffs: for example\n"
	       "                  /sys/fs/bpf/taskhold/NAME; detach removes what is left there of a\n"
	       "                  policy that has ended\n"
	       "  -s, --set NAME=VALUE\n"
	       "                  set a member (name, flags, max_held, interval_ms) or a variable\n"
	       "                  that OBJ has as 'const volatile'; may be repeated\n"
	       "  -f, --force     update although there is an attach(), which is not called\n"
	       "  -m, --map MAP   of several policies in OBJ this one alone\n"
	       "  -j, --json      as JSON\n"
	       "  -v, --verbose   show what libbpf and the verifier say\n"
	       "  -h, --help      show this\n\n"
	       "Exit status: 0 done, 2 wrong usage or no policy of that name, 3 privileges, kernel,\n"
	       "module or verifier, 4 a file, 6 a policy that was held is detached from outside.\n");
	return TH_OK;
}

static const struct verb *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	return NULL;
}

/* The operands and options that were given, against those that the verb takes. */
static int check(const struct verb *verb, struct policy_args *args, char **operand, int nr)
{
	int want = !!(verb->takes & TAKES_NAME) + !!(verb->takes & TAKES_OBJECT);
	const char *option = NULL;

	if (args->pin && !(verb->takes & TAKES_PIN))
		option = "--pin";
	else if (args->map && !(verb->takes & TAKES_MAP))
		option = "--map";
	else if (args->nr_sets && !(verb->takes & TAKES_SET))
		option = "--set";
	else if (args->force && !(verb->takes & TAKES_FORCE))
		option = "--force";
	if (option)
		return th_fail(TH_USAGE, "policy %s takes no option %s; see 'taskhold help policy'",
			       verb->name, option);
	if (nr < want)
		return th_fail(TH_USAGE, "policy %s wants %s; see 'taskhold help policy'",
			       verb->name, verb->operands);
	if (nr > want)
		return th_fail(TH_USAGE, "policy %s takes %s, not %s; see 'taskhold help policy'",
			       verb->name, want ? verb->operands : "no argument", operand[want]);
	if (verb->takes & TAKES_NAME)
		args->name = *operand++;
	if (verb->takes & TAKES_OBJECT)
		args->object = *operand;
	return TH_OK;
}

/*
 * What a verb has loaded, if only to read counters, goes a moment after it was closed:
 * who unloads the module next must not find it in use.  What stays is not waited for.
 */
static int run(const struct verb *verb, const struct policy_args *args)
{
	struct module_state before = {}, now = {};
	bool leaves;
	int ret;

	module_read(&before, "");
	ret = verb->run(args);
	leaves = verb->run == policy_update || (verb->run == policy_attach && args->pin);
	/* another policy or holder may have come; detach knows what it has waited for */
	if (ret || !(leaves || verb->run == policy_detach))
		module_wait_refcnt(&now, before.refcnt, MODULE_FREED_MS);
	return ret;
}

int cmd_policy(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pin", required_argument, NULL, 'p' },
		{ "set", required_argument, NULL, 's' },
		{ "map", required_argument, NULL, 'm' },
		{ "force", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	struct policy_args args = {};
	const struct verb *verb;
	int opt, ret;

	/* there are fewer options than arguments */
	args.sets = calloc(argc, sizeof(*args.sets));
	if (!args.sets)
		return th_fail(TH_ENV, "out of memory");
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":p:s:m:fjvh", options, NULL)) >= 0) {
		switch (opt) {
		case 'p':
			args.pin = optarg;
			break;
		case 's':
			args.sets[args.nr_sets++] = optarg;
			break;
		case 'm':
			args.map = optarg;
			break;
		case 'f':
			args.force = true;
			break;
		case 'j':
			args.json = true;
			break;
		case 'v':
			th_verbose = true;
			break;
		case 'h':
			ret = help();
			goto out;
		default:
			ret = th_bad_option("policy", options, opt, argv);
			goto out;
		}
	}
	if (optind == argc) {
		ret = th_fail(TH_USAGE, "policy wants attach, list, show, update, detach or check; see 'taskhold help policy'");
		goto out;
	}
	verb = find(argv[optind]);
	if (!verb) {
		ret = th_fail(TH_USAGE, "policy does not know %s: want attach, list, show, update, detach or check; see 'taskhold help policy'",
			      argv[optind]);
		goto out;
	}
	ret = check(verb, &args, argv + optind + 1, argc - optind - 1);
	if (!ret)
		ret = run(verb, &args);
out:
	if (ret && args.json)
		answer_error(ret);
	free(args.sets);
	return ret;
}
