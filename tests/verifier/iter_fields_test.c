// SPDX-License-Identifier: GPL-2.0-only
// module: none
// rows: A8
/*
 * Iterators over maps whose values have lists, trees, timers, works or locks, which
 * the kernel follows: as with kptrs, they are given a copy, and what they write is lost.
 * A kernel without the patches of kernel/patches gives them the value itself, and lets
 * links and program arrays have programs that go beyond it.
 */
#include <inttypes.h>

#include "lib/expect.h"
#include "lib/guest.h"

#include "iter_fields.skel.h"

#include "lib/harness.h"

FIXTURE(fields)
{
	struct iter_fields *m;
};

FIXTURE_VARIANT(fields)
{
	const char *map;
};

#define VARIANT(name)			\
FIXTURE_VARIANT_ADD(fields, name)	\
{					\
	.map = #name,			\
}

VARIANT(list);
VARIANT(tree);
VARIANT(timer);
VARIANT(work);
VARIANT(lock);
VARIANT(room);

FIXTURE_SETUP(fields)
{
	self->m = iter_fields__open_and_load();
	ASSERT_NE(NULL, self->m);
}

FIXTURE_TEARDOWN(fields)
{
	iter_fields__destroy(self->m);
}

/* A program over a map; NULL where that is refused. */
static struct bpf_link *attach(struct bpf_program *prog, struct bpf_map *map)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	union bpf_iter_link_info info = { .map.map_fd = bpf_map__fd(map) };

	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	return bpf_program__attach_iter(prog, &opts);
}

/* Has the link's program called, once for each of what there is. */
static void run_link(struct __test_metadata *_metadata, struct bpf_link *link)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	char byte;

	ASSERT_LE(0, fd);
	/* it prints nothing */
	ASSERT_EQ(0, read(fd, &byte, 1));
	close(fd);
}

TEST_F(fields, are_not_written_to)
{
	struct bpf_map *map = bpf_object__find_map_by_name(self->m->obj, variant->map);
	size_t size = bpf_map__value_size(map);
	__u64 *value = calloc(1, size);
	struct bpf_link *link;
	__u32 zero = 0;

	ASSERT_NE(NULL, value);
	value[0] = 1000;
	ASSERT_EQ(0, bpf_map__update_elem(map, &zero, sizeof(zero), value, size, BPF_ANY));
	link = attach(self->m->progs.walk, map);
	ASSERT_NE(NULL, link);
	run_link(_metadata, link);
	bpf_link__destroy(link);

	EXPECT_EQ(1, self->m->bss->walked);
	ASSERT_EQ(0, bpf_map__lookup_elem(map, &zero, sizeof(zero), value, size, 0));
	EXPECT_EQ(expect_kernel_patched() ? 1000 : 1001, value[0]);
	free(value);
}

FIXTURE(link)
{
	struct iter_fields *m;
	struct bpf_link *link;
	bool patched;
};

FIXTURE_SETUP(link)
{
	self->m = iter_fields__open_and_load();
	ASSERT_NE(NULL, self->m);
	self->patched = expect_kernel_patched();
}

FIXTURE_TEARDOWN(link)
{
	bpf_link__destroy(self->link);
	iter_fields__destroy(self->m);
}

/* Another program in its place has to be content with what the map has room for. */
TEST_F(link, keeps_its_bounds)
{
	struct iter_fields *m = self->m;

	self->link = attach(m->progs.walk, m->maps.timer);
	ASSERT_NE(NULL, self->link);
	EXPECT_EQ(self->patched ? -EACCES : 0,
		  bpf_link__update_program(self->link, m->progs.read_far));
	EXPECT_EQ(self->patched ? -EACCES : 0,
		  bpf_link__update_program(self->link, m->progs.write_far));
	EXPECT_EQ(self->patched ? -EINVAL : 0,
		  bpf_link__update_program(self->link, m->progs.walk_asleep));
	if (self->patched) {
		/* it has the one that it had */
		run_link(_metadata, self->link);
		EXPECT_EQ(1, m->bss->walked);
	}
	EXPECT_EQ(0, bpf_link__update_program(self->link, m->progs.walk_too));
	run_link(_metadata, self->link);
	EXPECT_EQ(1, m->bss->walked_too);
	/* what reaches less makes no bounds */
	EXPECT_EQ(0, bpf_link__update_program(self->link, m->progs.count));
	run_link(_metadata, self->link);
	EXPECT_EQ(2, m->bss->walked_too);
	EXPECT_EQ(0, bpf_link__update_program(self->link, m->progs.walk));
	EXPECT_EQ(self->patched ? -EACCES : 0,
		  bpf_link__update_program(self->link, m->progs.write_far));
}

TEST_F(link, lets_sleep_where_that_is_allowed)
{
	struct iter_fields *m = self->m;

	self->link = bpf_program__attach_iter(m->progs.walk_tasks, NULL);
	ASSERT_NE(NULL, self->link);
	ASSERT_EQ(0, bpf_link__update_program(self->link, m->progs.walk_tasks_asleep));
	run_link(_metadata, self->link);
	EXPECT_LT(0, m->bss->walked_too);
}

/* What the attached program calls is bound as it is. */
TEST_F(link, calls_what_reaches_as_far)
{
	struct iter_fields *m = self->m;
	int called = bpf_map__fd(m->maps.called), fd;
	struct bpf_program *others[] = {
		m->progs.read_far, m->progs.write_far, m->progs.walk_asleep, m->progs.count,
	};
	__u32 zero = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		fd = bpf_program__fd(others[i]);
		EXPECT_EQ(self->patched ? -EINVAL : 0,
			  bpf_map_update_elem(called, &zero, &fd, BPF_ANY));
	}
	fd = bpf_program__fd(m->progs.walk);
	ASSERT_EQ(0, bpf_map_update_elem(called, &zero, &fd, BPF_ANY));
	self->link = attach(m->progs.walk_and_call, m->maps.timer);
	ASSERT_NE(NULL, self->link);
	run_link(_metadata, self->link);
	EXPECT_EQ(1, m->bss->walked);
}

#define OWN	"iter_fields_test"

/* In a cgroup of its own. */
FIXTURE(opened)
{
	struct iter_fields *m;
};

FIXTURE_SETUP(opened)
{
	write_file(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
	cgroup_make(OWN);
	self->m = iter_fields__open_and_load();
	ASSERT_NE(NULL, self->m);
	cgroup_move(OWN, getpid());
}

FIXTURE_TEARDOWN(opened)
{
	cgroup_move("", getpid());
	iter_fields__destroy(self->m);
	cgroup_remove(OWN);
	write_file(CGROUP_ROOT "/cgroup.subtree_control", "-memory");
}

/* Of what this process has asked for, what the kernel has mapped page by page. */
static uint64_t charged(void)
{
	char path[] = CGROUP_ROOT "/" OWN "/memory.stat", line[128];
	FILE *stat = fopen(path, "r");
	uint64_t bytes = 0;
	bool found = false;

	if (!stat)
		die("open %s", path);
	while (fgets(line, sizeof(line), stat))
		found |= sscanf(line, "vmalloc %" SCNu64, &bytes) == 1;
	fclose(stat);
	if (!found)
		die("%s has no vmalloc", path);
	return bytes;
}

/* The copy is the memory of who opens the iterator, for as long as it is open. */
TEST_F(opened, is_charged_for_its_copy)
{
	struct bpf_map *map = self->m->maps.room;
	uint64_t size = bpf_map__value_size(map), before;
	struct bpf_link *link;
	int fd;

	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	before = charged();
	link = attach(self->m->progs.walk, map);
	ASSERT_NE(NULL, link);
	fd = bpf_iter_create(bpf_link__fd(link));
	ASSERT_LE(0, fd);
	/* statistics are summed up every two seconds */
	EXPECT_TRUE(until(10, charged() >= before + size));
	close(fd);
	EXPECT_TRUE(until(10, charged() < before + size));
	bpf_link__destroy(link);
}

TEST_HARNESS_MAIN
