// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 600
 * module: none
 *
 * The module is loaded and unloaded five hundred times ("make check": a hundred), every
 * fifth time with a policy attached in between that has held something: each load finds
 * what it needs, and each unload leaves the kernel's memory as it was.
 */
#include "lib/policy.h"

#include "lib/harness.h"

#define TIMES	((is_part() ? 100 : 500) / slowness())
#define USED	5	/* each such time it is used */

/* How many processes its policy has held to their end. */
static int hold_something(unsigned int round)
{
	struct reader *r = reader_open();
	struct policy *p = policy_open("load");
	int slot, finished;

	policy_load(p);
	slot = policy_attach(p, r);
	reap(fork() ?: (_exit(round % 100), 0));
	reader_finish(r, 0);
	finished = reader_policy(r, slot)->finished;
	policy__destroy(p);
	reader__destroy(r);
	return finished;
}

TEST(many_times)
{
	unsigned int i, used = 0;

	ASSERT_FALSE(module_loaded());
	for (i = 0; i < TIMES; i++) {
		module_load();
		ASSERT_TRUE(module_loaded());
		if (i % USED == 0)
			used += hold_something(i);
		ASSERT_EQ(0, module_unload_soon())
			TH_LOG("time %u", i);
		ASSERT_FALSE(module_loaded());
	}
	EXPECT_EQ(TIMES / USED, used);
	TH_LOG("loaded %u times", i);
}

TEST_HARNESS_MAIN
