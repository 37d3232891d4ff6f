// SPDX-License-Identifier: GPL-2.0-only
// module: none
/*
 * What `taskhold status` is made of, without a module: reading sysfs (from a
 * made-up tree), judging versions and privileges, and finding out who holds
 * the module from texts, instructions, BTF and a made-up graph of objects.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <taskhold/types.h>

#include "error.h"
#include "holders.h"
#include "module.h"

#include "kselftest_harness.h"

/* --- a made-up /sys and /lib/modules ------------------------------------- */

static void put_file(const char *root, const char *path, const char *text)
{
	char full[512], *slash;
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(full, 0700);
		*slash = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(full);
		exit(1);
	}
	close(fd);
}

FIXTURE(tree)
{
	char root[64];
	char dep[256];	/* modules.dep of the running kernel */
};

FIXTURE_SETUP(tree)
{
	struct utsname uts;

	snprintf(self->root, sizeof(self->root), "/tmp/status_test.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->root));
	ASSERT_EQ(0, uname(&uts));
	snprintf(self->dep, sizeof(self->dep), "/lib/modules/%s/modules.dep", uts.release);
}

FIXTURE_TEARDOWN(tree)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", self->root);
	ASSERT_EQ(0, system(command));
}

TEST_F(tree, nothing_there)
{
	struct module_state st = {};

	module_read(&st, self->root);
	EXPECT_FALSE(st.loaded);
	EXPECT_FALSE(st.installed);
	EXPECT_FALSE(st.btf);
	EXPECT_FALSE(st.vmlinux_btf);
	EXPECT_EQ(-1, st.abi);
	EXPECT_EQ(-1, st.refcnt);
	EXPECT_STREQ("", st.version);
}

TEST_F(tree, everything_there)
{
	struct module_state st = {};

	put_file(self->root, "/sys/kernel/btf/vmlinux", "");
	put_file(self->root, "/sys/kernel/btf/taskhold", "");
	put_file(self->root, "/sys/module/taskhold/initstate", "live\n");
	put_file(self->root, "/sys/module/taskhold/version", "1.2.3\n");
	put_file(self->root, "/sys/module/taskhold/srcversion", "ABCDEF\n");
	put_file(self->root, "/sys/module/taskhold/refcnt", "4\n");
	put_file(self->root, "/sys/module/taskhold/parameters/abi", "7\n");
	put_file(self->root, "/sys/module/taskhold/parameters/base_btf", "00ff\n");
	module_read(&st, self->root);
	EXPECT_TRUE(st.loaded);
	EXPECT_TRUE(st.btf);
	EXPECT_TRUE(st.vmlinux_btf);
	EXPECT_STREQ("live", st.initstate);
	EXPECT_STREQ("1.2.3", st.version);
	EXPECT_STREQ("ABCDEF", st.srcversion);
	EXPECT_EQ(4, st.refcnt);
	EXPECT_EQ(7, st.abi);
	EXPECT_STREQ("00ff", st.base_sha256);
}

TEST_F(tree, abi_that_is_no_number)
{
	static const char *const bad[] = {
		"", "\n", "x\n", "1x\n", "-2\n", "99999999999999999999\n",
	};
	struct module_state st = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put_file(self->root, "/sys/module/taskhold/parameters/abi", bad[i]);
		module_read(&st, self->root);
		EXPECT_EQ(-1, st.abi) TH_LOG("%s", bad[i]);
	}
}

TEST_F(tree, installed)
{
	static const struct {
		const char *dep;
		bool installed;
	} cases[] = {
		{ "updates/dkms/taskhold.ko:\n", true },
		{ "a.ko: b.ko\nupdates/dkms/taskhold.ko.xz: a.ko\n", true },
		{ "kernel/taskhold.kool:\n", false },
		{ "kernel/nottaskhold.ko:\n", false },
		{ "kernel/user.ko: updates/dkms/taskhold.ko\n", false },
		{ "", false },
	};
	struct module_state st = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		put_file(self->root, self->dep, cases[i].dep);
		module_read(&st, self->root);
		EXPECT_EQ(cases[i].installed, st.installed) TH_LOG("%s", cases[i].dep);
	}
}

TEST_F(tree, sha256)
{
	char path[512], hex[MODULE_SHA256_LEN];

	/* FIPS 180-2, B.1 */
	put_file(self->root, "/abc", "abc");
	snprintf(path, sizeof(path), "%s/abc", self->root);
	ASSERT_EQ(0, module_sha256(path, hex));
	EXPECT_STREQ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex);
	EXPECT_EQ(-ENOENT, module_sha256("/nowhere/at/all", hex));
	EXPECT_STREQ("", hex);
}

/* --- judging -------------------------------------------------------------- */

static struct module_state good_state(void)
{
	return (struct module_state){
		.release = "6.12.0-x", .access = MODULE_ACCESS_OK, .vmlinux_btf = true,
		.installed = true, .loaded = true, .initstate = "live", .btf = true,
		.version = "9.9.9", .abi = TASKHOLD_ABI,
	};
}

/* Takes stderr away until said(), which tells what was written to it: 64 KiB at most. */
static int listen_stderr(int pipes[2])
{
	int keep = dup(STDERR_FILENO);

	if (keep < 0 || pipe(pipes))
		exit(1);
	dup2(pipes[1], STDERR_FILENO);
	return keep;
}

static void said_on_stderr(int keep, int pipes[2], char *said, size_t size)
{
	size_t have = 0;
	ssize_t n;

	dup2(keep, STDERR_FILENO);
	close(keep);
	close(pipes[1]);
	while ((n = read(pipes[0], said + have, size - 1 - have)) > 0)
		have += n;
	said[have] = 0;
	close(pipes[0]);
}

/* What module_check() says, and its verdict. */
static int checked(const struct module_state *st, char *said, size_t size)
{
	int pipes[2], keep, ret;

	keep = listen_stderr(pipes);
	ret = module_check(st);
	said_on_stderr(keep, pipes, said, size);
	return ret;
}

TEST(check_good)
{
	struct module_state st = good_state();
	char said[1024];

	EXPECT_EQ(TH_OK, checked(&st, said, sizeof(said)));
	EXPECT_STREQ("", said);
}

TEST(check_bad)
{
	enum { ACCESS, VMLINUX, LOADED, INSTALLED, COMING, GOING, BTF, OLDER, NEWER, NO_ABI, NR };
	/* Each names what is wrong and what to do. */
	static const char *const expected[NR][3] = {
		[ACCESS]	= { "CAP_SYS_ADMIN", "sudo" },
		[VMLINUX]	= { "6.12.0-x", "has no BTF", "CONFIG_DEBUG_INFO_BTF" },
		[LOADED]	= { "is not loaded", "modprobe taskhold" },
		[INSTALLED]	= { "neither loaded nor installed", "6.12.0-x", "dkms" },
		[COMING]	= { "being loaded", "again" },
		[GOING]		= { "being unloaded", "modprobe taskhold" },
		[BTF]		= { "has no BTF", "modprobe -r taskhold", "dkms build" },
		[OLDER]		= { "module taskhold 9.9.9 (ABI 0) is older", TASKHOLD_VERSION,
				    "modprobe -r taskhold" },
		[NEWER]		= { "is older than the loaded module taskhold 9.9.9 (ABI 9999)",
				    TASKHOLD_VERSION, "upgrade the command" },
		[NO_ABI]	= { "does not say its ABI", "parameters/abi",
				    "modprobe -r taskhold" },
	};
	struct module_state st;
	char said[1024];
	int i, j;

	for (i = 0; i < NR; i++) {
		st = good_state();
		switch (i) {
		case ACCESS:
			st.access = MODULE_ACCESS_NO_CAP;
			break;
		case VMLINUX:
			st.vmlinux_btf = false;
			break;
		case INSTALLED:
			st.installed = false;
			/* fallthrough */
		case LOADED:
			st.loaded = false;
			break;
		case COMING:
			strcpy(st.initstate, "coming");
			break;
		case GOING:
			strcpy(st.initstate, "going");
			break;
		case BTF:
			st.btf = false;
			break;
		case OLDER:
			st.abi = TASKHOLD_ABI - 1;
			break;
		case NEWER:
			st.abi = 9999;
			break;
		case NO_ABI:
			st.abi = -1;
			break;
		}
		EXPECT_EQ(TH_ENV, checked(&st, said, sizeof(said)));
		EXPECT_EQ(0, strncmp(said, "taskhold: ", 10)) TH_LOG("%d: %s", i, said);
		EXPECT_EQ(said + strlen(said) - 1, strchr(said, '\n')) TH_LOG("%d: %s", i, said);
		for (j = 0; j < 3 && expected[i][j]; j++)
			EXPECT_NE(NULL, strstr(said, expected[i][j]))
				TH_LOG("%d: '%s' is not in: %s", i, expected[i][j], said);
	}
}

TEST(check_access_texts_differ)
{
	struct module_state st = good_state();
	char said[4][1024];
	int i, j;

	for (i = 0; i < 4; i++) {
		st.access = MODULE_ACCESS_NO_CAP + i;
		EXPECT_EQ(TH_ENV, checked(&st, said[i], sizeof(said[i])));
		for (j = 0; j < i; j++)
			EXPECT_STRNE(said[i], said[j]);
	}
}

TEST(base)
{
	struct module_state st = {};

	EXPECT_EQ(MODULE_BASE_UNKNOWN, module_base(&st));
	strcpy(st.base_sha256, "aa");
	EXPECT_EQ(MODULE_BASE_UNKNOWN, module_base(&st));
	strcpy(st.vmlinux_sha256, "aa");
	EXPECT_EQ(MODULE_BASE_SAME, module_base(&st));
	strcpy(st.vmlinux_sha256, "ab");
	EXPECT_EQ(MODULE_BASE_OTHER, module_base(&st));
}

/* --- what libbpf said ------------------------------------------------------ */

/* libbpf's print callback is reached the way libbpf reaches it. */
static libbpf_print_fn_t libbpf_print(void)
{
	libbpf_print_fn_t fn;

	th_libbpf_init();
	fn = libbpf_set_print(NULL);
	libbpf_set_print(fn);
	return fn;
}

static void libbpf_says(libbpf_print_fn_t fn, enum libbpf_print_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fn(level, fmt, ap);
	va_end(ap);
}

static void failed(char *said, size_t size)
{
	int pipes[2], keep;

	keep = listen_stderr(pipes);
	if (th_fail_libbpf(TH_ENV, "it failed") != TH_ENV)
		exit(1);
	said_on_stderr(keep, pipes, said, size);
}

TEST(libbpf_warnings_are_shown_once)
{
	libbpf_print_fn_t fn = libbpf_print();
	char said[4096];

	libbpf_says(fn, LIBBPF_WARN, "libbpf: %s\n", "old");
	th_libbpf_clear();
	libbpf_says(fn, LIBBPF_DEBUG, "libbpf: chatter\n");
	libbpf_says(fn, LIBBPF_INFO, "libbpf: talk\n");
	libbpf_says(fn, LIBBPF_WARN, "libbpf: %s\n", "the reason");
	failed(said, sizeof(said));
	EXPECT_STREQ("taskhold: it failed\n  libbpf: the reason\n", said);
	failed(said, sizeof(said));
	EXPECT_STREQ("taskhold: it failed\n", said);
}

TEST(verifier_log_of_few_lines)
{
	libbpf_print_fn_t fn = libbpf_print();
	char said[4096];

	libbpf_says(fn, LIBBPF_WARN, "libbpf: prog 'p': BPF program load failed: %s\n", "EACCES");
	libbpf_says(fn, LIBBPF_WARN, "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n%s"
		    "-- END PROG LOAD LOG --\n",
		    "0: (85) call f#1\nR1 must be referenced\n"
		    "verification time 12 usec\nstack depth 0\nprocessed 1 insns\n");
	libbpf_says(fn, LIBBPF_WARN, "libbpf: failed to load object 'o'\n");
	failed(said, sizeof(said));
	EXPECT_STREQ("taskhold: it failed\n"
		     "  libbpf: prog 'p': BPF program load failed: EACCES\n"
		     "  verifier: 0: (85) call f#1\n"
		     "  verifier: R1 must be referenced\n"
		     "  libbpf: failed to load object 'o'\n", said);
}

/* Of a log of any length the end is shown, even where its beginning was not kept. */
TEST(verifier_log_of_many_lines)
{
	static const size_t lines[] = { 13, 1000, 100000 };
	libbpf_print_fn_t fn = libbpf_print();
	char said[4096], expected[64], *log, *p;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		log = malloc(16 * lines[i] + 64);
		ASSERT_NE(NULL, log);
		p = log;
		for (n = 1; n <= lines[i]; n++)
			p += sprintf(p, "line %zu\n", n);
		strcpy(p, "processed 9 insns\n");
		libbpf_says(fn, LIBBPF_WARN, "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n%s"
			    "-- END PROG LOAD LOG --\n", log);
		libbpf_says(fn, LIBBPF_WARN, "libbpf: after\n");
		free(log);
		failed(said, sizeof(said));
		snprintf(expected, sizeof(expected), "  verifier: line %zu\n  libbpf: after\n",
			 lines[i]);
		EXPECT_NE(NULL, strstr(said, expected)) TH_LOG("%s", said);
		snprintf(expected, sizeof(expected), "  verifier: line %zu\n", lines[i] - 11);
		EXPECT_NE(NULL, strstr(said, expected)) TH_LOG("%s", said);
		snprintf(expected, sizeof(expected), "  verifier: line %zu\n", lines[i] - 12);
		EXPECT_EQ(NULL, strstr(said, expected)) TH_LOG("%s", said);
		EXPECT_NE(NULL, strstr(said, "lines left out")) TH_LOG("%s", said);
		EXPECT_EQ(NULL, strstr(said, "processed")) TH_LOG("%s", said);
	}
}

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
		{ "kptr_untrusted", "taskhold_rec", true },
		{ "percpu_kptr", "taskhold_rec", true },
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
