// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: D1
/*
 * Modules whose destructors have one name, static or not, and one whose destructor
 * is called like a function of the kernel's: each object goes to its own. A kernel
 * without the patches of kernel/patches takes the first function by that name.
 */
#include "lib/expect.h"
#include "lib/reader.h"
#include "lib/testmod.h"
#include "named_dtors.skel.h"

#include "lib/harness.h"

#define KEYS	3

static const char *const modules[] = {
	"testmod_first", "testmod_second", "testmod_third", "testmod_fourth",
};

enum { SHARED = 3, ALL };	/* so many have the same name */

FIXTURE(names)
{
	struct named_dtors *m;
};

FIXTURE_SETUP(names)
{
	__u64 value[4] = {};
	__u32 key;
	int i;

	for (i = 0; i < ALL; i++)
		ASSERT_EQ(0, testmod_load(modules[i], ""));
	self->m = named_dtors__open_and_load();
	ASSERT_NE(NULL, self->m);
	for (key = 0; key < KEYS; key++) {
		ASSERT_EQ(0, bpf_map__update_elem(self->m->maps.hash, &key, sizeof(key), value,
						  sizeof(value), BPF_ANY));
		self->m->bss->key = key;
		reader_run(self->m->progs.fill);
		ASSERT_EQ(0, self->m->bss->ret);
	}
}

FIXTURE_TEARDOWN(names)
{
	int i;

	named_dtors__destroy(self->m);
	for (i = 0; i < ALL; i++) {
		if (testmod_is_there(modules[i]))
			EXPECT_EQ(0, testmod_unload_soon(modules[i]));
	}
}

static long all_dropped(void)
{
	long sum = 0;
	int i;

	for (i = 0; i < SHARED; i++)
		sum += testmod_get(modules[i], "dropped");
	return sum;
}

/* Of each module's so many objects have gone by the destructor. */
static void expect_dropped(struct __test_metadata *_metadata, long objects)
{
	long most = 0;
	int i;

	EXPECT_TRUE(until(10, all_dropped() == SHARED * objects));
	for (i = 0; i < SHARED; i++) {
		long dropped = testmod_get(modules[i], "dropped");

		/* no other way but the destructor was taken */
		EXPECT_EQ(KEYS, testmod_get(modules[i], "out"));
		if (expect_kernel_patched())
			EXPECT_EQ(objects, dropped);
		most = dropped > most ? dropped : most;
	}
	if (expect_kernel_patched()) {
		EXPECT_TRUE(until(10, testmod_get(modules[SHARED], "dropped") == objects));
		EXPECT_EQ(0, testmod_get(modules[SHARED], "number"));
	} else {
		/* one of them was called for all */
		EXPECT_EQ(SHARED * objects, most);
		EXPECT_TRUE(until(10, testmod_get(modules[SHARED], "number") != 0));
		EXPECT_EQ(0, testmod_get(modules[SHARED], "dropped"));
	}
}

TEST_F(names, one_by_one)
{
	__u32 key;
	int i;

	for (i = 0; i < ALL; i++) {
		EXPECT_EQ(KEYS, testmod_get(modules[i], "out"));
		EXPECT_EQ(0, testmod_get(modules[i], "dropped"));
		EXPECT_EQ(0, testmod_get(modules[i], "number"));
	}
	for (key = 0; key < KEYS; key++) {
		ASSERT_EQ(0, bpf_map__delete_elem(self->m->maps.hash, &key, sizeof(key), 0));
		expect_dropped(_metadata, key + 1);
	}
}

/* The map holds each of them, whichever has the function that is found. */
TEST_F(names, with_the_map)
{
	int map = dup(bpf_map__fd(self->m->maps.hash)), i;

	ASSERT_LE(0, map);
	named_dtors__destroy(self->m);
	self->m = NULL;
	for (i = 0; i < ALL; i++) {
		EXPECT_LT(0, testmod_refs(modules[i]));
		EXPECT_EQ(-EWOULDBLOCK, testmod_unload(modules[i]));
	}
	close(map);
	expect_dropped(_metadata, KEYS);
}

TEST_HARNESS_MAIN
