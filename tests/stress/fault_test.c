// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 300
 * kmsg-allow: ^taskhold: policy faulty is at fault and detached: .*$
 *
 * A policy comes to fault in each of its calls while its link is updated, closed and
 * detached, and the module is told to detach it, all at once and beside processes that
 * come and go: it ends each time that it was attached, once, and a policy that stays
 * sees every process.
 */
#include <pthread.h>

#include "lib/policy.h"
#include "lib/storm.h"

#include "faulty.skel.h"

#include "lib/harness.h"

#define DETACH	"/sys/module/taskhold/parameters/detach"
#define TIMES	(400 / slowness())

/**
 * struct shared - memory that the test shares with the storm
 * @born: processes that it has made, and reaped
 * @stop: told to it, and to the test's threads
 */
struct shared {
	int born;
	int stop;
};

/**
 * struct faults - what the test's threads work on
 * @f: the policies that come to fault: two with the same name
 * @link: of the one that is attached, or -1: for who updates and detaches it
 * @shared: whose stop ends them
 * @updated: updates that were let
 * @refused: updates of a link that has ended
 * @named: writes to the parameter that found the policy
 */
struct faults {
	struct faulty *f[2];
	int link;
	struct shared *shared;
	int updated;
	int refused;
	int named;
};

static void *update(void *arg)
{
	struct faults *t = arg;
	unsigned int n;
	int err;

	for (n = 0; !counter(&t->shared->stop); n++) {
		err = bpf_link_update(counter(&t->link), bpf_map__fd(t->f[n % 2]->maps.ops), NULL);
		if (!err)
			count_up(&t->updated);
		else if (err == -ENOLINK)
			count_up(&t->refused);
		else if (err != -EBADF)
			die("update: %d", err);
		nap();
	}
	return NULL;
}

static void *detach_named(void *arg)
{
	struct faults *t = arg;
	int fd = open(DETACH, O_WRONLY | O_CLOEXEC);
	struct timespec pause = { .tv_nsec = 7000000 };

	if (fd < 0)
		die("open %s", DETACH);
	while (!counter(&t->shared->stop)) {
		if (pwrite(fd, "faulty", 6, 0) == 6)
			count_up(&t->named);
		else if (errno != ENOENT)
			die("write to %s", DETACH);
		nanosleep(&pause, NULL);
	}
	close(fd);
	return NULL;
}

static void *(*const work[])(void *) = { update, detach_named, detach_named };

static struct faulty *faulty_open(void)
{
	struct faulty *f = faulty__open_and_load();
	struct bpf_link *link;

	if (!f)
		die("load faulty.bpf.o");
	/* gives the map its value */
	link = bpf_map__attach_struct_ops(f->maps.ops);
	if (!link)
		die("attach faulty");
	bpf_link__destroy(link);
	if (!until(10, f->bss->detached == 1))
		die("faulty is attached");
	f->bss->detached = 0;
	/* everything is held, and every end of a process is a fault */
	f->bss->root_pid = 0;
	f->bss->finish_result = 77;
	f->bss->faulty = true;
	return f;
}

/* The number of the policy that has ended last. */
static __u64 last_ended(struct reader *r)
{
	return reader_exit_info(r, 0)->stats.id;
}

TEST(in_the_midst_of_all_else)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct faults t = { .shared = shared, .link = -1 };
	struct reader *r = reader_open();
	struct policy *stays = policy_open("stays");
	const struct taskhold_policy_stats *stats;
	pthread_t threads[ARRAY_SIZE(work)];
	__u64 id;
	unsigned int i, n;
	int slot, link, born;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, shared);
	stays->bss->hold_descendants = true;
	policy_ops(stays)->max_held = TASKHOLD_MAX_HELD;
	policy_load(stays);
	slot = policy_attach(stays, r);
	for (i = 0; i < 2; i++)
		t.f[i] = faulty_open();
	id = last_ended(r);

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		storm(&shared->born, &shared->stop);
	for (i = 0; i < ARRAY_SIZE(work); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, work[i], &t));

	for (n = 0; n < TIMES; n++) {
		link = bpf_link_create(bpf_map__fd(t.f[0]->maps.ops), 0, BPF_STRUCT_OPS, NULL);
		ASSERT_LE(0, link);
		__atomic_store_n(&t.link, link, __ATOMIC_RELEASE);
		/* by its fault or otherwise; some are closed while they end, or before */
		if (n % 4 < 2)
			ASSERT_TRUE(until(30, hung_up(link)));
		if (n % 4 == 2)
			ASSERT_EQ(0, bpf_link_detach(link));
		__atomic_store_n(&t.link, -1, __ATOMIC_RELEASE);
		close(link);
		ASSERT_TRUE(until(30, last_ended(r) > id));
		id = last_ended(r);
		EXPECT_GT(0, reader_slot(r, "faulty"));
	}
	count_up(&shared->stop);
	for (i = 0; i < ARRAY_SIZE(work); i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, reap(pid));
	reader_finish(r, 0);

	/* each time that one was attached, its detach was called once */
	EXPECT_TRUE(until(10, t.f[0]->bss->detached + t.f[1]->bss->detached >= TIMES));
	EXPECT_EQ(TIMES, t.f[0]->bss->detached + t.f[1]->bss->detached);
	born = counter(&shared->born) + 1;
	stats = reader_policy(r, slot);
	ASSERT_NE(NULL, stats);
	EXPECT_EQ(born, (int)stays->bss->calls[POLICY_ADMIT]);
	EXPECT_EQ(born, (int)stays->bss->calls[POLICY_FINISH]);
	EXPECT_EQ(born, stats->kept);
	TH_LOG("%d processes; %d updates, %d too late; %d found by name", born, t.updated,
	       t.refused, t.named);

	policy__destroy(stays);
	for (i = 0; i < 2; i++)
		faulty__destroy(t.f[i]);
	EXPECT_TRUE(until(10, reader_stats(r)->records == 0));
	reader__destroy(r);
	munmap(shared, sizeof(*shared));
}

TEST_HARNESS_MAIN
