// SPDX-License-Identifier: GPL-2.0-only
// rows: S1, S2, S4
/*
 * Policies that were built against another struct taskhold_ops: older and newer ones
 * load where the members that they use exist, and else libbpf says which does not.
 * Maps that are optional, members that are set before the load, and what is attached.
 */
#include "lib/policy.h"

#include "versions.skel.h"

#include "lib/harness.h"

static char said[16384];

static int note(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t len = strlen(said);

	if (level == LIBBPF_WARN)
		vsnprintf(said + len, sizeof(said) - len, format, args);
	return 0;
}

FIXTURE(versions)
{
	struct reader *r;
	struct versions *v;
	bool was_optional;	/* the first map, as it was opened */
};

FIXTURE_SETUP(versions)
{
	struct bpf_map *map;

	self->r = reader_open();
	self->v = versions__open();
	ASSERT_NE(NULL, self->v);
	/*
	 * Of a section with several maps libbpf 1.5 takes the first one for optional: it
	 * passes over the "?" for each of them, and forgets it after one.
	 */
	self->was_optional = !bpf_map__autocreate(self->v->maps.older);
	bpf_object__for_each_map(map, self->v->obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, false);
	}
	self->v->bss->root_pid = getpid();
	said[0] = '\0';
	libbpf_set_print(note);
}

FIXTURE_TEARDOWN(versions)
{
	versions__destroy(self->v);
	reader__destroy(self->r);
}

static void live_and_die(struct reader *r)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	reap(pid);
	reader_finish(r, 0);
}

/* 0, or the error of the one of them that fails. */
static int load_and_attach(struct versions *v, struct bpf_map *map)
{
	bpf_map__set_autocreate(map, true);
	return versions__load(v) ?: versions__attach(v);
}

/* It is refused before the kernel is asked, and libbpf says why. */
#define REFUSED(map, error, text)						\
do {										\
	EXPECT_EQ(error, load_and_attach(self->v, self->v->maps.map));		\
	EXPECT_NE(NULL, strstr(said, text)) TH_LOG("%s", said);			\
	EXPECT_EQ(0, reader_stats(self->r)->policies);				\
} while (0)

/* It is attached, and both of its functions are called. */
#define WORKS(map, name, held)							\
do {										\
	ASSERT_EQ(0, load_and_attach(self->v, self->v->maps.map)) TH_LOG("%s", said); \
	EXPECT_EQ(1, reader_stats(self->r)->policies);				\
	ASSERT_EQ(0, reader_slot(self->r, name));				\
	EXPECT_EQ(held, reader_policy(self->r, 0)->max_held);			\
	live_and_die(self->r);							\
	EXPECT_EQ(1, self->v->bss->admits);					\
	EXPECT_EQ(1, self->v->bss->finishes);					\
	EXPECT_EQ(1, reader_policy(self->r, 0)->dropped);			\
} while (0)

TEST_F(versions, same)
{
	WORKS(same, "same", 14);
}

TEST_F(versions, older)
{
	WORKS(older, "older", 11);
}

TEST_F(versions, newer_without_what_is_new)
{
	WORKS(newer, "newer", 12);
}

TEST_F(versions, newer_with_data)
{
	REFUSED(newer_data, -ENOTSUP, "newer_data: Cannot find member budget in kernel BTF");
}

TEST_F(versions, newer_with_the_last_byte_of_an_array)
{
	REFUSED(newer_array, -ENOTSUP, "newer_array: Cannot find member options in kernel BTF");
}

TEST_F(versions, newer_with_a_function)
{
	REFUSED(newer_function, -ENOTSUP,
		"newer_function: Cannot find member future in kernel BTF");
}

TEST_F(versions, newer_with_a_function_that_is_taken_out)
{
	self->v->struct_ops.newer_function->future = NULL;
	self->v->struct_ops.newer_function->max_held = 15;
	WORKS(newer_function, "newer-function", 15);
	EXPECT_GT(0, bpf_program__fd(self->v->progs.on_future));
}

TEST_F(versions, newer_with_data_that_is_taken_out)
{
	self->v->struct_ops.newer_data->budget = 0;
	self->v->struct_ops.newer_data->max_held = 16;
	self->v->struct_ops.newer_data->finish = self->v->progs.on_finish;
	WORKS(newer_data, "newer-data", 16);
}

TEST_F(versions, member_of_another_size)
{
	REFUSED(wider, -ENOTSUP, "wider: Error in size of member max_held: 8 != 4(kernel)");
}

TEST_F(versions, member_of_another_kind)
{
	REFUSED(kind, -ENOTSUP, "kind: Unmatched member type name");
}

TEST_F(versions, type_that_is_nowhere)
{
	REFUSED(nowhere, -ESRCH, "struct bpf_struct_ops_taskhold_none is not found in kernel BTF");
}

/* ---- what is set before the load ---- */

TEST_F(versions, data_set_before_the_load)
{
	size_t size;
	char *members = bpf_map__initial_value(self->v->maps.older, &size);

	/* skeletons know members that are numbers or functions */
	self->v->struct_ops.older->max_held = 21;
	/* others are where the object's own type has them: behind it */
	strcpy(members + sizeof(self->v->struct_ops.older->max_held), "renamed");
	WORKS(older, "renamed", 21);
}

TEST_F(versions, function_set_before_the_load)
{
	self->v->struct_ops.older->admit = self->v->progs.on_other_admit;
	ASSERT_EQ(0, load_and_attach(self->v, self->v->maps.older)) TH_LOG("%s", said);
	live_and_die(self->r);
	EXPECT_EQ(0, self->v->bss->admits);
	EXPECT_EQ(1, self->v->bss->other_admits);
	EXPECT_GT(0, bpf_program__fd(self->v->progs.on_admit));
}

/* The program's section names the member: it is not for another one. */
TEST_F(versions, function_of_another_member)
{
	self->v->struct_ops.same->exec = self->v->progs.on_finish;
	REFUSED(same, -EINVAL, "invalid reuse of prog on_finish");
}

/* ---- which maps there are, and which are attached ---- */

TEST_F(versions, optional_maps_are_left_out)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	EXPECT_TRUE(self->was_optional);
	ASSERT_EQ(0, versions__load(self->v)) TH_LOG("%s", said);
	/* libbpf has a descriptor for it, which is of no map */
	EXPECT_NE(0, bpf_map_get_info_by_fd(bpf_map__fd(self->v->maps.same), &info, &len));
	/* and with them programs that are for no map */
	EXPECT_GT(0, bpf_program__fd(self->v->progs.on_admit));
	EXPECT_EQ(0, versions__attach(self->v));
	EXPECT_EQ(NULL, self->v->links.same);
	EXPECT_EQ(0, reader_stats(self->r)->policies);
}

TEST_F(versions, program_of_two_maps)
{
	bpf_map__set_autocreate(self->v->maps.same, true);
	ASSERT_EQ(0, load_and_attach(self->v, self->v->maps.older)) TH_LOG("%s", said);
	EXPECT_EQ(2, reader_stats(self->r)->policies);
	live_and_die(self->r);
	EXPECT_EQ(2, self->v->bss->admits);
	EXPECT_EQ(2, self->v->bss->finishes);
}

TEST_F(versions, attached_by_itself_or_not)
{
	EXPECT_TRUE(bpf_map__autoattach(self->v->maps.same));
	EXPECT_EQ(0, bpf_map__set_autoattach(self->v->maps.same, false));
	bpf_map__set_autocreate(self->v->maps.same, true);
	ASSERT_EQ(0, load_and_attach(self->v, self->v->maps.older)) TH_LOG("%s", said);
	EXPECT_EQ(NULL, self->v->links.same);
	EXPECT_NE(NULL, self->v->links.older);
	EXPECT_EQ(1, reader_stats(self->r)->policies);
	EXPECT_EQ(-1, reader_slot(self->r, "same"));

	/* by hand it still is */
	self->v->links.same = bpf_map__attach_struct_ops(self->v->maps.same);
	ASSERT_NE(NULL, self->v->links.same);
	EXPECT_EQ(2, reader_stats(self->r)->policies);
	versions__detach(self->v);
	EXPECT_EQ(0, reader_stats(self->r)->policies);
}

TEST_HARNESS_MAIN
