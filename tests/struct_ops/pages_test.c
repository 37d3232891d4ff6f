// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: H11, H18, H20
/*
 * The trampolines of a type with as many functions as there can be, each of as many
 * arguments as there can be. The kernel gives one map at most eight pages for them,
 * and the map's value is refused with E2BIG where they do not fit: no type needs so
 * many on x86-64, as this one, which has the most and the largest, shows.
 */
#include "lib/struct_ops.h"
#include "lib/testmod.h"

#include "many.skel.h"
#include "../testmod/testmod_many.h"

#include "lib/harness.h"

#define NAME		"testmod_calls"
#define KSYM		"bpf__testmod_many_ops_m"
#define MAX_PAGES	8	/* MAX_TRAMP_IMAGE_PAGES of the kernel's */

FIXTURE(pages)
{
	struct many *m;
};

FIXTURE_SETUP(pages)
{
	ASSERT_EQ(0, testmod_load(NAME, ""));
	self->m = many__open();
	ASSERT_NE(NULL, self->m);
}

FIXTURE_TEARDOWN(pages)
{
	many__destroy(self->m);
	EXPECT_EQ(0, testmod_unload_soon(NAME));
}

/* Where the kernel says that the trampolines are: how many, and on how many pages. */
static int trampolines(int *pages)
{
	__u64 addresses[TESTMOD_MANY], address;
	FILE *f = fopen("/proc/kallsyms", "re");
	char symbol[256], line[512];
	int n = 0, i;

	if (!f)
		die("open /proc/kallsyms");
	*pages = 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %*c %255s", &address, symbol) != 2 ||
		    strncmp(symbol, KSYM, strlen(KSYM)))
			continue;
		if (!address || n == TESTMOD_MANY)
			die("%s at %llx, the %dth", symbol, address, n);
		for (i = 0; i < n && addresses[i] / 4096 != address / 4096; i++)
			;
		*pages += i == n;
		addresses[n++] = address;
	}
	fclose(f);
	return n;
}

/* Bit n: what member n was called with and returned was right. */
static __u64 call(void)
{
	testmod_set(NAME, "call", "many");
	return testmod_get(NAME, "returned");
}

TEST_F(pages, all_members)
{
	int pages;

	ASSERT_EQ(0, many__load(self->m));
	EXPECT_EQ(0, trampolines(&pages));
	ASSERT_EQ(0, many__attach(self->m));
	EXPECT_EQ(TESTMOD_MANY, trampolines(&pages));
	TH_LOG("%d trampolines on %d pages", TESTMOD_MANY, pages);
	EXPECT_LT(1, pages);
	EXPECT_GE(MAX_PAGES, pages);

	/* each leads to the program of its own member, and back */
	EXPECT_EQ(~0ULL, call());
	EXPECT_EQ(~0ULL, self->m->bss->called);

	many__detach(self->m);
	many__destroy(self->m);
	self->m = NULL;
	EXPECT_TRUE(until(10, trampolines(&pages) == 0));
}

/* One page is enough for what is there, whatever could be. */
TEST_F(pages, two_members)
{
	int pages;

	memset(self->m->struct_ops.many, 0, sizeof(*self->m->struct_ops.many));
	self->m->struct_ops.many->m00 = self->m->progs.p00;
	self->m->struct_ops.many->m77 = self->m->progs.p77;
	ASSERT_EQ(0, many__load(self->m));
	ASSERT_EQ(0, many__attach(self->m));
	EXPECT_EQ(2, trampolines(&pages));
	EXPECT_EQ(1, pages);
	EXPECT_EQ(1ULL << 63 | 1, call());
	EXPECT_EQ(1ULL << 63 | 1, self->m->bss->called);
}

TEST_HARNESS_MAIN
