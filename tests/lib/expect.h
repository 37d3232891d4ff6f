/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads the programs of a BPF object one by one and compares what the verifier
 * says with what tests/progs/expect.h put on each of them.
 *
 * Every program is loaded from an object of its own with the others left out,
 * so that one refusal does not hide another. A struct_ops map is made only if
 * the program is a member of it.
 */
#ifndef _TASKHOLD_TESTS_EXPECT_H
#define _TASKHOLD_TESTS_EXPECT_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kselftest.h"
#include "lib/capabilities.h"

#define EXPECT_MAX_PROGS	128
#define EXPECT_MAX_MSGS		4
#define EXPECT_LOG_SIZE		(1 << 20)

/**
 * struct expectation - what is written on one program
 * @name: of the program
 * @why: what it shows
 * @msgs: what the log must have, @nr_msgs of them
 * @no_msgs: what it must not have, @nr_no_msgs of them
 * @success: it must load
 * @failure: it must be refused
 * @stock: this is all about kernels without the patches of kernel/patches
 * @prunes: the verifier compares with what it has seen wherever paths meet
 * @cap_bpf: it is loaded with CAP_BPF alone
 * @refused: a kernel with them must refuse it
 */
struct expectation {
	char name[64];
	char why[160];
	char msgs[EXPECT_MAX_MSGS][160];
	int nr_msgs;
	char no_msgs[EXPECT_MAX_MSGS][160];
	int nr_no_msgs;
	bool success;
	bool failure;
	bool stock;
	bool prunes;
	bool cap_bpf;
	bool refused;
};

/* Has the kernel the patches of kernel/patches? -1: not asked yet */
static int expect_patched = -1;

static bool expect_kernel_patched(void)
{
	if (expect_patched < 0) {
		struct btf *btf = btf__load_vmlinux_btf();
		__s32 id = btf__find_by_name_kind(btf, "btf_field_type", BTF_KIND_ENUM);
		const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

		expect_patched = 0;
		for (int i = 0; t && i < btf_vlen(t); i++) {
			if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off),
				    "BPF_KPTR_USER"))
				expect_patched = 1;
		}
		btf__free(btf);
	}
	return expect_patched;
}

static char expect_log[EXPECT_LOG_SIZE];
static char expect_libbpf[4096];

/*
 * What the kernel says of the object's BTF. Not to be looked for messages, as it has
 * those that the programs are to be refused with, among all else that is there.
 */
static char expect_btf_log[EXPECT_LOG_SIZE];

/* libbpf's own warnings, which say what the log does not. */
static int expect_print(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t len = strlen(expect_libbpf);

	if (level == LIBBPF_WARN)
		vsnprintf(expect_libbpf + len, sizeof(expect_libbpf) - len, format, args);
	return 0;
}

static struct bpf_object *expect_open(const void *elf, size_t size)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_level = 1,
		    .kernel_log_buf = expect_btf_log, .kernel_log_size = sizeof(expect_btf_log));

	return bpf_object__open_mem(elf, size, &opts);
}

/* Note what one tag says; false if nobody knows the tag. */
static bool expect_take_tag(struct expectation *e, const char *tag, bool of_stock)
{
	const char *text = strchr(tag, '=');

	if (!text++)
		return false;
	if (!strncmp(tag, "expect:stock-", 13)) {
		char rest[200];

		/* the first of them replaces what is said of patched kernels */
		if (expect_kernel_patched())
			return true;
		if (!e->stock) {
			e->stock = true;
			e->success = false;
			e->failure = false;
			e->nr_msgs = 0;
			e->nr_no_msgs = 0;
		}
		snprintf(rest, sizeof(rest), "expect:%s", tag + 13);
		return expect_take_tag(e, rest, true);
	}
	if (!of_stock && !strcmp(tag, "expect:load=failure"))
		e->refused = true;
	if (!strcmp(tag, "expect:caps=bpf")) {
		e->cap_bpf = true;
		return true;
	}
	if (e->stock && !of_stock && strncmp(tag, "expect:why=", 11))
		return true;
	if (!strcmp(tag, "expect:load=success"))
		e->success = true;
	else if (!strcmp(tag, "expect:load=failure"))
		e->failure = true;
	else if (!strcmp(tag, "expect:states=all"))
		e->prunes = true;
	else if (!strncmp(tag, "expect:why=", 11))
		snprintf(e->why, sizeof(e->why), "%s", text);
	else if (!strncmp(tag, "expect:msg=", 11) && e->nr_msgs < EXPECT_MAX_MSGS)
		snprintf(e->msgs[e->nr_msgs++], sizeof(e->msgs[0]), "%s", text);
	else if (!strncmp(tag, "expect:no-msg=", 14) && e->nr_no_msgs < EXPECT_MAX_MSGS)
		snprintf(e->no_msgs[e->nr_no_msgs++], sizeof(e->no_msgs[0]), "%s", text);
	else
		return false;
	return true;
}

/* What is written on program @e->name; false with a reason where it is not sound. */
static bool expect_read(const struct btf *btf, struct expectation *e, char *reason, size_t size)
{
	__u32 id, nr = btf__type_cnt(btf);
	const struct btf_type *t, *func;
	const char *tag;

	for (id = 1; id < nr; id++) {
		t = btf__type_by_id(btf, id);
		if (!btf_is_decl_tag(t) || btf_decl_tag(t)->component_idx != -1)
			continue;
		func = btf__type_by_id(btf, t->type);
		tag = btf__name_by_offset(btf, t->name_off);
		if (!btf_is_func(func) || strncmp(tag, "expect:", 7) ||
		    strcmp(btf__name_by_offset(btf, func->name_off), e->name))
			continue;
		if (!expect_take_tag(e, tag, false)) {
			snprintf(reason, size, "tag '%s' is not known", tag);
			return false;
		}
	}
	if (e->success == e->failure) {
		snprintf(reason, size, "it must say either __success or __failure");
		return false;
	}
	if (!e->why[0] || (e->failure && !e->nr_msgs)) {
		snprintf(reason, size, "it lacks %s", e->why[0] ? "__msg" : "__why");
		return false;
	}
	return true;
}

/* Is a member of a struct_ops map's a function? In libbpf's hands it is a program. */
static bool expect_is_function(const struct btf *btf, const struct btf_member *member)
{
	const struct btf_type *t = btf__type_by_id(btf, btf__resolve_type(btf, member->type));

	if (!t || !btf_is_ptr(t))
		return false;
	t = btf__type_by_id(btf, btf__resolve_type(btf, t->type));
	return t && btf_is_func_proto(t);
}

/* Take a program alone of those of a struct_ops map, which is not made if it is none of them. */
static void expect_pick_member(struct bpf_map *map, const struct btf *btf,
			       struct bpf_program *picked)
{
	const struct btf_type *t = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	char *ops = bpf_map__initial_value(map, NULL);
	int i;

	bpf_map__set_autocreate(map, false);
	for (i = 0; i < btf_vlen(t); i++) {
		void **op = (void **)(ops + btf_member_bit_offset(t, i) / 8);

		if (!expect_is_function(btf, btf_members(t) + i))
			continue;
		if (picked && *op == picked) {
			bpf_map__set_autocreate(map, true);
			bpf_program__set_autoload(picked, true);
		} else {
			*op = NULL;
		}
	}
}

/* Leave out every program but one, and every struct_ops map that it is no member of. */
static struct bpf_program *expect_pick(struct bpf_object *obj, const char *name)
{
	struct bpf_program *prog, *picked = NULL;
	struct bpf_map *map;

	bpf_object__for_each_program(prog, obj) {
		bool is_it = !strcmp(bpf_program__name(prog), name);

		bpf_program__set_autoload(prog, is_it);
		if (is_it)
			picked = prog;
	}
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			expect_pick_member(map, bpf_object__btf(obj), picked);
	}
	return picked;
}

/**
 * expect_check - load one program and judge
 * @elf: the object
 * @size: its bytes
 * @e: the expectation; @e->name says which program
 * @reason: where to say why not
 * @reason_size: bytes there
 *
 * Return: true if all is as it should be.
 */
static bool expect_check(const void *elf, size_t size, const struct expectation *e, char *reason,
			 size_t reason_size)
{
	struct bpf_program *prog;
	struct bpf_object *obj;
	bool good = true;
	int err, i;

	expect_log[0] = '\0';
	expect_libbpf[0] = '\0';
	obj = expect_open(elf, size);
	if (!obj) {
		snprintf(reason, reason_size, "cannot open the object: %s", strerror(errno));
		return false;
	}
	prog = expect_pick(obj, e->name);
	if (!prog) {
		snprintf(reason, reason_size, "there is no such program");
		bpf_object__close(obj);
		return false;
	}
	if (e->prunes)
		bpf_program__set_flags(prog, bpf_program__flags(prog) | BPF_F_TEST_STATE_FREQ);
	bpf_program__set_log_buf(prog, expect_log, sizeof(expect_log));
	/* the log of a path that is good is only kept at the second level */
	bpf_program__set_log_level(prog, e->nr_no_msgs ? 2 : 1);
	if (e->cap_bpf)
		capabilities(CAPABILITY(CAP_BPF));
	err = bpf_object__load(obj);
	if (e->cap_bpf)
		capabilities(CAPABILITIES_ALL);
	bpf_object__close(obj);

	/* what is not said must be missing from something */
	if (e->nr_no_msgs && !strstr(expect_log, "processed ")) {
		snprintf(reason, reason_size, "there is no log, or not to its end");
		good = false;
	}
	if (e->success && err) {
		snprintf(reason, reason_size, "refused: %s", strerror(-err));
		good = false;
	} else if (e->failure && !err) {
		snprintf(reason, reason_size, "it was accepted");
		good = false;
	}
	for (i = 0; good && i < e->nr_msgs; i++) {
		if (strstr(expect_log, e->msgs[i]) || strstr(expect_libbpf, e->msgs[i]))
			continue;
		snprintf(reason, reason_size, "the log lacks '%s'", e->msgs[i]);
		good = false;
	}
	for (i = 0; good && i < e->nr_no_msgs; i++) {
		if (!strstr(expect_log, e->no_msgs[i]) && !strstr(expect_libbpf, e->no_msgs[i]))
			continue;
		snprintf(reason, reason_size, "the log has '%s'", e->no_msgs[i]);
		good = false;
	}
	return good;
}

/* Where @e->why is not so, as the patches are what makes it so. */
static const char *expect_but(const struct expectation *e)
{
	if (!e->stock || e->refused == e->failure)
		return "";
	return e->success ? "; without the patches it is accepted" :
			    "; without the patches it is refused";
}

/* Comment lines for TAP out of the end of a text, which says what went wrong. */
static void expect_show_end(const char *text)
{
	size_t len = strlen(text);
	char line[512];

	text += len > 2000 ? len - 2000 : 0;
	while (*text) {
		int n = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", n, text);
		ksft_print_msg("| %s\n", line);
		text += n + (text[n] == '\n');
	}
}

/**
 * struct expect_object - an object whose programs are checked
 * @elf: its bytes, from a skeleton
 * @size: how many
 */
struct expect_object {
	const void *elf;
	size_t size;
};

/**
 * expect_main - check all programs of some objects, as a whole test program
 * @objects: which
 * @nr: how many
 *
 * Does not return. One result for each program.
 */
static inline void expect_main(const struct expect_object *objects, int nr)
{
	static struct expectation expectations[EXPECT_MAX_PROGS];
	static const struct expect_object *owner[EXPECT_MAX_PROGS];
	static char reasons[EXPECT_MAX_PROGS][400];
	int count = 0, i;

	libbpf_set_print(expect_print);
	for (i = 0; i < nr; i++) {
		struct bpf_object *obj = expect_open(objects[i].elf, objects[i].size);
		struct bpf_program *prog;

		if (!obj)
			ksft_exit_fail_msg("cannot open object %d: %s\n", i, strerror(errno));
		bpf_object__for_each_program(prog, obj) {
			struct expectation *e = &expectations[count];

			if (count == EXPECT_MAX_PROGS)
				ksft_exit_fail_msg("more than %d programs\n", EXPECT_MAX_PROGS);
			snprintf(e->name, sizeof(e->name), "%s", bpf_program__name(prog));
			/* a reason is left where the expectation is not sound */
			expect_read(bpf_object__btf(obj), e, reasons[count], sizeof(reasons[0]));
			owner[count++] = &objects[i];
		}
		bpf_object__close(obj);
	}

	ksft_print_header();
	ksft_set_plan(count);
	for (i = 0; i < count; i++) {
		const struct expectation *e = &expectations[i];
		bool good = !reasons[i][0] &&
			    expect_check(owner[i]->elf, owner[i]->size, e, reasons[i],
					 sizeof(reasons[0]));

		ksft_test_result(good, "%s: %s%s\n", e->name, e->why, expect_but(e));
		if (!good) {
			ksft_print_msg("%s: %s\n", e->name, reasons[i]);
			expect_show_end(expect_libbpf);
			expect_show_end(expect_log);
		}
	}
	ksft_finished();
}

#endif /* _TASKHOLD_TESTS_EXPECT_H */
