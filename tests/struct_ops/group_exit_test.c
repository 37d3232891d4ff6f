// SPDX-License-Identifier: GPL-2.0-only
/*
 * All threads of a process end at once, because one of them said so or because
 * they were killed: one record, one exit, one finish, and the right status.
 */
#include <pthread.h>

#include "lib/policy.h"

#include "lib/harness.h"

#define THREADS	8	/* beside the first */

FIXTURE(group_exit)
{
	struct reader *r;
	struct policy *p;
	int slot;
};

FIXTURE_SETUP(group_exit)
{
	self->r = reader_open();
	self->p = policy_open("group-exit");
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
}

FIXTURE_TEARDOWN(group_exit)
{
	policy__destroy(self->p);
	reader__destroy(self->r);
}

static void *burn(void *unused)
{
	burn_ms(10000);
	return unused;
}

static void *exit_with_9(void *unused)
{
	(void)unused;
	exit(9);
}

TEST_F(group_exit, another_than_the_first_ends_the_process)
{
	const struct taskhold_info *info;
	pthread_t id;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		if (pthread_create(&id, NULL, exit_with_9, NULL))
			_exit(97);
		for (;;)
			pause();
	}
	ASSERT_EQ(9, WEXITSTATUS(reap(pid)));
	reader_finish(self->r, 0);
	info = reader_find(self->r, self->slot, pid);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(9 << 8, info->exit_code);
	EXPECT_EQ(2, info->threads);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, pid));
}

TEST_F(group_exit, killed_together)
{
	const struct taskhold_info *info;
	pthread_t id;
	pid_t pid;
	int i;

	pid = fork();
	if (pid == 0) {
		for (i = 0; i < THREADS; i++) {
			if (pthread_create(&id, NULL, burn, NULL))
				_exit(97);
		}
		raise(SIGKILL);
	}
	ASSERT_EQ(SIGKILL, WTERMSIG(reap(pid)));
	reader_finish(self->r, 0);
	ASSERT_EQ(1, reader_records(self->r, self->slot));
	info = &self->r->bss->infos[0];
	EXPECT_EQ(SIGKILL, info->exit_code);
	EXPECT_EQ(THREADS + 1, info->threads);
	EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, pid));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_EXIT, pid));
}

TEST_HARNESS_MAIN
