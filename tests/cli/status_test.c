// SPDX-License-Identifier: GPL-2.0-only
// module: none
/*
 * What `taskhold status` is made of, without a module: reading sysfs (from a
 * made-up tree), judging versions and privileges, and telling what libbpf said.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include <taskhold/types.h>

#include "error.h"
#include "module.h"

#include "lib/harness.h"

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
	/* the list is read where that is asked for */
	put_file(self->root, self->dep, cases[0].dep);
	put_file(self->root, "/sys/module/taskhold/initstate", "live\n");
	module_read(&st, self->root);
	EXPECT_FALSE(st.installed);
	module_read_installed(&st, self->root);
	EXPECT_TRUE(st.installed);
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

/* What root is told to run is for the shell that root, or sudo, was called from. */
TEST(check_bad_by_sudo)
{
	struct module_state st = good_state();
	char said[1024];

	ASSERT_EQ(0, geteuid());
	st.btf = false;
	unsetenv("SUDO_UID");
	EXPECT_EQ(TH_ENV, checked(&st, said, sizeof(said)));
	EXPECT_NE(NULL, strstr(said, "'make dkms-install'"));
	ASSERT_EQ(0, setenv("SUDO_UID", "1000", 1));
	EXPECT_EQ(TH_ENV, checked(&st, said, sizeof(said)));
	EXPECT_NE(NULL, strstr(said, "'sudo make dkms-install'"));
}

TEST(check_bad)
{
	enum { ACCESS, VMLINUX, LOADED, INSTALLED, COMING, GOING, BTF, OLDER, NEWER, NO_ABI, NR };
	/* Each names what is wrong and what to do. */
	static const char *const expected[NR][3] = {
		[ACCESS]	= { "CAP_SYS_ADMIN", "sudo" },
		[VMLINUX]	= { "6.12.0-x", "has no BTF", "CONFIG_DEBUG_INFO_BTF" },
		[LOADED]	= { "is not loaded", "modprobe taskhold" },
		[INSTALLED]	= { "neither loaded nor installed", "6.12.0-x",
				    "make dkms-install" },
		[COMING]	= { "being loaded", "again" },
		[GOING]		= { "being unloaded", "modprobe taskhold" },
		[BTF]		= { "has no BTF", "modprobe -r taskhold", "make dkms-install" },
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

TEST_HARNESS_MAIN
