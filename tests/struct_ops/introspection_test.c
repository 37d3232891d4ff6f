// SPDX-License-Identifier: GPL-2.0-only
// rows: H2, H3, H11, H14, S7
/*
 * What the kernel tells of a policy that is loaded and attached: programs, data and
 * state in the map's value, in a file of bpffs and in fdinfo; of which module the
 * type is; and how much memory the map has.
 */
#include "lib/policy.h"
#include "lib/struct_ops.h"
#include "lib/testmod.h"

#include "lib/harness.h"

#define PIN	"/sys/fs/bpf/taskhold-introspection"

FIXTURE(policy)
{
	struct struct_ops_type t;
	struct reader *r;
	struct policy *p;
	int map;
};

FIXTURE_SETUP(policy)
{
	self->r = reader_open();
	self->p = policy_open("shown");
	policy_ops(self->p)->max_held = 12345;
	policy_ops(self->p)->interval_ms = 678;
	policy_ops(self->p)->exec = NULL;
	policy_load(self->p);
	self->map = bpf_map__fd(self->p->maps.ops);
	struct_ops_open(&self->t, "taskhold", "taskhold_ops");
}

FIXTURE_TEARDOWN(policy)
{
	unlink(PIN);
	struct_ops_close(&self->t);
	policy__destroy(self->p);
	reader__destroy(self->r);
}

static __u32 prog_id(struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		die("info of %s", bpf_program__name(prog));
	return info.id;
}

static struct bpf_map_info map_info(int map)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (bpf_map_get_info_by_fd(map, &info, &len))
		die("info of a map");
	return info;
}

static struct bpf_link_info link_info(int link)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	if (bpf_link_get_info_by_fd(link, &info, &len))
		die("info of a link");
	return info;
}

/* The number behind a word in the fdinfo of a file, -1: the word is not there. */
static long long fdinfo(int fd, const char *word)
{
	char path[64], text[4096], begin[64], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (read_file(path, text, sizeof(text)) <= 0)
		die("read %s", path);
	snprintf(begin, sizeof(begin), "\n%s:\t", word);
	at = strstr(text, begin);
	return at ? strtoll(at + strlen(begin), NULL, 0) : -1;
}

static __u32 u32_of(const struct struct_ops_type *t, const void *value, const char *member)
{
	__u32 number;

	memcpy(&number, (const char *)value + struct_ops_offset(t, member), sizeof(number));
	return number;
}

TEST_F(policy, value)
{
	char value[STRUCT_OPS_VALUE_MAX], zeroes[STRUCT_OPS_VALUE_MAX] = {};
	struct struct_ops_common common;

	/* that it will have is not known to the map before it is attached */
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->map, value));
	EXPECT_EQ(0, memcmp(value, zeroes, self->t.value_size));

	policy_attach(self->p, self->r);
	EXPECT_EQ(STRUCT_OPS_READY, struct_ops_state(self->map, value));
	EXPECT_EQ(prog_id(self->p->progs.on_admit), struct_ops_get(&self->t, value, "admit"));
	EXPECT_EQ(prog_id(self->p->progs.on_exit), struct_ops_get(&self->t, value, "exit"));
	EXPECT_EQ(prog_id(self->p->progs.on_finish), struct_ops_get(&self->t, value, "finish"));
	EXPECT_EQ(prog_id(self->p->progs.on_overflow), struct_ops_get(&self->t, value, "overflow"));
	EXPECT_EQ(prog_id(self->p->progs.on_attach), struct_ops_get(&self->t, value, "attach"));
	EXPECT_EQ(prog_id(self->p->progs.on_detach), struct_ops_get(&self->t, value, "detach"));
	EXPECT_EQ(0, struct_ops_get(&self->t, value, "exec"));
	EXPECT_STREQ("shown", value + struct_ops_offset(&self->t, "name"));
	EXPECT_EQ(12345, u32_of(&self->t, value, "max_held"));
	EXPECT_EQ(678, u32_of(&self->t, value, "interval_ms"));
	EXPECT_EQ(0, u32_of(&self->t, value, "flags"));

	/* who has it besides user space: the link */
	memcpy(&common, value, sizeof(common));
	EXPECT_EQ(1, common.refcnt);
	policy_detach(self->p);
	EXPECT_EQ(STRUCT_OPS_READY, struct_ops_state(self->map, value));
	memcpy(&common, value, sizeof(common));
	EXPECT_EQ(0, common.refcnt);
	EXPECT_STREQ("shown", value + struct_ops_offset(&self->t, "name"));
}

TEST_F(policy, map)
{
	struct bpf_map_info info = map_info(self->map);

	EXPECT_EQ(BPF_MAP_TYPE_STRUCT_OPS, info.type);
	EXPECT_EQ(4, info.key_size);
	EXPECT_EQ(self->t.value_size, info.value_size);
	EXPECT_EQ(1, info.max_entries);
	EXPECT_EQ(BPF_F_LINK | BPF_F_VTYPE_BTF_OBJ_FD, info.map_flags);
	EXPECT_EQ(self->t.btf_id, info.btf_vmlinux_id);
	EXPECT_EQ(self->t.value_id, info.btf_vmlinux_value_type_id);
	EXPECT_EQ(0, info.btf_value_type_id);
	EXPECT_STREQ("ops", info.name);
	EXPECT_EQ(info.id, fdinfo(self->map, "map_id"));
	EXPECT_EQ(info.map_flags, fdinfo(self->map, "map_flags"));
	EXPECT_EQ(BPF_MAP_TYPE_STRUCT_OPS, fdinfo(self->map, "map_type"));
}

TEST_F(policy, program)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	ASSERT_EQ(0, bpf_prog_get_info_by_fd(bpf_program__fd(self->p->progs.on_admit), &info,
					     &len));
	EXPECT_EQ(BPF_PROG_TYPE_STRUCT_OPS, info.type);
	EXPECT_EQ(self->t.btf_id, info.attach_btf_obj_id);
	EXPECT_EQ(self->t.type_id, info.attach_btf_id);
	EXPECT_EQ(1, info.gpl_compatible + 0);
}

TEST_F(policy, link)
{
	struct policy *new = policy_open("shown");
	struct bpf_link_info info;
	int link;

	policy_load(new);
	policy_attach(self->p, self->r);
	link = bpf_link__fd(self->p->links.ops);
	info = link_info(link);
	EXPECT_EQ(BPF_LINK_TYPE_STRUCT_OPS, info.type);
	EXPECT_EQ(0, info.prog_id);
	EXPECT_EQ(map_info(self->map).id, info.struct_ops.map_id);
	EXPECT_EQ(map_info(self->map).id, fdinfo(link, "map_id"));
	EXPECT_EQ(info.id, fdinfo(link, "link_id"));

	ASSERT_EQ(0, bpf_link__update_map(self->p->links.ops, new->maps.ops));
	EXPECT_EQ(map_info(bpf_map__fd(new->maps.ops)).id, link_info(link).struct_ops.map_id);
	EXPECT_EQ(map_info(bpf_map__fd(new->maps.ops)).id, fdinfo(link, "map_id"));

	ASSERT_EQ(0, bpf_link_detach(link));
	EXPECT_EQ(0, link_info(link).struct_ops.map_id);
	EXPECT_EQ(-1, fdinfo(link, "map_id"));
	EXPECT_EQ(info.id, link_info(link).id);
	policy__destroy(new);
}

/*
 * What a file of bpffs shows of the map is the state and the data; the programs'
 * numbers look like pointers there, which are hashed.
 */
TEST_F(policy, pinned)
{
	char text[8192];
	int pinned;

	ASSERT_EQ(0, bpf_map__pin(self->p->maps.ops, PIN));
	ASSERT_LT(0, read_file(PIN, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "BPF_STRUCT_OPS_STATE_INIT")) TH_LOG("%s", text);
	policy_attach(self->p, self->r);
	ASSERT_LT(0, read_file(PIN, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "BPF_STRUCT_OPS_STATE_READY")) TH_LOG("%s", text);
	EXPECT_NE(NULL, strstr(text, "['s','h','o','w','n',")) TH_LOG("%s", text);
	EXPECT_NE(NULL, strstr(text, ",0,12345,678,}")) TH_LOG("%s", text);

	/* the file is the map */
	pinned = bpf_obj_get(PIN);
	EXPECT_EQ(map_info(self->map).id, map_info(pinned).id);
	close(pinned);
}

/* Where the trampolines are: bpf__taskhold_ops_admit and so on. */
TEST_F(policy, symbols)
{
	FILE *f;
	char line[512];
	int admit = 0, exec = 0;

	policy_attach(self->p, self->r);
	f = fopen("/proc/kallsyms", "re");
	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f)) {
		admit += strstr(line, " bpf__taskhold_ops_admit") != NULL;
		exec += strstr(line, " bpf__taskhold_ops_exec") != NULL;
	}
	fclose(f);
	EXPECT_EQ(1, admit);
	EXPECT_EQ(0, exec);
}

/* The bytes of a map that the kernel says it has, by the sizes in its own BTF. */
static long long expected_memlock(const struct struct_ops_type *t)
{
	const struct btf_type *type = btf__type_by_id(t->btf, t->type_id), *member;
	int map = btf__find_by_name_kind(t->btf, "bpf_struct_ops_map", BTF_KIND_STRUCT);
	int value = btf__find_by_name_kind(t->btf, "bpf_struct_ops_value", BTF_KIND_STRUCT);

	int functions = 0, i;

	if (map < 0 || value < 0)
		die("the kernel's BTF has no bpf_struct_ops_map");
	for (i = 0; i < btf_vlen(type); i++) {
		member = btf__type_by_id(t->btf, btf_members(type)[i].type);
		functions += btf_is_ptr(member) &&
			     btf_is_func_proto(btf__type_by_id(t->btf, member->type));
	}
	/* the value is there twice, and with each function go two pointers */
	return btf__type_by_id(t->btf, map)->size - btf__type_by_id(t->btf, value)->size +
	       2 * t->value_size + 16 * functions + 4096;
}

/*
 * A map's memory grows with its type, whatever its value has: for the trampolines the
 * kernel counts one page, also where there are more.
 */
TEST_F(policy, memory)
{
	struct struct_ops_type many;
	long long own = fdinfo(self->map, "memlock");
	int map;

	EXPECT_EQ(expected_memlock(&self->t), own);
	policy_attach(self->p, self->r);
	EXPECT_EQ(own, fdinfo(self->map, "memlock"));

	ASSERT_EQ(0, testmod_load("testmod_calls", ""));
	struct_ops_open(&many, "testmod_calls", "testmod_many_ops");
	map = struct_ops_map(&many, BPF_F_LINK);
	EXPECT_EQ(expected_memlock(&many), fdinfo(map, "memlock"));
	EXPECT_LT(own, fdinfo(map, "memlock"));
	close(map);
	struct_ops_close(&many);
	EXPECT_EQ(0, testmod_unload_soon("testmod_calls"));
}

TEST_HARNESS_MAIN
