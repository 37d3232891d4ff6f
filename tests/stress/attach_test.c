// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 600
 *
 * Two threads attach and detach policies two thousand times, while processes come
 * and go and somebody tries to unload the module: a policy that stays attached sees
 * every process, each attempt to unload is refused, and nothing is left.
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "lib/policy.h"
#include "lib/storm.h"

#include "lib/harness.h"

#define TIMES	(1000 / slowness())	/* each of two threads */

/**
 * struct shared - memory that the test shares with the processes it makes
 * @born: processes of the storm that have ended
 * @refused: attempts to unload
 * @unloaded: attempts that were not refused as they have to be
 * @stop: told to them
 */
struct shared {
	int born;
	int refused;
	int unloaded;
	int stop;
};

static void __attribute__((noreturn)) unloader(struct shared *shared)
{
	int err;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(99);
	while (!counter(&shared->stop)) {
		err = module_unload();
		count_up(err == -EWOULDBLOCK ? &shared->refused : &shared->unloaded);
		nap();
	}
	_exit(0);
}

struct attacher {
	struct policy *p;
	unsigned int attached, failed;
};

static void *attach_and_detach(void *arg)
{
	struct attacher *a = arg;
	struct bpf_link *link;
	unsigned int i;

	for (i = 0; i < TIMES; i++) {
		link = bpf_map__attach_struct_ops(a->p->maps.ops);
		if (link)
			a->attached++;
		else
			a->failed++;
		bpf_link__destroy(link);
	}
	return NULL;
}

TEST(who_stays_misses_nothing)
{
	struct reader *r = reader_open();
	struct policy *stays = policy_open("stays");
	const struct taskhold_policy_stats *stats;
	struct attacher attachers[2] = {};
	pthread_t threads[2];
	struct shared *shared;
	pid_t pids[2];
	char name[TASKHOLD_NAME_LEN];
	int slot, i, born;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	stays->bss->hold_descendants = true;
	policy_ops(stays)->max_held = TASKHOLD_MAX_HELD;
	policy_load(stays);
	slot = policy_attach(stays, r);
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "comes-%d", i);
		attachers[i].p = policy_open(name);
		/* everything there is, each time */
		attachers[i].p->bss->hold_all = true;
		policy_load(attachers[i].p);
	}

	fflush(stdout);
	pids[0] = fork();
	if (pids[0] == 0)
		storm(&shared->born, &shared->stop);
	pids[1] = fork();
	if (pids[1] == 0)
		unloader(shared);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, attach_and_detach, &attachers[i]));
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	count_up(&shared->stop);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, reap(pids[i]));
	reader_finish(r, 0);

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(TIMES, attachers[i].attached);
		EXPECT_EQ(0, attachers[i].failed);
		EXPECT_EQ(TIMES, attachers[i].p->bss->calls[POLICY_ATTACH]);
		EXPECT_EQ(TIMES, attachers[i].p->bss->calls[POLICY_DETACH]);
		EXPECT_LT(TIMES, attachers[i].p->bss->calls[POLICY_ADMIT]);
		policy__destroy(attachers[i].p);
	}
	EXPECT_EQ(0, counter(&shared->unloaded));
	EXPECT_LT(10, counter(&shared->refused));

	/* the storm, who tries to unload, and what the first made */
	born = counter(&shared->born) + 2;
	stats = reader_policy(r, slot);
	ASSERT_NE(NULL, stats);
	EXPECT_EQ(born, (int)stays->bss->calls[POLICY_ADMIT]);
	EXPECT_EQ(born, (int)stays->bss->calls[POLICY_FINISH]);
	EXPECT_EQ(born, stats->admitted);
	EXPECT_EQ(born, stats->kept);
	for (i = 0; i < TASKHOLD_NR_REASONS; i++)
		EXPECT_EQ(0, stats->reasons[i]);
	TH_LOG("%d processes, %d attempts to unload", born, counter(&shared->refused));

	policy__destroy(stays);
	EXPECT_TRUE(until(10, reader_stats(r)->records == 0));
	reader__destroy(r);
	munmap(shared, sizeof(*shared));
}

TEST_HARNESS_MAIN
