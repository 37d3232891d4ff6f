// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// kernel: stock
/*
 * A module whose BTF brings a base of its own with it, as kbuild makes it for
 * modules outside of the kernel's tree where pahole can: the kernel gives its
 * types other numbers than the module's own tables have, so the filter of the kfuncs
 * knows none of them.  It must let nothing pass then.
 */
#include <bpf/btf.h>

#include <taskhold/types.h>

#include "lib/expect.h"
#include "lib/guest.h"
#include "kfunc_reject.skel.h"
#include "reader.skel.h"

#include "lib/harness.h"

#define NOT_ALLOWED(kfunc)	"calling kernel function " kfunc " is not allowed"

FIXTURE(distilled)
{
	char dir[32];
	char whole[64];	/* the module as it is */
	char ko[64];	/* the other one */
};

static void shell(const char *command)
{
	char *argv[] = { "sh", "-c", (char *)command, NULL };

	if (run(argv))
		die("%s", command);
}

static void write_data(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		die("write %s", path);
}

/* Numbers of the module's own types are lower by so many; counts and flags are lower. */
static void shift_ids(const char *path, __u32 first, __u32 by)
{
	static __u32 ids[4096];
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t size = read(fd, ids, sizeof(ids));
	int i, shifted = 0;

	for (i = 0; i < size / 4; i++) {
		if (ids[i] >= first) {
			ids[i] -= by;
			shifted++;
		}
	}
	if (!shifted || pwrite(fd, ids, size, 0) != size || close(fd))
		die("%s: %d numbers of types", path, shifted);
}

/* What pahole and resolve_btfids would have made. */
static void distill(const char *dir)
{
	struct btf *vmlinux = btf__load_vmlinux_btf(), *whole, *base, *split;
	char path[64];
	const void *data;
	__u32 size;

	snprintf(path, sizeof(path), "%s/btf", dir);
	whole = btf__parse_split(path, vmlinux);
	if (!whole || btf__distill_base(whole, &base, &split))
		die("make a base of the module's own");
	snprintf(path, sizeof(path), "%s/base", dir);
	data = btf__raw_data(base, &size);
	write_data(path, data, size);
	snprintf(path, sizeof(path), "%s/split", dir);
	data = btf__raw_data(split, &size);
	write_data(path, data, size);
	snprintf(path, sizeof(path), "%s/ids", dir);
	shift_ids(path, btf__type_cnt(vmlinux), btf__type_cnt(vmlinux) - btf__type_cnt(base));
	btf__free(split);
	btf__free(base);
	btf__free(whole);
	btf__free(vmlinux);
}

FIXTURE_SETUP(distilled)
{
	char command[512];

	strcpy(self->dir, "/tmp/distilled.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->whole, sizeof(self->whole), "%s/whole.ko", self->dir);
	snprintf(self->ko, sizeof(self->ko), "%s/taskhold.ko", self->dir);
	snprintf(command, sizeof(command),
		 "cd %s && xz -dcf \"$(modinfo -n taskhold)\" >whole.ko && "
		 "objcopy --dump-section .BTF=btf --dump-section .BTF_ids=ids whole.ko copy.ko",
		 self->dir);
	shell(command);
	distill(self->dir);
	snprintf(command, sizeof(command),
		 "cd %s && objcopy --update-section .BTF=split --update-section .BTF_ids=ids "
		 "--add-section .BTF.base=base whole.ko taskhold.ko", self->dir);
	shell(command);
}

FIXTURE_TEARDOWN(distilled)
{
	char command[64];

	if (module_loaded())
		EXPECT_EQ(0, module_unload_soon());
	snprintf(command, sizeof(command), "rm -r %s", self->dir);
	shell(command);
}

/* Does the verifier say of a program what it must? NULL: it takes it. */
static bool verdict(const char *name, const char *msg)
{
	struct expectation e = { .success = !msg, .failure = msg, .nr_msgs = !!msg };
	char reason[400];
	const void *elf;
	size_t size;
	bool good;

	snprintf(e.name, sizeof(e.name), "%s", name);
	if (msg)
		snprintf(e.msgs[0], sizeof(e.msgs[0]), "%s", msg);
	elf = strstr(name, "tracing") ? kfunc_reject__elf_bytes(&size) : reader__elf_bytes(&size);
	good = expect_check(elf, size, &e, reason, sizeof(reason));
	if (!good)
		ksft_print_msg("%s: %s\n", name, reason);
	return good;
}

TEST_F(distilled, no_kfunc_is_let_pass)
{
	char *argv[] = { "insmod", self->ko, NULL };

	ASSERT_EQ(0, run(argv));
	EXPECT_EQ(0, access("/sys/kernel/btf/taskhold", R_OK));
	/* of the filter's own refusals, and of what it lets pass */
	EXPECT_TRUE(verdict("totals_in_tracing", NOT_ALLOWED("taskhold_totals_next")));
	EXPECT_TRUE(verdict("read_totals", NOT_ALLOWED("taskhold_totals_next")));
	EXPECT_TRUE(verdict("read_stats", NOT_ALLOWED("taskhold_stats_read")));
}

/* The same module, with BTF on the kernel's own. */
TEST_F(distilled, kfuncs_of_the_whole_one_are)
{
	char *argv[] = { "insmod", self->whole, NULL };

	ASSERT_EQ(0, run(argv));
	EXPECT_TRUE(verdict("totals_in_tracing", NOT_ALLOWED("taskhold_totals_next")));
	EXPECT_TRUE(verdict("read_totals", NULL));
	EXPECT_TRUE(verdict("read_stats", NULL));
}

TEST_HARNESS_MAIN
