// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: E10
/*
 * Programs two paths of which come to one load with different pointers: each path
 * reads what is there, and where there is nothing, nothing.
 */
#include "lib/reader.h"
#include "merged_paths.skel.h"

#include "lib/harness.h"

/* What one program reads on one path. */
static __u64 read_on_path(const char *name, __u64 which)
{
	struct merged_paths *m = merged_paths__open();
	struct bpf_program *prog;
	__u64 seen;

	if (!m)
		die("open merged_paths.bpf.o");
	bpf_object__for_each_program(prog, m->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	if (merged_paths__load(m))
		die("load %s", name);
	m->bss->which = which;
	m->bss->seen = -1;
	reader_run(bpf_object__find_program_by_name(m->obj, name));
	seen = m->bss->seen;
	merged_paths__destroy(m);
	return seen;
}

/* When this process began, as /proc has it, in ns and to the tick. */
static __u64 start_ns(void)
{
	char stat[1024], *at;
	__u64 ticks;
	int field;

	if (read_file("/proc/self/stat", stat, sizeof(stat)) <= 0)
		die("read /proc/self/stat");
	at = strrchr(stat, ')');
	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		die("find the start in '%s'", stat);
	ticks = strtoull(at, NULL, 10);
	return ticks * (1000000000ULL / sysconf(_SC_CLK_TCK));
}

TEST(task_that_is_there)
{
	__u64 seen = read_on_path("trusted_and_walked", 0);

	/* one counts from boot, and the other leaves suspended time out: none here */
	EXPECT_LE(start_ns(), seen);
	EXPECT_GT(start_ns() + 10000000, seen);
}

TEST(field_that_names_none)
{
	EXPECT_EQ(0, read_on_path("trusted_and_walked", 1));
}

TEST(object)
{
	EXPECT_EQ(42, read_on_path("task_and_object", 1));
	EXPECT_NE(-1, read_on_path("task_and_object", 0));
}

TEST_HARNESS_MAIN
