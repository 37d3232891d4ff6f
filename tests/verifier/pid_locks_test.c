// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// kernel: patched
// rows: D1
/*
 * References to pids and files are dropped by a program that is attached where a
 * lock is held: one of the kernel's, or one that dropping or taking a reference
 * needs. The second would never be had.
 */
#include <sys/syscall.h>

#include "lib/reader.h"
#include "pid_locks.skel.h"

#include "lib/harness.h"

#define ROUNDS	1000

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

TEST_F(locks, last_reference_to_a_file)
{
	self->m->bss->fd = self->fd[1];
	reader_run(self->m->progs.put_file);
	ASSERT_EQ(0, self->m->bss->ret);
	close(self->fd[1]);
	EXPECT_FALSE(hung_up(self->fd[0]));
	self->m->bss->tid = syscall(SYS_gettid);
	EXPECT_TRUE(until(5, __atomic_load_n(&self->m->bss->files, __ATOMIC_RELAXED) == 1));
	self->m->bss->tid = 0;
	EXPECT_TRUE(until(5, hung_up(self->fd[0])));
}

TEST_HARNESS_MAIN
