// SPDX-License-Identifier: GPL-2.0-only
// rows: H8
// kmsg-allow: ^taskhold: policy update: taskhold_ops\.(name|flags|detach): an update cannot .*$
/*
 * The members of an attached policy are exchanged by an update of its link:
 * each event goes to the old ones or to the new ones, and nothing that was
 * held is lost. An update that does not fit changes nothing.
 */
#include "lib/kmsg.h"
#include "lib/policy.h"

#include "lib/harness.h"

FIXTURE(update)
{
	struct reader *r;
	struct policy *old, *new;
	int slot;
	int kmsg;
};

FIXTURE_SETUP(update)
{
	self->r = reader_open();
	self->old = policy_open("update");
	self->new = policy_open("update");
	policy_ops(self->new)->max_held = 7;
	policy_load(self->old);
	self->slot = policy_attach(self->old, self->r);
	self->kmsg = kmsg_open();
	libbpf_set_print(NULL);
}

FIXTURE_TEARDOWN(update)
{
	policy__destroy(self->old);
	policy__destroy(self->new);
	reader__destroy(self->r);
	close(self->kmsg);
}

/* It is refused, with this line in the log. */
#define NOT_UPDATED(text)								\
do {											\
	EXPECT_EQ(-EINVAL, bpf_link__update_map(self->old->links.ops, self->new->maps.ops)); \
	EXPECT_EQ(1, kmsg_count(self->kmsg, "policy update: taskhold_ops." text "\n"));	\
} while (0)

/* @live: how many others are held meanwhile */
static void live_and_die(struct reader *r, __u64 live)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	reap(pid);
	reader_finish(r, live);
}

TEST_F(update, the_new_members_take_over)
{
	__u64 id = reader_policy(self->r, self->slot)->id;
	struct gate gate;
	pid_t pid;

	gate_make(&gate);
	policy_load(self->new);
	live_and_die(self->r, 0);
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		_exit(0);
	}
	EXPECT_EQ(2, policy_calls(self->old, POLICY_ADMIT, 0));

	ASSERT_EQ(0, bpf_link__update_map(self->old->links.ops, self->new->maps.ops));
	EXPECT_EQ(0, policy_calls(self->new, POLICY_ATTACH, 0));
	EXPECT_EQ(0, policy_calls(self->old, POLICY_DETACH, 0));
	live_and_die(self->r, 1);
	gate_open(&gate);
	reap(pid);
	reader_finish(self->r, 0);

	/* one of each before, one of each after, and the finish of the one across */
	EXPECT_EQ(2, policy_calls(self->old, POLICY_ADMIT, 0));
	EXPECT_EQ(1, policy_calls(self->old, POLICY_FINISH, 0));
	EXPECT_EQ(1, policy_calls(self->new, POLICY_ADMIT, 0));
	EXPECT_EQ(2, policy_calls(self->new, POLICY_FINISH, 0));
	EXPECT_EQ(1, policy_calls(self->new, POLICY_FINISH, pid));

	/* the same policy goes on, with what it had */
	EXPECT_EQ(id, reader_policy(self->r, self->slot)->id);
	EXPECT_EQ(3, reader_policy(self->r, self->slot)->kept);
	EXPECT_EQ(7, reader_policy(self->r, self->slot)->max_held);

	policy_detach(self->old);
	EXPECT_EQ(1, policy_calls(self->new, POLICY_DETACH, 0));
	EXPECT_EQ(0, policy_calls(self->old, POLICY_DETACH, 0));
	gate_close(&gate);
}

TEST_F(update, another_name_is_another_policy)
{
	strncpy(policy_ops(self->new)->name, "other", TASKHOLD_NAME_LEN);
	policy_load(self->new);
	NOT_UPDATED("name: an update cannot change it");
	live_and_die(self->r, 0);
	EXPECT_EQ(1, policy_calls(self->old, POLICY_FINISH, 0));
	EXPECT_EQ(0, policy_calls(self->new, POLICY_FINISH, 0));
	EXPECT_EQ(TASKHOLD_DEF_HELD, reader_policy(self->r, self->slot)->max_held);
}

TEST_F(update, other_flags_are_for_another_policy)
{
	policy_ops(self->new)->flags = TASKHOLD_POLICY_THREADS;
	policy_load(self->new);
	NOT_UPDATED("flags: an update cannot change them");
	EXPECT_EQ(0, reader_policy(self->r, self->slot)->flags);
	EXPECT_EQ(TASKHOLD_DEF_HELD, reader_policy(self->r, self->slot)->max_held);
}

/* Nobody would take down what the policy has set up. */
TEST_F(update, detach_stays)
{
	policy_ops(self->new)->detach = NULL;
	policy_load(self->new);
	NOT_UPDATED("detach: an update cannot leave it out");
	EXPECT_EQ(TASKHOLD_DEF_HELD, reader_policy(self->r, self->slot)->max_held);
	policy_detach(self->old);
	EXPECT_EQ(1, policy_calls(self->old, POLICY_DETACH, 0));
}

TEST_F(update, only_from_the_map_that_is_expected)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE);
	int link = bpf_link__fd(self->old->links.ops);
	int new;

	policy_load(self->new);
	new = bpf_map__fd(self->new->maps.ops);
	/* an attempt to attach it gives the map its value; the name is taken */
	ASSERT_EQ(NULL, bpf_map__attach_struct_ops(self->new->maps.ops));
	ASSERT_EQ(EEXIST, errno);

	opts.old_map_fd = new;
	EXPECT_EQ(-EPERM, bpf_link_update(link, new, &opts));
	EXPECT_EQ(TASKHOLD_DEF_HELD, reader_policy(self->r, self->slot)->max_held);

	opts.old_map_fd = bpf_map__fd(self->old->maps.ops);
	EXPECT_EQ(0, bpf_link_update(link, new, &opts));
	EXPECT_EQ(7, reader_policy(self->r, self->slot)->max_held);
}

TEST_F(update, back_and_forth_while_processes_come_and_go)
{
	pid_t forker;
	int i;

	/* the same bound as the old one's: nothing is to be folded */
	policy_ops(self->new)->max_held = 0;
	policy_load(self->new);
	self->old->bss->hold_descendants = true;
	self->new->bss->hold_descendants = true;

	forker = fork();
	if (forker == 0) {
		for (i = 0; i < 200; i++)
			reap(fork() ?: (_exit(0), 0));
		_exit(0);
	}
	for (i = 0; !waitpid(forker, NULL, WNOHANG); i++) {
		struct policy *to = i % 2 ? self->old : self->new;

		ASSERT_EQ(0, bpf_link__update_map(self->old->links.ops, to->maps.ops));
	}
	reader_finish(self->r, 0);
	EXPECT_LT(4, i);

	/* nobody was missed, nobody was seen twice */
	EXPECT_EQ(201, policy_calls(self->old, POLICY_ADMIT, 0) +
		       policy_calls(self->new, POLICY_ADMIT, 0));
	EXPECT_EQ(201, policy_calls(self->old, POLICY_FINISH, 0) +
		       policy_calls(self->new, POLICY_FINISH, 0));
	EXPECT_LT(0, policy_calls(self->old, POLICY_ADMIT, 0));
	EXPECT_LT(0, policy_calls(self->new, POLICY_ADMIT, 0));
	EXPECT_EQ(201, reader_records(self->r, self->slot));
}

TEST_HARNESS_MAIN
