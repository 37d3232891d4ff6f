// SPDX-License-Identifier: GPL-2.0-only
// kmsg-allow: ^taskhold: taskhold_ops\.flags: want
// kmsg-allow: ^taskhold: policy link: taskhold_ops\.name: an update cannot change it$
// rows: H2, H3, H4, H7, H8, H10, H19
/*
 * What the system call says of a map of policies, of its value and of its link, and
 * that what it refuses changes nothing: the policy that is attached goes on.
 */
#include "lib/kmsg.h"
#include "lib/policy.h"
#include "lib/struct_ops.h"
#include "lib/testmod.h"

#include "lib/harness.h"

#define CALLS	"testmod_calls"

/* A value of a policy's, with a name and without programs. */
static void policy_value(const struct struct_ops_type *t, void *value, const char *name)
{
	memset(value, 0, STRUCT_OPS_VALUE_MAX);
	strcpy((char *)value + struct_ops_offset(t, "name"), name);
}

FIXTURE(value)
{
	struct struct_ops_type t;
	char value[STRUCT_OPS_VALUE_MAX];
	int plain;	/* a map that is registered by its value */
	int linked;	/* one for links */
	int admit;	/* programs */
	int finish;
	int kmsg;
};

FIXTURE_SETUP(value)
{
	struct_ops_open(&self->t, "taskhold", "taskhold_ops");
	policy_value(&self->t, self->value, "raw");
	self->plain = struct_ops_map(&self->t, 0);
	self->linked = struct_ops_map(&self->t, BPF_F_LINK);
	self->admit = struct_ops_prog(&self->t, "admit", 0);
	self->finish = struct_ops_prog(&self->t, "finish", TASKHOLD_DROP);
	ASSERT_LE(0, self->plain);
	ASSERT_LE(0, self->linked);
	ASSERT_LE(0, self->admit);
	ASSERT_LE(0, self->finish);
	self->kmsg = kmsg_open();
}

FIXTURE_TEARDOWN(value)
{
	struct_ops_put(&self->plain);
	struct_ops_put(&self->linked);
	struct_ops_put(&self->admit);
	struct_ops_put(&self->finish);
	close(self->kmsg);
	struct_ops_close(&self->t);
}

/* Neither map takes the value, and both are as if it had not been tried. */
#define REFUSED(error)								\
do {										\
	const int error_ = (error);						\
										\
	EXPECT_EQ(error_, struct_ops_update(self->linked, self->value));	\
	EXPECT_EQ(error_, struct_ops_update(self->plain, self->value));		\
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->linked, NULL));	\
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->plain, NULL));	\
	EXPECT_EQ(-EINVAL, struct_ops_link(self->linked));			\
} while (0)

TEST_F(value, is_taken_once)
{
	struct_ops_set(&self->t, self->value, "admit", self->admit);
	ASSERT_EQ(0, struct_ops_update(self->linked, self->value));
	EXPECT_EQ(STRUCT_OPS_READY, struct_ops_state(self->linked, NULL));
	EXPECT_EQ(-EBUSY, struct_ops_update(self->linked, self->value));
	policy_value(&self->t, self->value, "other");
	EXPECT_EQ(-EBUSY, struct_ops_update(self->linked, self->value));
}

TEST_F(value, has_one_key)
{
	const __u32 one = 1, zero = 0;
	char value[STRUCT_OPS_VALUE_MAX];
	__u32 next = 7;

	EXPECT_EQ(-E2BIG, bpf_map_update_elem(self->linked, &one, self->value, 0));
	EXPECT_EQ(-ENOENT, bpf_map_lookup_elem(self->linked, &one, value));
	EXPECT_EQ(0, bpf_map_get_next_key(self->linked, NULL, &next));
	EXPECT_EQ(0, next);
	EXPECT_EQ(-ENOENT, bpf_map_get_next_key(self->linked, &zero, &next));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->linked, NULL));
}

TEST_F(value, takes_no_flags)
{
	const __u64 flags[] = { BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK, 1ULL << 63 };
	const __u32 zero = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		EXPECT_EQ(-EINVAL, bpf_map_update_elem(self->linked, &zero, self->value, flags[i]));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->linked, NULL));
}

TEST_F(value, states_and_counts_are_the_kernels_own)
{
	struct struct_ops_common common = { .state = STRUCT_OPS_READY };

	memcpy(self->value, &common, sizeof(common));
	REFUSED(-EINVAL);
	common.state = 0;
	common.refcnt = 1;
	memcpy(self->value, &common, sizeof(common));
	REFUSED(-EINVAL);
}

TEST_F(value, holes_are_zero)
{
	/* before the type's own part, and behind its last member */
	self->value[self->t.data - 1] = 1;
	REFUSED(-EINVAL);
	self->value[self->t.data - 1] = 0;
	self->value[self->t.value_size - 1] = 1;
	REFUSED(-EINVAL);
	self->value[self->t.value_size - 1] = 0;
	EXPECT_EQ(0, struct_ops_update(self->linked, self->value));
}

TEST_F(value, functions_are_programs_of_that_member)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd;

	/* of another member */
	struct_ops_set(&self->t, self->value, "admit", self->finish);
	REFUSED(-EINVAL);
	/* of another type */
	fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "raw", "GPL", insns, 2, NULL);
	ASSERT_LE(0, fd);
	struct_ops_set(&self->t, self->value, "admit", fd);
	REFUSED(-EINVAL);
	close(fd);
	/* none: the file is closed, and no program at all */
	REFUSED(-EBADF);
	struct_ops_set(&self->t, self->value, "admit", self->linked);
	REFUSED(-EINVAL);
	struct_ops_set(&self->t, self->value, "admit", self->admit);
	EXPECT_EQ(0, struct_ops_update(self->linked, self->value));
}

/* The one before was right, and is let go of. */
TEST_F(value, what_is_refused_holds_no_program)
{
	struct bpf_newest newest = bpf_newest();
	int admit = struct_ops_prog(&self->t, "admit", 1);

	struct_ops_set(&self->t, self->value, "admit", admit);
	struct_ops_set(&self->t, self->value, "exec", self->finish);
	REFUSED(-EINVAL);
	EXPECT_EQ(1, bpf_made_since(newest));
	close(admit);
	EXPECT_TRUE(until(5, bpf_made_since(newest) == 0));
}

TEST_F(value, data_is_looked_at_where_it_is_set)
{
	const __u32 flag = 1U << 31;

	memcpy(self->value + struct_ops_offset(&self->t, "flags"), &flag, sizeof(flag));
	EXPECT_EQ(-EINVAL, struct_ops_update(self->linked, self->value));
	EXPECT_EQ(1, kmsg_count(self->kmsg, "taskhold_ops.flags: want"));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->linked, NULL));
	memset(self->value + struct_ops_offset(&self->t, "flags"), 0, sizeof(flag));
	EXPECT_EQ(0, struct_ops_update(self->linked, self->value));
}

TEST_F(value, without_a_link_it_registers)
{
	struct reader *r = reader_open();
	const __u32 zero = 0;

	EXPECT_EQ(-ENOENT, bpf_map_delete_elem(self->plain, &zero));
	ASSERT_EQ(0, struct_ops_update(self->plain, self->value));
	EXPECT_EQ(STRUCT_OPS_INUSE, struct_ops_state(self->plain, NULL));
	EXPECT_EQ(0, reader_slot(r, "raw"));
	EXPECT_EQ(-EBUSY, struct_ops_update(self->plain, self->value));
	/* links are for the other kind */
	EXPECT_EQ(-EINVAL, struct_ops_link(self->plain));

	EXPECT_EQ(0, bpf_map_delete_elem(self->plain, &zero));
	EXPECT_EQ(STRUCT_OPS_TOBEFREE, struct_ops_state(self->plain, NULL));
	EXPECT_EQ(-1, reader_slot(r, "raw"));
	EXPECT_EQ(-EINPROGRESS, bpf_map_delete_elem(self->plain, &zero));
	EXPECT_EQ(-EBUSY, struct_ops_update(self->plain, self->value));
	reader__destroy(r);
}

/* The name is taken: no value stays, and another may follow. */
TEST_F(value, without_a_link_it_may_be_refused_late)
{
	struct reader *r = reader_open();
	int link;

	ASSERT_EQ(0, struct_ops_update(self->linked, self->value));
	link = struct_ops_link(self->linked);
	ASSERT_LE(0, link);
	EXPECT_EQ(-EEXIST, struct_ops_update(self->plain, self->value));
	EXPECT_EQ(STRUCT_OPS_INIT, struct_ops_state(self->plain, NULL));
	policy_value(&self->t, self->value, "free");
	EXPECT_EQ(0, struct_ops_update(self->plain, self->value));
	EXPECT_EQ(2, reader_stats(r)->policies);
	EXPECT_EQ(0, bpf_map_delete_elem(self->plain, &(const __u32){ 0 }));
	close(link);
	reader__destroy(r);
}

TEST_F(value, with_a_link_it_is_not_deleted)
{
	const __u32 zero = 0;

	EXPECT_EQ(-EOPNOTSUPP, bpf_map_delete_elem(self->linked, &zero));
	ASSERT_EQ(0, struct_ops_update(self->linked, self->value));
	EXPECT_EQ(-EOPNOTSUPP, bpf_map_delete_elem(self->linked, &zero));
	EXPECT_EQ(STRUCT_OPS_READY, struct_ops_state(self->linked, NULL));
}

TEST_F(value, links_are_for_maps_that_have_one)
{
	int array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 8, 1, NULL);

	EXPECT_EQ(-EINVAL, struct_ops_link(self->linked));
	EXPECT_EQ(-EINVAL, struct_ops_link(array));
	EXPECT_EQ(-EINVAL, struct_ops_link(self->admit));
	close(array);
	EXPECT_EQ(-EBADF, struct_ops_link(array));
}

TEST_F(value, of_a_map_that_is_linked_twice)
{
	int link;

	ASSERT_EQ(0, struct_ops_update(self->linked, self->value));
	link = struct_ops_link(self->linked);
	ASSERT_LE(0, link);
	/* the policy is attached already */
	EXPECT_EQ(-EEXIST, struct_ops_link(self->linked));
	close(link);
	link = struct_ops_link(self->linked);
	EXPECT_LE(0, link);
	close(link);
}

/* ---- the link of a policy that is attached ---- */

FIXTURE(link)
{
	struct struct_ops_type t;
	struct reader *r;
	struct policy *p;
	int link;
	int nobody;	/* a program that holds no process */
	int nothing;	/* of its detach() */
	int other;	/* a map that could take its place */
	int finished;	/* processes, so far */
};

/*
 * The same with a bound that can be told, of a policy that is asked and holds nobody, and
 * with a detach(), as it is to replace one that has.
 */
static void idle_value(const struct struct_ops_type *t, void *value, const char *name, int admit,
		       int detach)
{
	const __u32 bound = 7;

	policy_value(t, value, name);
	struct_ops_set(t, value, "admit", admit);
	struct_ops_set(t, value, "detach", detach);
	memcpy((char *)value + struct_ops_offset(t, "max_held"), &bound, sizeof(bound));
}

FIXTURE_SETUP(link)
{
	char value[STRUCT_OPS_VALUE_MAX];

	self->r = reader_open();
	self->p = policy_open("link");
	policy_load(self->p);
	ASSERT_EQ(0, policy_attach(self->p, self->r));
	self->link = bpf_link__fd(self->p->links.ops);
	self->finished = 0;
	struct_ops_open(&self->t, "taskhold", "taskhold_ops");
	self->other = struct_ops_map(&self->t, BPF_F_LINK);
	self->nobody = struct_ops_prog(&self->t, "admit", 0);
	self->nothing = struct_ops_prog(&self->t, "detach", 0);
	idle_value(&self->t, value, "link", self->nobody, self->nothing);
	ASSERT_EQ(0, struct_ops_update(self->other, value));
}

FIXTURE_TEARDOWN(link)
{
	struct_ops_put(&self->other);
	struct_ops_put(&self->nobody);
	struct_ops_put(&self->nothing);
	struct_ops_close(&self->t);
	policy__destroy(self->p);
	reader__destroy(self->r);
}

/* A process comes and goes: the policy sees it, or no policy any more. */
static int seen(struct policy *p, struct reader *r)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	reap(pid);
	reader_finish(r, 0);
	return policy_calls(p, POLICY_FINISH, pid);
}

static __u32 link_map_id(int link)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	if (bpf_link_get_info_by_fd(link, &info, &len))
		die("info of a link");
	return info.struct_ops.map_id;
}

/* An update is refused, and nothing has changed. */
#define NOT_UPDATED(error, new, ...)						\
do {										\
	LIBBPF_OPTS(bpf_link_update_opts, opts, ##__VA_ARGS__);			\
	__u32 id = link_map_id(self->link);					\
										\
	EXPECT_EQ(error, bpf_link_update(self->link, new, &opts));		\
	EXPECT_EQ(id, link_map_id(self->link));					\
	EXPECT_EQ(1, seen(self->p, self->r));					\
	EXPECT_EQ(++self->finished, reader_policy(self->r, 0)->finished);	\
	EXPECT_EQ(TASKHOLD_DEF_HELD, reader_policy(self->r, 0)->max_held);	\
} while (0)

TEST_F(link, is_updated_from_the_map_that_is_expected)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE);

	NOT_UPDATED(-EPERM, self->other, .flags = BPF_F_REPLACE, .old_map_fd = self->other);
	NOT_UPDATED(-EBADF, self->other, .flags = BPF_F_REPLACE, .old_map_fd = 999);
	NOT_UPDATED(-EINVAL, self->other, .flags = BPF_F_REPLACE, .old_map_fd = self->link);
	/* a map that is expected, and not said to be */
	NOT_UPDATED(-EINVAL, self->other, .old_map_fd = bpf_map__fd(self->p->maps.ops));
	NOT_UPDATED(-EINVAL, self->other, .flags = 1U << 31);

	opts.old_map_fd = bpf_map__fd(self->p->maps.ops);
	EXPECT_EQ(0, bpf_link_update(self->link, self->other, &opts));
	EXPECT_EQ(0, seen(self->p, self->r));
	EXPECT_EQ(7, reader_policy(self->r, 0)->max_held);
	EXPECT_EQ(self->finished, reader_policy(self->r, 0)->finished);
}

TEST_F(link, is_updated_to_a_map_of_its_kind)
{
	int bare = struct_ops_map(&self->t, BPF_F_LINK), plain = struct_ops_map(&self->t, 0);
	int array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 8, 1, NULL);
	char value[STRUCT_OPS_VALUE_MAX];

	/* without a value; without links; no struct_ops at all; no map */
	NOT_UPDATED(-EINVAL, bare);
	idle_value(&self->t, value, "plain", self->nobody, self->nothing);
	ASSERT_EQ(0, struct_ops_update(plain, value));
	NOT_UPDATED(-EINVAL, plain);
	NOT_UPDATED(-EINVAL, array);
	NOT_UPDATED(-EINVAL, self->link);
	NOT_UPDATED(-EBADF, 999);
	EXPECT_EQ(0, bpf_map_delete_elem(plain, &(const __u32){ 0 }));
	close(bare);
	close(plain);
	close(array);
}

TEST_F(link, is_updated_by_its_own_subsystem)
{
	char value[STRUCT_OPS_VALUE_MAX];
	int map = struct_ops_map(&self->t, BPF_F_LINK);

	idle_value(&self->t, value, "another", self->nobody, self->nothing);
	ASSERT_EQ(0, struct_ops_update(map, value));
	NOT_UPDATED(-EINVAL, map);
	close(map);
}

TEST_F(link, is_updated_within_its_type)
{
	struct struct_ops_type calls, fixed;
	char value[STRUCT_OPS_VALUE_MAX] = {};
	int map, own;

	ASSERT_EQ(0, testmod_load(CALLS, ""));
	struct_ops_open(&calls, CALLS, "testmod_calls_ops");
	struct_ops_open(&fixed, CALLS, "testmod_fixed_ops");

	/* a type that can be updated, and one that cannot */
	map = struct_ops_map(&calls, BPF_F_LINK);
	ASSERT_EQ(0, struct_ops_update(map, value));
	NOT_UPDATED(-EINVAL, map);
	close(map);
	map = struct_ops_map(&fixed, BPF_F_LINK);
	ASSERT_EQ(0, struct_ops_update(map, value));
	NOT_UPDATED(-EOPNOTSUPP, map);

	/* nor can its own link be */
	own = struct_ops_link(map);
	ASSERT_LE(0, own);
	EXPECT_EQ(-EOPNOTSUPP, bpf_link_update(own, map, NULL));
	close(own);
	close(map);
	struct_ops_close(&calls);
	struct_ops_close(&fixed);
	EXPECT_EQ(0, testmod_unload_soon(CALLS));
}

TEST_F(link, that_is_detached_stays_so)
{
	EXPECT_EQ(0, bpf_link_detach(self->link));
	EXPECT_EQ(NULL, reader_policy(self->r, 0));
	EXPECT_EQ(0, link_map_id(self->link));
	EXPECT_EQ(-ENOLINK, bpf_link_update(self->link, self->other, NULL));
	EXPECT_EQ(-ENOLINK, bpf_link_update(self->link, bpf_map__fd(self->p->maps.ops), NULL));
	EXPECT_EQ(0, bpf_link_detach(self->link));
	EXPECT_EQ(0, seen(self->p, self->r));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_DETACH, 0));
	EXPECT_EQ(-EBADF, bpf_link_detach(999));

	/* its maps are as they were, and can be attached */
	EXPECT_EQ(STRUCT_OPS_READY, struct_ops_state(bpf_map__fd(self->p->maps.ops), NULL));
	policy_detach(self->p);
	EXPECT_EQ(0, policy_attach(self->p, self->r));
	EXPECT_EQ(1, seen(self->p, self->r));
}

TEST_HARNESS_MAIN
