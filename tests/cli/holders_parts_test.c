// SPDX-License-Identifier: GPL-2.0-only
// module: none
/*
 * Who holds the module, found out from texts of /proc, instructions, BTF and a
 * made-up graph of objects: `taskhold status` without a module.
 */
#include <stdlib.h>

#include <bpf/btf.h>
#include <linux/bpf.h>

#include "holders.h"

#include "lib/harness.h"

/* --- texts of /proc -------------------------------------------------------- */

TEST(fdinfo)
{
	struct holders_refs refs = {};

	ASSERT_EQ(0, holders_parse_fdinfo("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1\n"
					  "link_type:\tstruct_ops\nlink_id:\t12\nmap_id:\t7\n",
					  &refs));
	ASSERT_EQ(2, refs.nr);
	EXPECT_EQ(HOLDERS_LINK, refs.ref[0].type);
	EXPECT_EQ(12, refs.ref[0].id);
	EXPECT_EQ(HOLDERS_MAP, refs.ref[1].type);
	EXPECT_EQ(7, refs.ref[1].id);
	free(refs.ref);
}

TEST(fdinfo_of_something_else)
{
	static const char *const texts[] = {
		"", "\n", "map_id:", "map_id:\t\n", "map_id:\tx\n", "map_id:\t7x\n", "map_id:\t0\n",
		"map_id:\t99999999999\n", "xmap_id:\t7\n", "inotify wd:3 ino:9e7e\n", "pos:\t0",
	};
	struct holders_refs refs = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		ASSERT_EQ(0, holders_parse_fdinfo(texts[i], &refs));
		EXPECT_EQ(0, refs.nr) TH_LOG("text %zu", i);
	}
}

TEST(mountinfo)
{
	char path[64], tree[64];

	ASSERT_TRUE(holders_parse_mount("39 28 0:34 / /sys/fs/bpf rw,nosuid shared:17 - bpf bpf rw,mode=700\n",
					path, sizeof(path), tree, sizeof(tree)));
	EXPECT_STREQ("/sys/fs/bpf", path);
	EXPECT_STREQ("0:34 /", tree);

	ASSERT_TRUE(holders_parse_mount("40 28 0:35 /sub /a\\040b\\134c rw - bpf none rw\n",
					path, sizeof(path), tree, sizeof(tree)));
	EXPECT_STREQ("/a b\\c", path);
	EXPECT_STREQ("0:35 /sub", tree);
}

TEST(mountinfo_of_others)
{
	static const char *const lines[] = {
		"", "\n", "39", "39 28 0:34 / /sys rw - sysfs bpf rw\n",
		"39 28 0:34 / /sys rw - bpffs none rw\n", "39 28 0:34 / /bpf rw bpf rw\n",
		/* longer than the buffer: nothing is better than half a path */
		"39 28 0:34 / /0123456789012345678901234567890123456789012345678901234567890123 rw - bpf none rw\n",
	};
	char path[64], tree[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		EXPECT_FALSE(holders_parse_mount(lines[i], path, sizeof(path), tree, sizeof(tree)))
			TH_LOG("line %zu", i);
}

static const char *const kallsyms[] = {
	"ffffffff81200000 T __bpf_call_base\n",
	"ffffffff81200100 T taskhold_in_vmlinux\n",
	"ffffffffc0a00010 t taskhold_rec_acquire\t[taskhold]\n",
	"ffffffffc0a00100 t taskhold_stats_read\t[taskhold]\n",
	"ffffffffc0a00200 t lookup\t[taskhold]\n",
	"ffffffffc0a02000 d taskhold_data\t[taskhold]\n",
	"ffffffffc0b00010 t other\t[taskhold2]\n",
	"nonsense\n",
};

#define CALL_BASE	0xffffffff81200000ull
#define ACQUIRE		0xffffffffc0a00010ull

static struct holders_syms read_syms(void)
{
	struct holders_syms syms = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kallsyms); i++) {
		if (holders_parse_sym(kallsyms[i], "taskhold", &syms))
			exit(1);
	}
	return syms;
}

TEST(symbols)
{
	struct holders_syms syms = read_syms();

	EXPECT_EQ(CALL_BASE, syms.call_base);
	ASSERT_EQ(3, syms.nr);
	EXPECT_STREQ("taskhold_rec_acquire", syms.sym[0].name);
	EXPECT_EQ(ACQUIRE, syms.sym[0].addr);
	EXPECT_STREQ("taskhold_stats_read", syms.sym[1].name);
	free(syms.sym);
}

/* --- instructions ---------------------------------------------------------- */

static struct bpf_insn kfunc_call(int32_t imm, int16_t off)
{
	return (struct bpf_insn){
		.code = BPF_JMP | BPF_CALL,
		.src_reg = BPF_PSEUDO_KFUNC_CALL,
		.imm = imm,
		.off = off,
	};
}

TEST(kfunc_calls)
{
	const struct bpf_insn exit_insn = { .code = BPF_JMP | BPF_EXIT };
	const int32_t acquire = (int32_t)(ACQUIRE - CALL_BASE);
	struct holders_syms syms = read_syms();
	struct bpf_insn insn[4];
	bool hidden;

	insn[0] = kfunc_call(acquire, 1);
	insn[1] = exit_insn;
	EXPECT_STREQ("taskhold_rec_acquire", holders_kfunc_call(insn, 2, &syms, &hidden));
	EXPECT_EQ(NULL, holders_kfunc_call(insn + 1, 1, &syms, &hidden));
	EXPECT_FALSE(hidden);

	/* of vmlinux: off is 0 */
	insn[0] = kfunc_call(acquire, 0);
	EXPECT_EQ(NULL, holders_kfunc_call(insn, 2, &syms, &hidden));
	EXPECT_FALSE(hidden);

	/* of another module: no function of ours begins there */
	insn[0] = kfunc_call(acquire + 1, 1);
	EXPECT_EQ(NULL, holders_kfunc_call(insn, 2, &syms, &hidden));
	EXPECT_FALSE(hidden);

	/* a helper of that offset is no kfunc */
	insn[0] = kfunc_call(acquire, 1);
	insn[0].src_reg = 0;
	EXPECT_EQ(NULL, holders_kfunc_call(insn, 2, &syms, &hidden));

	/* the second half of a 64-bit constant is data, whatever it looks like */
	insn[0] = (struct bpf_insn){ .code = BPF_LD | BPF_IMM | BPF_DW };
	insn[1] = kfunc_call(acquire, 1);
	insn[2] = exit_insn;
	EXPECT_EQ(NULL, holders_kfunc_call(insn, 3, &syms, &hidden));

	/* kernel.kptr_restrict=2 */
	insn[0] = kfunc_call(0, 1);
	EXPECT_EQ(NULL, holders_kfunc_call(insn, 1, &syms, &hidden));
	EXPECT_TRUE(hidden);
	syms.call_base = 0;
	insn[0] = kfunc_call(acquire, 1);
	EXPECT_EQ(NULL, holders_kfunc_call(insn, 1, &syms, &hidden));
	EXPECT_TRUE(hidden);
	free(syms.sym);
}

/* --- BTF -------------------------------------------------------------------- */

TEST(named_kfuncs)
{
	static const struct {
		const char *name;
		enum btf_func_linkage linkage;
		const char *expected;
	} cases[] = {
		{ "bpf_task_acquire", BTF_FUNC_EXTERN, NULL },
		{ "taskhold_rec_acquire", BTF_FUNC_EXTERN, "taskhold_rec_acquire" },
		/* what libbpf makes of it */
		{ "taskhold_stats_read", BTF_FUNC_GLOBAL, "taskhold_stats_read" },
		/* a function of the program's own */
		{ "taskhold_stats_read", BTF_FUNC_STATIC, NULL },
		{ "taskhold_unknown", BTF_FUNC_EXTERN, NULL },
		/* a function of the module, but none that a program can call */
		{ "lookup", BTF_FUNC_GLOBAL, NULL },
	};
	struct holders_syms syms = read_syms();
	const char *name;
	struct btf *btf;
	int proto;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		btf = btf__new_empty();
		ASSERT_NE(NULL, btf);
		proto = btf__add_func_proto(btf, 0);
		ASSERT_LT(0, btf__add_func(btf, cases[i].name, cases[i].linkage, proto));
		name = holders_named(btf, &syms);
		EXPECT_STREQ(cases[i].expected ?: "none", name ?: "none") TH_LOG("case %zu", i);
		btf__free(btf);
	}
	free(syms.sym);
}

/* struct value { struct <name> <tag> *rec; }; the pointer's id in *ptr */
static int add_value(struct btf *btf, const char *tag, const char *name, int *ptr)
{
	int type = btf__add_struct(btf, name, 0), id;

	*ptr = btf__add_ptr(btf, tag ? btf__add_type_tag(btf, tag, type) : type);
	id = btf__add_struct(btf, "value", 8);
	btf__add_field(btf, "rec", *ptr, 0, 0);
	return id;
}

TEST(kptrs)
{
	static const struct {
		const char *tag, *name;
		bool expected;
	} cases[] = {
		{ "kptr", "taskhold_rec", true },
		{ "kptr_untrusted", "taskhold_rec", false },
		{ "percpu_kptr", "taskhold_rec", false },
		{ "kptr_percpu", "taskhold_rec", false },
		{ "user", "taskhold_rec", false },
		{ NULL, "taskhold_rec", false },
		{ "kptr", "task_struct", false },
	};
	struct btf *btf;
	int value, ptr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		btf = btf__new_empty();
		ASSERT_NE(NULL, btf);
		value = add_value(btf, cases[i].tag, cases[i].name, &ptr);
		ASSERT_LT(0, value);
		EXPECT_EQ(cases[i].expected, holders_has_kptr(btf, value, "taskhold_rec"))
			TH_LOG("case %zu", i);
		EXPECT_EQ(cases[i].expected, holders_btf_has_kptr(btf, "taskhold_rec"))
			TH_LOG("case %zu", i);
		btf__free(btf);
	}
}

TEST(kptrs_nested)
{
	struct btf *btf = btf__new_empty();
	int value, ptr, integer, array, outer, var, sec, none, changing;

	ASSERT_NE(NULL, btf);
	value = add_value(btf, "kptr", "taskhold_rec", &ptr);
	integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	array = btf__add_array(btf, integer, btf__add_typedef(btf, "value_t", value), 4);
	outer = btf__add_struct(btf, "outer", 32);
	ASSERT_EQ(0, btf__add_field(btf, "values", array, 0, 0));
	var = btf__add_var(btf, "held", BTF_VAR_GLOBAL_ALLOCATED, ptr);
	sec = btf__add_datasec(btf, ".bss", 8);
	ASSERT_EQ(0, btf__add_datasec_var_info(btf, var, 0, 8));
	none = btf__add_struct(btf, "none", 4);
	ASSERT_EQ(0, btf__add_field(btf, "i", integer, 0, 0));

	ptr = btf__add_volatile(btf, ptr);
	changing = btf__add_struct(btf, "changing", 8);
	ASSERT_EQ(0, btf__add_field(btf, "rec", ptr, 0, 0));

	EXPECT_TRUE(holders_has_kptr(btf, changing, "taskhold_rec"));
	EXPECT_TRUE(holders_has_kptr(btf, outer, "taskhold_rec"));
	EXPECT_TRUE(holders_has_kptr(btf, sec, "taskhold_rec"));
	EXPECT_FALSE(holders_has_kptr(btf, none, "taskhold_rec"));
	EXPECT_FALSE(holders_has_kptr(btf, 9999, "taskhold_rec"));
	btf__free(btf);
}

/* --- who keeps what ---------------------------------------------------------- */

static struct holders_obj *add(struct holders *h, enum holders_type type, uint32_t id,
			       enum holders_how how)
{
	struct holders_obj *obj = holders_add(h, type, id, "x");

	if (!obj)
		exit(1);
	obj->how = how;
	return obj;
}

static void expect_plan(struct __test_metadata *_metadata, const struct holders *h,
			const struct holders_step *expected, int nr)
{
	struct holders_step *steps;
	int i, got;

	got = holders_plan(h, &steps);
	ASSERT_LE(0, got);
	EXPECT_EQ(nr, got);
	for (i = 0; i < got && i < nr; i++) {
		EXPECT_STREQ(expected[i].command, steps[i].command);
		EXPECT_STREQ(expected[i].whom, steps[i].whom);
	}
	holders_plan_free(steps, got);
}

TEST(plan_of_nobody)
{
	struct holders h = {};

	expect_plan(_metadata, &h, NULL, 0);
}

/*
 * A policy pinned by its link, loaded by a process that lives: program 3 is
 * kept by map 7 alone, map 7 by link 12.
 */
TEST(plan_of_a_policy)
{
	static const struct holders_step expected[] = {
		{ "kill 1234", "my loader" }, { "rm '/sys/fs/bpf/it'\\''s'", "" },
		{ "modprobe -r other", "" },
	};
	const struct holders_obj *keeper[5];
	struct holders_obj *obj, sum;
	struct holders h = {};

	add(&h, HOLDERS_PROG, 3, HOLDERS_DOES);
	obj = add(&h, HOLDERS_MAP, 7, HOLDERS_DOES);
	ASSERT_EQ(0, holders_add_ref(&obj->keeps, HOLDERS_PROG, 3));
	ASSERT_EQ(0, holders_add_proc(obj, 1234, "my loader"));
	ASSERT_EQ(0, holders_add_proc(obj, 1234, "my loader"));
	obj = add(&h, HOLDERS_LINK, 12, HOLDERS_DOES);
	ASSERT_EQ(0, holders_add_ref(&obj->keeps, HOLDERS_MAP, 7));
	ASSERT_EQ(0, holders_add_proc(obj, 1234, "my loader"));
	ASSERT_EQ(0, holders_add_pin(obj, "/sys/fs/bpf/it's"));
	ASSERT_EQ(0, holders_add_module(&h, "other"));
	/* A program of the same number as the map, whose link and process have no part in this. */
	obj = add(&h, HOLDERS_PROG, 7, HOLDERS_NOT);
	ASSERT_EQ(0, holders_add_proc(obj, 99, "innocent"));
	obj = add(&h, HOLDERS_LINK, 13, HOLDERS_NOT);
	ASSERT_EQ(0, holders_add_ref(&obj->keeps, HOLDERS_PROG, 7));
	ASSERT_EQ(0, holders_add_proc(obj, 98, "innocent"));

	EXPECT_EQ(1, h.obj[1].nr_procs);
	ASSERT_EQ(3, holders_keepers(&h, &h.obj[0], keeper));
	EXPECT_EQ(&h.obj[0], keeper[0]);
	EXPECT_EQ(&h.obj[1], keeper[1]);
	EXPECT_EQ(&h.obj[2], keeper[2]);
	expect_plan(_metadata, &h, expected, 3);

	ASSERT_EQ(0, holders_sum(&h, &h.obj[0], &sum));
	ASSERT_EQ(1, sum.nr_procs);
	EXPECT_EQ(1234, sum.procs[0].pid);
	ASSERT_EQ(1, sum.nr_pins);
	EXPECT_STREQ("/sys/fs/bpf/it's", sum.pins[0]);
	EXPECT_FALSE(sum.registered);
	holders_free_obj(&sum);
	holders_free(&h);
}

/* Objects can keep each other: a program its map, a map of programs the program. */
TEST(plan_of_a_circle)
{
	static const struct holders_step expected[] = { { "rm /sys/fs/bpf/p", "" } };
	struct holders h = {};
	struct holders_obj *obj;

	obj = add(&h, HOLDERS_MAP, 1, HOLDERS_DOES);
	ASSERT_EQ(0, holders_add_ref(&obj->keeps, HOLDERS_PROG, 1));
	obj = add(&h, HOLDERS_PROG, 1, HOLDERS_DOES);
	ASSERT_EQ(0, holders_add_ref(&obj->keeps, HOLDERS_MAP, 1));
	ASSERT_EQ(0, holders_add_pin(obj, "/sys/fs/bpf/p"));
	expect_plan(_metadata, &h, expected, 1);
	holders_free(&h);
}

TEST(plan_of_a_map_registered_without_link)
{
	static const struct holders_step expected[] = {
		{ "bpftool map delete id 7 key 0 0 0 0", "x" },
	};
	struct holders h = {};

	add(&h, HOLDERS_MAP, 7, HOLDERS_DOES)->registered = true;
	expect_plan(_metadata, &h, expected, 1);
	holders_free(&h);
}

TEST(plan_leaves_the_uncertain_alone)
{
	static const struct holders_step certain[] = { { "kill 2", "b" } };
	static const struct holders_step uncertain[] = { { "kill 1", "a" } };
	struct holders h = {};

	ASSERT_EQ(0, holders_add_proc(add(&h, HOLDERS_PROG, 1, HOLDERS_MAYBE), 1, "a"));
	expect_plan(_metadata, &h, uncertain, 1);
	ASSERT_EQ(0, holders_add_proc(add(&h, HOLDERS_MAP, 2, HOLDERS_DOES), 2, "b"));
	expect_plan(_metadata, &h, certain, 1);
	holders_free(&h);
}

TEST(plan_of_hostile_names)
{
	static const struct holders_step expected[] = {
		{ "kill 5", "a\\033[2Jb" }, { "rm '/sys/fs/bpf/$(reboot) '\\'''", "" },
		{ "rm $'/sys/fs/bpf/a\\012b\\047\\134'", "" },
	};
	struct holders h = {};
	struct holders_obj *obj = add(&h, HOLDERS_LINK, 1, HOLDERS_DOES);

	ASSERT_EQ(0, holders_add_proc(obj, 5, "a\033[2Jb"));
	ASSERT_EQ(0, holders_add_pin(obj, "/sys/fs/bpf/$(reboot) '"));
	ASSERT_EQ(0, holders_add_pin(obj, "/sys/fs/bpf/a\nb'\\"));
	expect_plan(_metadata, &h, expected, 3);
	holders_free(&h);
}

TEST(printable)
{
	char *text = holders_printable("a b\t\n\x7f\xc3\xa9");

	EXPECT_STREQ("a b\\011\\012\\177\\303\\251", text);
	free(text);
}

TEST_HARNESS_MAIN
