// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 240
 *
 * A thousand updates of a policy's link while processes come and go on all
 * processors: each of them is asked about once and finishes once, by the old members
 * or by the new ones, and the policy's counters go on over all of it.
 */
#include "lib/policy.h"
#include "lib/storm.h"

#include "lib/harness.h"

#define UPDATES	(1000 / slowness())
#define STORMS	2	/* more than one processor has */

/**
 * struct shared - memory that the test shares with the storms
 * @born: processes that they have made, and reaped
 * @stop: told to them
 */
struct shared {
	int born;
	int stop;
};

TEST(no_process_is_missed_or_seen_twice)
{
	struct reader *r = reader_open();
	struct policy *p[2] = { policy_open("update"), policy_open("update") };
	const struct taskhold_policy_stats *stats;
	struct shared *shared;
	pid_t storms[STORMS];
	__u64 id;
	unsigned int n, admitted[2];
	int slot, i, born;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	for (i = 0; i < 2; i++) {
		p[i]->bss->hold_descendants = true;
		/* no update folds anything */
		policy_ops(p[i])->max_held = TASKHOLD_MAX_HELD;
		policy_load(p[i]);
	}
	slot = policy_attach(p[0], r);
	id = reader_policy(r, slot)->id;

	fflush(stdout);
	for (i = 0; i < STORMS; i++) {
		storms[i] = fork();
		if (storms[i] == 0)
			storm(&shared->born, &shared->stop);
	}
	/* each update beside a process at least, so that there is something to miss */
	for (n = 1; n <= UPDATES; n++) {
		born = counter(&shared->born);
		ASSERT_EQ(0, bpf_link__update_map(p[0]->links.ops, p[n % 2]->maps.ops));
		ASSERT_TRUE(until(10, counter(&shared->born) != born));
	}
	count_up(&shared->stop);
	for (i = 0; i < STORMS; i++)
		EXPECT_EQ(0, reap(storms[i]));
	reader_finish(r, 0);

	born = counter(&shared->born) + STORMS;
	for (i = 0; i < 2; i++)
		admitted[i] = p[i]->bss->calls[POLICY_ADMIT];
	EXPECT_EQ(born, (int)(admitted[0] + admitted[1]));
	EXPECT_EQ(born, (int)(p[0]->bss->calls[POLICY_FINISH] + p[1]->bss->calls[POLICY_FINISH]));
	EXPECT_LT(UPDATES / 4, admitted[0]);
	EXPECT_LT(UPDATES / 4, admitted[1]);

	stats = reader_policy(r, slot);
	ASSERT_NE(NULL, stats);
	EXPECT_EQ(id, stats->id);
	EXPECT_EQ(born, stats->admitted);
	EXPECT_EQ(born, stats->finished);
	EXPECT_EQ(born, stats->kept);
	for (i = 0; i < TASKHOLD_NR_REASONS; i++)
		EXPECT_EQ(0, stats->reasons[i]);
	TH_LOG("%d processes, %u and %u of them", born, admitted[0], admitted[1]);

	policy__destroy(p[0]);
	policy__destroy(p[1]);
	reader__destroy(r);
	munmap(shared, sizeof(*shared));
}

TEST_HARNESS_MAIN
