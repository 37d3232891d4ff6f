// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: C1
/*
 * A record that a map has, of a process that has ended: references to it are got and
 * dropped, and it goes with the last one, which may be the map's or not.
 */
#include <bpf/btf.h>

#include "lib/reader.h"
#include "lib/expect.h"
#include "kptr_get_run.skel.h"

#include "lib/harness.h"

FIXTURE(get)
{
	struct reader *r;
	struct kptr_get_run *g;
	pid_t pid;	/* of a child that has ended, and whose record only the map has */
};

static int run_prog(struct bpf_program *prog, struct kptr_get_run *g)
{
	reader_run(prog);
	return g->bss->ret;
}

static bool freed(FIXTURE_DATA(get) *self)
{
	return until(5, reader_stats(self->r)->records == 0) && until(5, slab_records() == 0);
}

FIXTURE_SETUP(get)
{
	struct gate gate;

	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	self->r = reader_open();
	self->g = kptr_get_run__open_and_load();
	ASSERT_NE(NULL, self->g);
	self->g->bss->root_pid = getpid();
	self->g->links.ops = bpf_map__attach_struct_ops(self->g->maps.ops);
	ASSERT_NE(NULL, self->g->links.ops);

	gate_make(&gate);
	self->pid = fork();
	if (self->pid == 0) {
		gate_wait(&gate);
		_exit(42);
	}
	self->g->bss->pid = self->pid;
	ASSERT_EQ(0, run_prog(self->g->progs.put, self->g));
	gate_open(&gate);
	ASSERT_EQ(42, WEXITSTATUS(reap(self->pid)));
	gate_close(&gate);
	reader_finish(self->r, 0);
	ASSERT_TRUE(until(5, reader_stats(self->r)->records == 1));
}

FIXTURE_TEARDOWN(get)
{
	kptr_get_run__destroy(self->g);
	EXPECT_TRUE(freed(self));
	reader__destroy(self->r);
}

TEST_F(get, stays_where_it_is)
{
	const struct taskhold_info *info = &self->g->bss->info;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, run_prog(self->g->progs.get, self->g));
		EXPECT_EQ(self->pid, (pid_t)info->tgid);
		EXPECT_EQ(42 << 8, info->exit_code);
	}
	/* what was dropped too often would be freed two grace periods later */
	for (i = 0; i < 3; i++)
		reader_settle(self->r);
	EXPECT_EQ(1, reader_stats(self->r)->records);
	EXPECT_EQ(1, slab_records());
}

TEST_F(get, nothing_is_got_of_an_empty_slot)
{
	ASSERT_EQ(0, run_prog(self->g->progs.take, self->g));
	EXPECT_TRUE(freed(self));
	EXPECT_EQ(-2, run_prog(self->g->progs.get, self->g));
	EXPECT_EQ(-2, run_prog(self->g->progs.get_and_take, self->g));
}

TEST_F(get, outlives_the_slot)
{
	ASSERT_EQ(0, run_prog(self->g->progs.get_and_take, self->g));
	EXPECT_EQ(self->pid, (pid_t)self->g->bss->info.tgid);
	EXPECT_EQ(42 << 8, self->g->bss->info.exit_code);
	EXPECT_TRUE(freed(self));
	EXPECT_EQ(-2, run_prog(self->g->progs.get, self->g));
}

TEST_HARNESS_MAIN
