// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: A11
/*
 * Maps with kptrs in other maps: an inner map has the same kptrs, by kind, type
 * and place, as the map that was the pattern, or else programs would take what
 * one kind holds for another.
 */
#include "lib/expect.h"
#include "lib/kptr_types.h"

#include "lib/harness.h"

FIXTURE(inner)
{
	int unused;
};

FIXTURE_VARIANT(inner)
{
	enum bpf_map_type outer;
};

FIXTURE_VARIANT_ADD(inner, array_of_maps)
{
	.outer = BPF_MAP_TYPE_ARRAY_OF_MAPS,
};

FIXTURE_VARIANT_ADD(inner, hash_of_maps)
{
	.outer = BPF_MAP_TYPE_HASH_OF_MAPS,
};

FIXTURE_SETUP(inner)
{
}

FIXTURE_TEARDOWN(inner)
{
}

/* The error of putting a map into a map made for the likes of another. */
static int put_inner(enum bpf_map_type outer_type, int pattern, int inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = pattern);
	int outer = bpf_map_create(outer_type, "outer", 4, 4, 1, &opts), err;
	__u32 key = 0;

	if (outer < 0)
		die("create an outer map");
	err = bpf_map_update_elem(outer, &key, &inner, BPF_ANY);
	close(outer);
	return err;
}

#define OWN "nobody_else_has_this"

/* Pointers in the same place of values that are alike otherwise. */
static const struct {
	const char *tag;
	const char *name;
} kinds[] = {
	{ NULL, "task_struct" },
	{ "kptr", "task_struct" },
	{ "kptr_untrusted", "task_struct" },
	{ "kptr", "cgroup" },
	{ "kptr", "taskhold_rec" },
	{ "kptr_untrusted", "taskhold_rec" },
	{ "kptr", OWN },
	{ "percpu_kptr", OWN },
	{ "kptr_untrusted", OWN },
	/* those of kernel/patches */
	{ "kptr_percpu", "task_struct" },
	{ "kptr_user", "task_struct" },
};

#define NR_KINDS	11
#define NR_STOCK_KINDS	9

TEST_F(inner, takes_the_place_of_its_like_alone)
{
	int nr = expect_kernel_patched() ? NR_KINDS : NR_STOCK_KINDS, i, j, err, want;
	int fd[NR_KINDS], again[NR_KINDS];
	struct types t[NR_KINDS], other[NR_KINDS];

	for (i = 0; i < nr; i++) {
		types_one(&t[i], kinds[i].tag, kinds[i].name);
		fd[i] = types_map(&t[i], BPF_MAP_TYPE_HASH, 0);
		ASSERT_LE(0, fd[i]);
		/* the same by BTF of its own */
		types_one(&other[i], kinds[i].tag, kinds[i].name);
		again[i] = types_map(&other[i], BPF_MAP_TYPE_HASH, 0);
		ASSERT_LE(0, again[i]);
	}
	for (i = 0; i < nr; i++) {
		for (j = 0; j < nr; j++) {
			want = i == j ? 0 : -EINVAL;
			err = put_inner(variant->outer, fd[i], fd[j]);
			EXPECT_EQ(want, err) {
				TH_LOG("%s %s for %s %s", kinds[j].tag, kinds[j].name,
				       kinds[i].tag, kinds[i].name);
			}
			/* a type that is the program's is another one in other BTF */
			if (!strcmp(kinds[i].name, OWN))
				want = -EINVAL;
			err = put_inner(variant->outer, fd[i], again[j]);
			EXPECT_EQ(want, err) {
				TH_LOG("%s %s of other BTF for %s %s", kinds[j].tag, kinds[j].name,
				       kinds[i].tag, kinds[i].name);
			}
		}
	}
	for (i = 0; i < nr; i++) {
		close(fd[i]);
		close(again[i]);
		btf__free(t[i].btf);
		btf__free(other[i].btf);
	}
}

/* One kptr at 8, one at 16, both, in values of 24 bytes. */
TEST_F(inner, has_its_kptrs_in_the_same_places)
{
	struct types t[3];
	int fd[3], i, j, pointer;

	for (i = 0; i < 3; i++) {
		types_make(&t[i]);
		pointer = types_pointer(&t[i], "kptr", "task_struct", false);
		types_struct(&t[i], "value", 24);
		types_member(&t[i], "mark", t[i].integer, 0);
		if (i != 1)
			types_member(&t[i], "p", pointer, 8);
		if (i != 0)
			types_member(&t[i], "q", pointer, 16);
		types_load(&t[i]);
		fd[i] = types_map(&t[i], BPF_MAP_TYPE_ARRAY, 0);
		ASSERT_LE(0, fd[i]);
	}
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 3; j++)
			EXPECT_EQ(i == j ? 0 : -EINVAL, put_inner(variant->outer, fd[i], fd[j]));
	}
	for (i = 0; i < 3; i++) {
		close(fd[i]);
		btf__free(t[i].btf);
	}
}

/* The pattern is gone, its kptrs are remembered. */
TEST_F(inner, pattern_is_remembered)
{
	struct types t[2];
	int pattern, fd[2], outer, i;
	__u32 key = 0;

	for (i = 0; i < 2; i++) {
		types_one(&t[i], kinds[4 + i].tag, kinds[4 + i].name);
		fd[i] = types_map(&t[i], BPF_MAP_TYPE_HASH, 0);
		ASSERT_LE(0, fd[i]);
	}
	pattern = types_map(&t[0], BPF_MAP_TYPE_HASH, 0);
	ASSERT_LE(0, pattern);
	{
		LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = pattern);

		outer = bpf_map_create(variant->outer, "outer", 4, 4, 1, &opts);
		ASSERT_LE(0, outer);
	}
	close(pattern);
	EXPECT_EQ(0, bpf_map_update_elem(outer, &key, &fd[0], BPF_ANY));
	EXPECT_EQ(-EINVAL, bpf_map_update_elem(outer, &key, &fd[1], BPF_ANY));
	EXPECT_EQ(0, bpf_map_update_elem(outer, &key, &fd[0], BPF_ANY));
	close(fd[0]);
	close(fd[1]);
	btf__free(t[0].btf);
	btf__free(t[1].btf);
	/* the destructor's module is held by the maps that are in the outer one */
	EXPECT_LT(0, module_refs());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	close(outer);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

TEST_HARNESS_MAIN
