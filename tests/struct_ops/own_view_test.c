// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each of several policies has its own view: a slot that its name is asked for by,
 * its own record of a process, and its own word in that, which nobody else changes.
 */
#include "lib/policy.h"

#include "own_view.skel.h"

#include "lib/harness.h"

FIXTURE(own)
{
	struct reader *r;
	struct own_view *o;
	struct gate gate;
	pid_t pid;	/* waits at the gate, then calls exec */
};

FIXTURE_SETUP(own)
{
	self->r = reader_open();
	self->o = own_view__open_and_load();
	if (!self->o)
		die("load own_view.bpf.o");
	self->o->bss->root_pid = getpid();
	gate_make(&self->gate);
	self->pid = fork();
	if (self->pid == 0) {
		gate_wait(&self->gate);
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
}

FIXTURE_TEARDOWN(own)
{
	own_view__destroy(self->o);
	gate_close(&self->gate);
	reader__destroy(self->r);
}

static void look_up(FIXTURE_DATA(own) *self)
{
	self->o->bss->pid = self->pid;
	reader_run(self->o->progs.look_up);
}

TEST_F(own, slots_by_name)
{
	self->o->links.own_b = bpf_map__attach_struct_ops(self->o->maps.own_b);
	ASSERT_NE(NULL, self->o->links.own_b);
	look_up(self);
	EXPECT_EQ(-ENOENT, self->o->bss->slot[0]);
	EXPECT_EQ(0, self->o->bss->slot[1]);
	self->o->links.own_a = bpf_map__attach_struct_ops(self->o->maps.own_a);
	ASSERT_NE(NULL, self->o->links.own_a);
	look_up(self);
	EXPECT_EQ(1, self->o->bss->slot[0]);
	EXPECT_EQ(0, self->o->bss->slot[1]);
	gate_open(&self->gate);
	EXPECT_EQ(0, reap(self->pid));
}

TEST_F(own, records_and_words)
{
	ASSERT_EQ(0, own_view__attach(self->o));
	look_up(self);
	EXPECT_NE(0, self->o->bss->found[0]);
	EXPECT_NE(0, self->o->bss->found[1]);
	EXPECT_NE(self->o->bss->found[0], self->o->bss->found[1]);
	/* without a policy it is that of the lowest slot */
	EXPECT_EQ(0, self->o->bss->slot[0]);
	EXPECT_EQ(self->o->bss->found[0], self->o->bss->any);
	EXPECT_EQ(0, self->o->bss->beyond);
	/* a word is 0 at first */
	EXPECT_EQ(0, self->o->bss->word[0]);
	EXPECT_EQ(0, self->o->bss->word[1]);

	gate_open(&self->gate);
	EXPECT_EQ(0, reap(self->pid));
	reader_finish(self->r, 0);
	EXPECT_EQ(self->pid * 10ULL, self->o->bss->first_word[0]);
	EXPECT_EQ(self->pid * 10ULL + 1, self->o->bss->first_word[1]);
	EXPECT_EQ(self->pid * 10ULL + 1000000000, self->o->bss->last_word[0]);
	EXPECT_EQ(self->pid * 10ULL + 1000000001, self->o->bss->last_word[1]);
}

TEST_F(own, a_process_that_one_of_them_holds)
{
	self->o->bss->only_b = self->pid;
	ASSERT_EQ(0, own_view__attach(self->o));
	look_up(self);
	EXPECT_EQ(0, self->o->bss->found[0]);
	EXPECT_NE(0, self->o->bss->found[1]);
	EXPECT_EQ(self->o->bss->found[1], self->o->bss->any);
	gate_open(&self->gate);
	EXPECT_EQ(0, reap(self->pid));
	reader_finish(self->r, 0);
	EXPECT_EQ(0, self->o->bss->last_word[0]);
	EXPECT_EQ(self->pid * 10ULL + 1000000001, self->o->bss->last_word[1]);
}

TEST_HARNESS_MAIN
