// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: A15
/*
 * kptr.bpf.h with the names that libbpf 1.1 had for kptrs: each has the tag that the
 * kernel knows it by, and the maps have kptrs.
 */
#include "lib/expect.h"
#include "lib/kptr_types.h"
#include "old_libbpf.skel.h"

#include "lib/harness.h"

FIXTURE(names)
{
	struct old_libbpf *m;
};

FIXTURE_SETUP(names)
{
	self->m = old_libbpf__open();
	ASSERT_NE(NULL, self->m);
}

FIXTURE_TEARDOWN(names)
{
	old_libbpf__destroy(self->m);
}

/* The tag that is on a member. */
static const char *tag_of(const struct btf *btf, const struct btf_member *member)
{
	const struct btf_type *t = btf__type_by_id(btf, member->type);

	if (!btf_is_ptr(t))
		die("%s is no pointer", btf__name_by_offset(btf, member->name_off));
	t = btf__type_by_id(btf, t->type);
	return btf_is_type_tag(t) ? btf__name_by_offset(btf, t->name_off) : "";
}

TEST_F(names, are_of_the_tags_that_the_kernel_knows)
{
	static const char *const structs[] = { "stock_kinds", "new_kinds" };
	const struct btf *btf = bpf_object__btf(self->m->obj);
	int seen = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(structs); i++) {
		__s32 id = btf__find_by_name_kind(btf, structs[i], BTF_KIND_STRUCT);
		const struct btf_type *t;

		ASSERT_LT(0, id);
		t = btf__type_by_id(btf, id);
		for (int j = 0; j < btf_vlen(t); j++, seen++) {
			const struct btf_member *member = btf_members(t) + j;
			char tag[32];

			snprintf(tag, sizeof(tag), "%s",
				 btf__name_by_offset(btf, member->name_off));
			tag[strcspn(tag, "0123456789")] = '\0';
			EXPECT_STREQ(tag, tag_of(btf, member));
		}
	}
	EXPECT_EQ(6, seen);
}

/* All of a value's tags are known, or else it would have none. */
TEST_F(names, make_kptrs)
{
	ASSERT_EQ(0, old_libbpf__load(self->m));
	EXPECT_TRUE(has_kptrs(bpf_map__fd(self->m->maps.stock)));
	EXPECT_EQ(expect_kernel_patched(), has_kptrs(bpf_map__fd(self->m->maps.new)));
}

TEST_HARNESS_MAIN
