// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that changes its cgroup: the CPU time that it used before stays
 * with the former one, in the policy's sums and in the record alike, and both
 * agree with what the kernel charged to the two cgroups.
 */
#include "lib/policy.h"

#include "lib/harness.h"

#define FROM	"taskhold-from"
#define TO	"taskhold-to"
#define ROUNDS	3

/* A thread's time since the last update, up to a tick, goes to where it is then. */
#define EXPECT_NEAR(a_us, b_us) EXPECT_GE(4500, labs((long)(a_us) - (long)(b_us)))

FIXTURE(move)
{
	struct reader *r;
	struct policy *p;
	struct gate go, done;
	pid_t pid;
	int slot;
};

/* Burns where it is told to, each time that the gate opens. */
static void mover(struct gate *go, struct gate *done)
{
	int in = dup(go->fd[0]), out = dup(done->fd[1]), i;
	char byte;

	for (i = 0; i < ROUNDS; i++) {
		if (read(in, &byte, 1) != 1)
			_exit(99);
		burn_ms(40);
		if (write(out, "", 1) != 1)
			_exit(98);
	}
	_exit(0);
}

FIXTURE_SETUP(move)
{
	cgroup_make(FROM);
	cgroup_make(TO);
	gate_make(&self->go);
	gate_make(&self->done);
	self->r = reader_open();
	self->p = policy_open("move");
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
	self->pid = fork();
	if (self->pid == 0)
		mover(&self->go, &self->done);
	/* it has used next to nothing yet, in the cgroup of the test */
	cgroup_move(FROM, self->pid);
}

FIXTURE_TEARDOWN(move)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
	gate_close(&self->go);
	gate_close(&self->done);
	cgroup_remove(FROM);
	cgroup_remove(TO);
}

static void burn_once(FIXTURE_DATA(move) *self)
{
	gate_open(&self->go);
	gate_wait_here(&self->done);
}

TEST_F(move, time_stays_where_it_was_used)
{
	__u64 from = cgroup_id_of(FROM), to = cgroup_id_of(TO);
	const struct taskhold_totals *totals;
	struct taskhold_info info;
	uint64_t from_us, to_us;
	__u64 moved_before;

	moved_before = reader_find(self->r, self->slot, self->pid)->cpu_moved_ns;
	burn_once(self);
	cgroup_move(TO, self->pid);
	info = *reader_find(self->r, self->slot, self->pid);
	EXPECT_TRUE(info.flags & TASKHOLD_INFO_MOVED);
	EXPECT_EQ(to, info.cgroup_id);
	EXPECT_LE(moved_before + 40000000, info.cpu_moved_ns);

	burn_once(self);
	burn_once(self);
	ASSERT_EQ(0, reap(self->pid));
	reader_finish(self->r, 0);
	info = *reader_find(self->r, self->slot, self->pid);
	EXPECT_EQ(to, info.cgroup_id);
	EXPECT_LE(80000000, info.use.cpu_ns - info.cpu_moved_ns);
	self->r->bss->id = info.id;
	reader_run(self->r->progs.read_paths);
	EXPECT_STREQ("/" TO, self->r->bss->cgroup_path);

	/* nobody else ever was in the two: what the kernel charged is this */
	from_us = cgroup_cpu_us(FROM);
	to_us = cgroup_cpu_us(TO);
	totals = reader_totals_of(self->r, self->slot, from);
	ASSERT_NE(NULL, totals);
	EXPECT_EQ(0, totals->tasks);
	EXPECT_EQ(info.cpu_moved_ns - moved_before, totals->moved_ns);
	TH_LOG("from: %lu us by the kernel, %llu us here; to: %lu us, %llu us", from_us,
	       totals->moved_ns / 1000, to_us, (info.use.cpu_ns - info.cpu_moved_ns) / 1000);

	/* the time between the last update and the move may go to either */
	EXPECT_NEAR(from_us, totals->moved_ns / 1000);
	EXPECT_NEAR(to_us, (info.use.cpu_ns - info.cpu_moved_ns) / 1000);
	EXPECT_GE(1000, labs((long)(from_us + to_us) -
			     (long)(info.use.cpu_ns - moved_before) / 1000));
}

TEST_F(move, what_is_folded_does_not_count_it_twice)
{
	const struct taskhold_totals *totals;
	uint64_t ns;

	self->p->bss->verdict = TASKHOLD_FOLD;
	burn_once(self);
	cgroup_move(TO, self->pid);
	burn_once(self);
	burn_once(self);
	ASSERT_EQ(0, reap(self->pid));
	reader_finish(self->r, 0);

	totals = reader_totals_of(self->r, self->slot, cgroup_id_of(TO));
	ASSERT_NE(NULL, totals);
	EXPECT_EQ(1, totals->tasks);
	EXPECT_EQ(0, totals->moved_ns);
	ns = totals->use.cpu_ns;
	EXPECT_NEAR(cgroup_cpu_us(TO), ns / 1000);
	totals = reader_totals_of(self->r, self->slot, cgroup_id_of(FROM));
	ASSERT_NE(NULL, totals);
	EXPECT_NEAR(cgroup_cpu_us(FROM), totals->moved_ns / 1000);
}

TEST_F(move, the_path_outlives_the_cgroup)
{
	cgroup_move(TO, self->pid);
	burn_once(self);
	burn_once(self);
	burn_once(self);
	ASSERT_EQ(0, reap(self->pid));
	reader_finish(self->r, 0);
	cgroup_remove(TO);

	self->r->bss->id = reader_find(self->r, self->slot, self->pid)->id;
	reader_run(self->r->progs.read_paths);
	EXPECT_EQ(0, self->r->bss->ret);
	EXPECT_EQ((int)strlen("/" TO), self->r->bss->cgroup_len);
	EXPECT_STREQ("/" TO, self->r->bss->cgroup_path);
	cgroup_make(TO);
}

TEST_HARNESS_MAIN
