// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// kernel: patched
// rows: D1
/*
 * References to pids and files are dropped by a program that is attached where a
 * lock is held: one of the kernel's, or one that dropping or taking a reference
 * needs. The second would never be had. Nor does it matter that a CPU takes no
 * interrupts any more.
 */
#include <sys/syscall.h>

#include "lib/cpus.h"
#include "lib/reader.h"
#include "pid_locks.skel.h"

#include "lib/harness.h"

#define ROUNDS	1000
#define CPU1	"/sys/devices/system/cpu/cpu1/online"

FIXTURE(locks)
{
	struct pid_locks *m;
	int fd[2];	/* a pipe */
};

FIXTURE_SETUP(locks)
{
	self->m = pid_locks__open_and_load();
	ASSERT_NE(NULL, self->m);
	ASSERT_EQ(0, pipe2(self->fd, O_CLOEXEC));
	ASSERT_EQ(0, pid_locks__attach(self->m));
}

FIXTURE_TEARDOWN(locks)
{
	pid_locks__destroy(self->m);
	close(self->fd[0]);
}

TEST_F(locks, pids)
{
	close(self->fd[1]);
	self->m->bss->rounds = ROUNDS;
	self->m->bss->tid = syscall(SYS_gettid);
	reader_run(self->m->progs.release_many);
	EXPECT_EQ(ROUNDS, self->m->bss->ret);
	/* whatever the kernel does for this task, it unlocks something */
	EXPECT_TRUE(until(5, __atomic_load_n(&self->m->bss->pids, __ATOMIC_RELAXED) > 0));
	self->m->bss->tid = 0;
	TH_LOG("%llu dropped", self->m->bss->pids);
}

/* The map has the last reference to the end of a pipe. */
static void put_file(struct __test_metadata *_metadata, FIXTURE_DATA(locks) *self)
{
	self->m->bss->fd = self->fd[1];
	reader_run(self->m->progs.put_file);
	ASSERT_EQ(0, self->m->bss->ret);
	close(self->fd[1]);
	EXPECT_FALSE(hung_up(self->fd[0]));
}

static bool files_dropped(struct pid_locks *m, __u64 count)
{
	return __atomic_load_n(&m->bss->files, __ATOMIC_RELAXED) == count;
}

static void drop_with_a_lock_held(struct __test_metadata *_metadata, FIXTURE_DATA(locks) *self,
				  __u64 count)
{
	self->m->bss->tid = syscall(SYS_gettid);
	EXPECT_TRUE(until(5, files_dropped(self->m, count)));
	self->m->bss->tid = 0;
}

TEST_F(locks, last_reference_to_a_file)
{
	put_file(_metadata, self);
	drop_with_a_lock_held(_metadata, self, 1);
	EXPECT_TRUE(until(5, hung_up(self->fd[0])));
}

TEST_F(locks, none_is_left_to_a_cpu_that_is_offline)
{
	int first;

	run_on(0);
	self->m->bss->rounds = 1;
	reader_run(self->m->progs.release_many);
	put_file(_metadata, self);
	self->m->bss->at_offline = true;
	write_file(CPU1, "0");
	self->m->bss->at_offline = false;
	write_file(CPU1, "1");
	EXPECT_EQ(1, self->m->bss->pids);
	EXPECT_TRUE(files_dropped(self->m, 1));

	/* the next one that is dropped takes the other along */
	first = self->fd[0];
	ASSERT_EQ(0, pipe2(self->fd, O_CLOEXEC));
	put_file(_metadata, self);
	drop_with_a_lock_held(_metadata, self, 2);
	EXPECT_TRUE(until(5, hung_up(self->fd[0])));
	EXPECT_TRUE(until(5, hung_up(first)));
	close(first);
}

TEST_HARNESS_MAIN
