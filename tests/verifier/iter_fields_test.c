// SPDX-License-Identifier: GPL-2.0-only
// module: none
// rows: A8
/*
 * Iterators over maps whose values have lists, trees, timers, works or locks, which
 * the kernel follows: as with kptrs, they are given a copy, and what they write is lost.
 * A kernel without the patches of kernel/patches gives them the value itself.
 */
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

TEST_F(fields, are_not_written_to)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	struct bpf_map *map = bpf_object__find_map_by_name(self->m->obj, variant->map);
	union bpf_iter_link_info info = { .map.map_fd = bpf_map__fd(map) };
	size_t size = bpf_map__value_size(map);
	__u64 *value = calloc(1, size);
	struct bpf_link *link;
	__u32 zero = 0;
	char byte;
	int fd;

	ASSERT_NE(NULL, value);
	value[0] = 1000;
	ASSERT_EQ(0, bpf_map__update_elem(map, &zero, sizeof(zero), value, size, BPF_ANY));
	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	link = bpf_program__attach_iter(self->m->progs.walk, &opts);
	ASSERT_NE(NULL, link);
	fd = bpf_iter_create(bpf_link__fd(link));
	ASSERT_LE(0, fd);
	/* the program prints nothing */
	ASSERT_EQ(0, read(fd, &byte, 1));
	close(fd);
	bpf_link__destroy(link);

	EXPECT_EQ(1, self->m->bss->walked);
	ASSERT_EQ(0, bpf_map__lookup_elem(map, &zero, sizeof(zero), value, size, 0));
	EXPECT_EQ(expect_kernel_patched() ? 1000 : 1001, value[0]);
	free(value);
}

TEST_HARNESS_MAIN
