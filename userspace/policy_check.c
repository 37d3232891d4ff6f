// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold policy check: what the kernel would make of an object file.  libbpf loads
 * programs one after the other and ends at the first that is refused; so what was is
 * left out, and the object loaded again, until the rest is accepted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "answer.h"
#include "error.h"
#include "module.h"
#include "policy.h"
#include "policy_object.h"
#include "policy_set.h"
#include "policy_type.h"
#include "verifier_log.h"

enum verdict {
	ACCEPTED,
	REFUSED,
	LEFT_OUT,	/* optional, of another policy or of another type */
	UNTRIED,	/* the kernel took no program: the reason stands elsewhere */
};

static const char *const verdicts[] = {
	[ACCEPTED]	= "accepted",
	[REFUSED]	= "refused",
	[LEFT_OUT]	= "left_out",
	[UNTRIED]	= "untried",
};

struct program {
	const char *name, *section;	/* borrowed from the object that was opened first */
	enum verdict verdict;
	int err;
	struct verifier_log log;	/* where it is refused */
	char *text;			/* the whole of it, for -v */
};

struct check {
	const struct policy_args *args;
	struct policy_object first;	/* never loaded: has the names */
	struct program *programs;
	size_t nr;
	char bad_map[128];		/* that could not be made */
	bool failed;			/* for another reason than its programs */
	int err;			/* then: a negative errno */
	struct json_object *messages;	/* what libbpf said of all that was refused */
};

static struct program *find(struct check *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nr; i++) {
		if (!strcmp(c->programs[i].name, name))
			return &c->programs[i];
	}
	return NULL;
}

/* A program that a policy refers to is loaded, whatever its autoload: it must not. */
static void leave_out(const struct policy_object *o, struct bpf_program *prog)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_type *t;
	struct bpf_program **at;
	size_t m;
	int i;

	for (m = 0; m < o->nr_maps; m++) {
		t = btf__type_by_id(btf, bpf_map__btf_value_type_id(o->maps[m]));
		for (i = 0; i < btf_vlen(t); i++) {
			if (!policy_type_is_func(btf, &btf_members(t)[i]))
				continue;
			at = (void *)((char *)bpf_map__initial_value(o->maps[m], NULL) +
				      btf_members(t)[i].offset / 8);
			if (*at == prog)
				*at = NULL;
		}
	}
	bpf_program__set_autoload(prog, false);
}

static int prepare(struct check *c, struct policy_object *o)
{
	struct bpf_program *prog;
	struct program *p;
	struct bpf_map *map;
	int ret;

	ret = policy_object_open(o, c->args) ?: policy_set(o, c->args);
	if (ret)
		return ret;
	/* nothing is to be left behind, also no map that is pinned by its name */
	bpf_object__for_each_map(map, o->obj)
		bpf_map__set_pin_path(map, NULL);
	bpf_object__for_each_program(prog, o->obj) {
		p = find(c, bpf_program__name(prog));
		if (!p)
			return th_fail(TH_IO, "%s: it has been changed meanwhile; check it again",
				       o->path);
		if (p->verdict == REFUSED)
			leave_out(o, prog);
	}
	return TH_OK;
}

/* "libbpf: prog 'NAME': WHY": what it says of a program first is why. Malloced, "" if none. */
static char *libbpf_reason(const char *name)
{
	const char *begin;
	char head[160];

	snprintf(head, sizeof(head), "prog '%s': ", name);
	begin = strstr(th_libbpf_kept(), head);
	begin = begin ? begin + strlen(head) : "";
	return strndup(begin, strcspn(begin, "\n"));
}

static int refused(struct program *p, const struct policy_object *o, int err)
{
	p->verdict = REFUSED;
	p->err = err;
	p->text = strdup(o->log);
	if (!p->text || verifier_log_trim(o->log, &p->log))
		return -ENOMEM;
	/* libbpf itself has refused it: what it is to be attached to, for example, is not there */
	if (!o->log[0]) {
		free(p->log.reason);
		p->log.reason = libbpf_reason(p->name);
	}
	return p->log.reason ? 0 : -ENOMEM;
}

/* Line by line, but for logs of the verifier's, which libbpf repeats. */
static void keep_messages(struct check *c)
{
	static const char prefix[] = "libbpf: ";
	const char *line = th_libbpf_kept(), *text;
	bool in_log = false;
	size_t len;
	char *one;

	for (; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		text = line;
		if (!strncmp(text, prefix, strlen(prefix)))
			text += strlen(prefix);
		one = strndup(text, len - (text - line));
		if (!one)
			return;
		if (strstr(one, "-- BEGIN PROG LOAD LOG --"))
			in_log = true;
		else if (strstr(one, "-- END PROG LOAD LOG --"))
			in_log = false;
		else if (!in_log && one[0])
			answer_add_text(c->messages, one);
		free(one);
	}
}

/* libbpf: map 'x': failed to create: ... */
static void take_bad_map(struct check *c)
{
	const char *end = strstr(th_libbpf_kept(), "': failed to create"), *begin = end;

	while (begin && begin > th_libbpf_kept() && begin[-1] != '\'')
		begin--;
	if (begin)
		snprintf(c->bad_map, sizeof(c->bad_map), "%.*s", (int)(end - begin), begin);
}

/* One load: 1 if another is needed. Or, negated, an exit code. */
static int load(struct check *c)
{
	struct policy_object o = {};
	struct bpf_program *prog;
	struct program *p;
	char name[128];
	int ret, err;

	ret = prepare(c, &o);
	if (ret) {
		ret = -ret;
		goto out;
	}
	err = policy_object_load(&o);
	if (!err) {
		bpf_object__for_each_program(prog, o.obj) {
			if (bpf_program__fd(prog) >= 0)
				find(c, bpf_program__name(prog))->verdict = ACCEPTED;
		}
		goto out;
	}
	policy_object_refused(name);
	keep_messages(c);
	/* once, or it would be so for ever */
	p = name[0] ? find(c, name) : NULL;
	if (p && p->verdict != REFUSED) {
		ret = refused(p, &o, err) ? -th_fail(TH_ENV, "out of memory") : 1;
		goto out;
	}
	c->failed = true;
	c->err = err;
	take_bad_map(c);
	th_fail_libbpf(TH_ENV, "%s: the kernel does not take it: %s", o.path, strerror(-err));
out:
	policy_object_close(&o);
	return ret;
}

static enum verdict map_verdict(const struct check *c, const struct bpf_map *map)
{
	if (!bpf_map__autocreate(map))
		return LEFT_OUT;
	if (!c->failed)
		return ACCEPTED;
	return strcmp(c->bad_map, bpf_map__name(map)) ? UNTRIED : REFUSED;
}

static struct json_object *programs_json(const struct check *c)
{
	struct json_object *a = json_object_new_array(), *o;
	const struct program *p;

	for (p = c->programs; p < c->programs + c->nr; p++) {
		o = json_object_new_object();
		answer_text(o, "name", p->name);
		answer_text(o, "section", p->section);
		answer_text(o, "verdict", verdicts[p->verdict]);
		if (p->verdict == REFUSED) {
			answer_text(o, "error", strerror(-p->err));
			answer_text_or_null(o, "reason", p->log.reason);
			answer_text_or_null(o, "file", p->log.file);
			answer_text_or_null(o, "source", p->log.source);
			answer_text_or_null(o, "instruction", p->log.insn);
		}
		json_object_array_add(a, o);
	}
	return a;
}

static int print_json(const struct check *c, bool accepted)
{
	struct json_object *root = json_object_new_object(), *maps = json_object_new_array(), *o;
	struct bpf_map *map;

	bpf_object__for_each_map(map, c->first.obj) {
		o = json_object_new_object();
		answer_text(o, "name", bpf_map__name(map));
		answer_text(o, "type", libbpf_bpf_map_type_str(bpf_map__type(map)) ?: "");
		answer_text(o, "verdict", verdicts[map_verdict(c, map)]);
		json_object_array_add(maps, o);
	}
	answer_text(root, "object", c->args->object);
	answer_bool(root, "accepted", accepted);
	answer_text_or_null(root, "error", c->failed ? strerror(-c->err) : "");
	json_object_object_add(root, "messages", json_object_get(c->messages));
	json_object_object_add(root, "maps", maps);
	json_object_object_add(root, "programs", programs_json(c));
	return answer_print(root);
}

static void print_text(const struct check *c)
{
	const struct program *p;
	struct bpf_map *map;

	bpf_object__for_each_map(map, c->first.obj)
		printf("map      %s (%s): %s\n", bpf_map__name(map),
		       libbpf_bpf_map_type_str(bpf_map__type(map)) ?: "",
		       verdicts[map_verdict(c, map)]);
	for (p = c->programs; p < c->programs + c->nr; p++) {
		printf("program  %s (%s): %s", p->name, p->section, verdicts[p->verdict]);
		if (p->verdict == REFUSED)
			printf(": %s", p->log.reason[0] ? p->log.reason : strerror(-p->err));
		printf("\n");
		if (p->verdict == REFUSED && p->log.source[0])
			printf("         %s: %s\n", p->log.file, p->log.source);
		if (p->verdict == REFUSED && p->log.insn[0])
			printf("         instruction %s\n", p->log.insn);
		if (p->verdict == REFUSED && th_verbose)
			fputs(p->text, stdout);
	}
	fflush(stdout);
}

static int begin(struct check *c)
{
	struct bpf_program *prog;
	int ret;

	ret = policy_object_open(&c->first, c->args);
	if (ret)
		return ret;
	bpf_object__for_each_program(prog, c->first.obj)
		c->nr++;
	c->programs = calloc(c->nr + 1, sizeof(*c->programs));
	if (!c->programs)
		return th_fail(TH_ENV, "out of memory");
	c->nr = 0;
	bpf_object__for_each_program(prog, c->first.obj)
		c->programs[c->nr++] = (struct program){
			.name = bpf_program__name(prog),
			.section = bpf_program__section_name(prog),
			.verdict = UNTRIED,
		};
	return TH_OK;
}

static int check(struct check *c)
{
	bool by_verifier = true;
	size_t bad = 0, i;
	int ret;

	ret = begin(c);
	if (ret)
		return ret;
	do {
		ret = load(c);
	} while (ret > 0);
	if (ret < 0)
		return -ret;
	for (i = 0; i < c->nr; i++) {
		bad += c->programs[i].verdict == REFUSED;
		by_verifier &= c->programs[i].verdict != REFUSED || c->programs[i].text[0];
		if (c->programs[i].verdict == UNTRIED && !c->failed)
			c->programs[i].verdict = LEFT_OUT;
	}
	if (!c->args->json)
		print_text(c);
	else if (print_json(c, !bad && !c->failed))
		return th_fail(TH_IO, "not enough memory for the JSON");
	if (bad)
		return th_fail(TH_ENV, "%s: the %s %zu of %zu programs", c->args->object,
			       by_verifier ? "verifier refuses" : "kernel does not take", bad,
			       c->nr);
	return c->failed ? TH_ENV : TH_OK;
}

int policy_check(const struct policy_args *args)
{
	struct check c = { .args = args, .messages = json_object_new_array() };
	size_t i;
	int ret;

	ret = module_require() ?: check(&c);
	for (i = 0; i < c.nr; i++) {
		verifier_log_free(&c.programs[i].log);
		free(c.programs[i].text);
	}
	free(c.programs);
	json_object_put(c.messages);
	policy_object_close(&c.first);
	return ret;
}
