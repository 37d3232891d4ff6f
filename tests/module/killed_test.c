// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
// module: none
/*
 * A process that has a policy is killed: the policy is detached, whatever was
 * going on; those that it held go on; and the module can be unloaded.
 */
#include "lib/threads.h"

#include "lib/harness.h"

#define ROUNDS	8

/**
 * struct shared - memory that the test shares with the processes it makes
 * @attached: times that the policy was attached
 * @born: processes of the storm that have ended
 * @go: told to the process that is held: end
 */
struct shared {
	int attached;
	int born;
	int go;
};

FIXTURE(killed)
{
	struct shared *shared;
	pid_t storm;
	pid_t held;	/* is there all the time */
};

FIXTURE_VARIANT(killed)
{
	bool storm;	/* processes are born and end all the time */
	bool loop;	/* the policy is attached and detached all the time */
};

FIXTURE_VARIANT_ADD(killed, idle)
{
};

FIXTURE_VARIANT_ADD(killed, in_a_storm)
{
	.storm = true,
};

FIXTURE_VARIANT_ADD(killed, while_attaching_in_a_storm)
{
	.storm = true, .loop = true,
};

static pid_t start_child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(99);
	return pid;
}

FIXTURE_SETUP(killed)
{
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);

	self->held = start_child();
	if (self->held == 0) {
		while (!counter(&self->shared->go))
			nap();
		_exit(6);
	}
	self->storm = variant->storm ? start_child() : -1;
	while (self->storm == 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			_exit(98);
		count_up(&self->shared->born);
	}
}

FIXTURE_TEARDOWN(killed)
{
	if (self->storm > 0) {
		kill(self->storm, SIGKILL);
		EXPECT_EQ(SIGKILL, reap(self->storm));
	}
	count_up(&self->shared->go);
	EXPECT_EQ(6 << 8, reap(self->held));
	munmap(self->shared, sizeof(*self->shared));
}

/* Has a policy that holds everybody, until it is killed. */
static void __attribute__((noreturn)) have_policy(struct shared *shared, bool loop)
{
	struct reader *r = reader_open();
	struct policy *p = policy_open("killed");

	p->bss->hold_all = true;
	policy_load(p);
	do {
		policy_attach(p, r);
		count_up(&shared->attached);
		if (loop)
			policy_detach(p);
	} while (loop);
	for (;;)
		pause();
}

TEST_F(killed, leaves_nothing)
{
	int round, born;
	pid_t pid;

	for (round = 0; round < ROUNDS; round++) {
		module_load();
		self->shared->attached = 0;
		pid = start_child();
		if (pid == 0)
			have_policy(self->shared, variant->loop);
		/* in a loop it is killed wherever that falls */
		ASSERT_TRUE(until(10, counter(&self->shared->attached) >
				      round % 3 * variant->loop));
		EXPECT_LT(0, module_refs());
		EXPECT_EQ(-EWOULDBLOCK, module_unload());

		born = counter(&self->shared->born);
		if (variant->storm)
			ASSERT_TRUE(until(10, counter(&self->shared->born) > born + 20));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(SIGKILL, reap(pid));

		ASSERT_EQ(0, module_unload_soon()) TH_LOG("round %d: %ld users", round,
							  module_refs());
		EXPECT_TRUE(until(5, access(SLAB_DIR, F_OK)));
	}
}

TEST_HARNESS_MAIN
