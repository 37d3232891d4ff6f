// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 120
 *
 * containers has for each container what the kernel's cpu.stat says, of processes that
 * have ended, that run on and that were moved from one to another, and of cgroups
 * below it; it needs nobody while it does, and its bounds lose nothing.
 */
#include <taskhold/ops.h>

#include "lib/policy_object.h"

#include "lib/harness.h"

#define ROOT	"taskhold-root"
#define ONE	ROOT "/one"
#define TWO	ROOT "/two"
#define BELOW	ROOT "/two/below"
#define BURN_MS	40
#define WRITTEN	(1 << 20)

/* A thread's time since the last update, up to a tick, goes to where it is moved to. */
#define TICK_US	4500
/* cpu.stat is in us, and what has finished is in it to the ns. */
#define SAME_US	1000

FIXTURE(containers)
{
	struct reader *r;
	struct bpf_object *obj;
	struct bpf_link *link;
	struct bpf_map *sums;
	struct gate go, done, end;
};

FIXTURE_SETUP(containers)
{
	cgroup_make(ROOT);
	cgroup_make(ONE);
	cgroup_make(TWO);
	cgroup_make(BELOW);
	self->r = reader_open();
	self->obj = object_open("containers");
	object_set(self->obj, "root_cgroup", cgroup_id_of(ROOT));
	object_set(self->obj, "refresh_ms", 20);
	self->sums = object_map(self->obj, "container_sums");
	gate_make(&self->go);
	gate_make(&self->done);
	gate_make(&self->end);
}

FIXTURE_TEARDOWN(containers)
{
	gate_close(&self->go);
	gate_close(&self->done);
	gate_close(&self->end);
	bpf_link__destroy(self->link);
	object_unpin(self->obj);
	bpf_object__close(self->obj);
	reader__destroy(self->r);
	cgroup_remove(BELOW);
	cgroup_remove(TWO);
	cgroup_remove(ONE);
	cgroup_remove(ROOT);
	EXPECT_EQ(0, module_unload_soon());
	module_load();
}

static void attach(FIXTURE_DATA(containers) *self)
{
	self->link = object_attach(self->obj);
	if (!self->link)
		die("attach containers");
}

static __u64 stat_of(FIXTURE_DATA(containers) *self, const char *name)
{
	return object_counter(self->obj, "container_stat", name);
}

/* Of a container; 0 without a row. */
static __u64 by_id(FIXTURE_DATA(containers) *self, __u64 id, const char *name)
{
	char value[OBJECT_VALUE];

	return object_look_up(self->sums, &id, value) ?
		       object_number(self->obj, self->sums, value, name) : 0;
}

static __u64 of(FIXTURE_DATA(containers) *self, const char *cgroup, const char *name)
{
	return by_id(self, cgroup_id_of(cgroup), name);
}

/* Waits for a look at all that is now. */
static void look(FIXTURE_DATA(containers) *self)
{
	__u64 looks = stat_of(self, "looks");

	if (!until(10, stat_of(self, "looks") >= looks + 2))
		die("the timer does not come: %llu looks", looks);
}

/* Waits until so many have finished in a container. */
static bool finished(FIXTURE_DATA(containers) *self, const char *cgroup, __u64 processes)
{
	return until(10, (reader_settle(self->r), of(self, cgroup, "processes") >= processes));
}

/*
 * A child in a cgroup, which works each time `go` opens, rounds times, and ends once
 * `end` does: a gate of its own, so that who has worked does not take the place of who
 * has not. It has been made outside of the root, and used next to nothing there.
 */
static pid_t child_in(FIXTURE_DATA(containers) *self, const char *cgroup, int rounds)
{
	pid_t pid = fork();
	int i;

	if (pid == 0) {
		int in = dup(self->go.fd[0]), out = dup(self->done.fd[1]);
		int end = dup(self->end.fd[0]);
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (i = 0; i < rounds; i++) {
			if (read(in, &byte, 1) != 1)
				_exit(99);
			burn_ms(BURN_MS);
			if (write(out, "", 1) != 1)
				_exit(98);
		}
		/* the last round was not the end */
		if (read(end, &byte, 1) != 1)
			_exit(97);
		_exit(0);
	}
	cgroup_move(cgroup, pid);
	return pid;
}

static void work(FIXTURE_DATA(containers) *self)
{
	gate_open(&self->go);
	gate_wait_here(&self->done);
}

/* Their numbers go to us by cgroup, as here. */
static void expect_charged(struct __test_metadata *_metadata, FIXTURE_DATA(containers) *self,
			   const char *cgroup, long within_us)
{
	long kernel_us, us;

	/* who has just finished is among those that run as well, until the next look */
	look(self);
	kernel_us = cgroup_cpu_us(cgroup);
	us = (of(self, cgroup, "cpu_ns") + of(self, cgroup, "running_cpu_ns")) / 1000;
	TH_LOG("%s: %ld us by cpu.stat, %ld us here", cgroup, kernel_us, us);
	EXPECT_GE(within_us, labs(us - kernel_us));
	EXPECT_LE(BURN_MS * 1000, us);
}

TEST_F(containers, what_has_ended_is_charged_as_by_the_kernel)
{
	char value[OBJECT_VALUE];
	__u64 id = cgroup_id_of(ONE);
	struct rusage use;
	pid_t pid;
	int i;

	object_load(self->obj);
	attach(self);
	for (i = 0; i < 3; i++) {
		pid = child_in(self, i < 2 ? ONE : BELOW, 1);
		work(self);
		gate_open(&self->end);
		if (wait4(pid, NULL, 0, &use) != pid)
			die("wait4");
	}
	ASSERT_TRUE(finished(self, ONE, 2));
	ASSERT_TRUE(finished(self, TWO, 1));
	look(self);

	EXPECT_EQ(2, of(self, ONE, "processes"));
	EXPECT_EQ(1, of(self, TWO, "processes"));
	expect_charged(_metadata, self, ONE, SAME_US);
	expect_charged(_metadata, self, TWO, SAME_US);
	EXPECT_EQ(use.ru_maxrss * 1024ULL, of(self, TWO, "max_rss"));
	EXPECT_EQ(0, of(self, TWO, "running"));
	EXPECT_EQ(of(self, TWO, "cpu_ns"), of(self, TWO, "user_ns") + of(self, TWO, "sys_ns"));
	/* it counts for its container, and has no row of its own */
	EXPECT_FALSE(object_look_up(self->sums, (id = cgroup_id_of(BELOW), &id), value));
	id = cgroup_id_of(TWO);
	ASSERT_TRUE(object_look_up(self->sums, &id, value));
	EXPECT_STREQ("two", object_member(self->obj, self->sums, value, "name", NULL));
	EXPECT_EQ(2, object_number(self->obj, self->sums, value, "level"));
	EXPECT_EQ(0, by_id(self, 0, "processes"));
	EXPECT_EQ(0, stat_of(self, "overflow") + stat_of(self, "unknown"));
}

TEST_F(containers, depth_2_is_a_level_deeper)
{
	object_set(self->obj, "depth", 2);
	object_load(self->obj);
	attach(self);
	ASSERT_LT(0, child_in(self, BELOW, 1));
	work(self);
	gate_open(&self->end);
	wait(NULL);
	ASSERT_LT(0, child_in(self, ONE, 1));
	work(self);
	gate_open(&self->end);
	wait(NULL);
	ASSERT_TRUE(finished(self, BELOW, 1));
	ASSERT_TRUE(finished(self, ONE, 1));
	expect_charged(_metadata, self, BELOW, SAME_US);
	expect_charged(_metadata, self, ONE, SAME_US);
	EXPECT_EQ(0, of(self, TWO, "processes"));
}

TEST_F(containers, bytes_are_those_that_were_written)
{
	pid_t pid;

	object_load(self->obj);
	attach(self);
	pid = fork();
	if (pid == 0) {
		static char bytes[WRITTEN];
		int fd;

		gate_wait(&self->go);
		fd = open("/dev/null", O_WRONLY);
		if (write(fd, bytes, WRITTEN) != WRITTEN)
			_exit(1);
		_exit(0);
	}
	cgroup_move(ONE, pid);
	gate_open(&self->go);
	ASSERT_EQ(0, reap(pid));
	ASSERT_TRUE(finished(self, ONE, 1));
	EXPECT_EQ(WRITTEN, of(self, ONE, "wchar"));
	/* what it was told by */
	EXPECT_EQ(1, of(self, ONE, "rchar"));
}

TEST_F(containers, who_is_moved_leaves_its_time)
{
	pid_t pid;

	object_load(self->obj);
	attach(self);
	pid = child_in(self, ONE, 3);
	work(self);
	cgroup_move(TWO, pid);
	work(self);
	look(self);
	/* it runs: as where it is, and as where it was */
	EXPECT_EQ(0, of(self, ONE, "running"));
	EXPECT_EQ(1, of(self, TWO, "running"));
	expect_charged(_metadata, self, ONE, TICK_US);
	expect_charged(_metadata, self, TWO, TICK_US);
	cgroup_move(BELOW, pid);
	work(self);
	gate_open(&self->end);
	ASSERT_EQ(0, reap(pid));
	ASSERT_TRUE(finished(self, TWO, 1));
	look(self);

	EXPECT_EQ(0, of(self, ONE, "processes"));
	EXPECT_EQ(1, of(self, TWO, "processes"));
	EXPECT_EQ(of(self, ONE, "cpu_ns"), of(self, ONE, "moved_ns"));
	EXPECT_EQ(0, of(self, TWO, "running"));
	expect_charged(_metadata, self, ONE, TICK_US);
	/* from two to below: it has stayed in the container */
	expect_charged(_metadata, self, TWO, TICK_US);
	EXPECT_LE(2 * BURN_MS * 1000000ULL, of(self, TWO, "cpu_ns"));
	EXPECT_GE(2 * SAME_US,
		  labs((long)((of(self, ONE, "cpu_ns") + of(self, TWO, "cpu_ns")) / 1000) -
		       (long)cgroup_cpu_us(ROOT)));
}

TEST_F(containers, outside_of_the_root_nobody_counts)
{
	pid_t pid;

	object_load(self->obj);
	attach(self);
	pid = fork();
	if (pid == 0)
		_exit(0);
	reap(pid);
	pid = child_in(self, ONE, 2);
	work(self);
	/* who is moved out is held on, and what it uses there is no container's */
	cgroup_move("", pid);
	work(self);
	gate_open(&self->end);
	ASSERT_EQ(0, reap(pid));
	ASSERT_TRUE(until(10, (reader_settle(self->r), by_id(self, 0, "processes") == 1)));
	look(self);
	expect_charged(_metadata, self, ONE, TICK_US);
	EXPECT_EQ(0, of(self, ONE, "processes"));
	EXPECT_LE(BURN_MS * 1000000ULL - TICK_US * 1000ULL, by_id(self, 0, "cpu_ns"));
	EXPECT_EQ(1, stat_of(self, "outside"));
	EXPECT_EQ(0, stat_of(self, "unknown"));
}

TEST_F(containers, what_the_module_folds_is_taken_from_it)
{
	struct taskhold_ops *ops;
	pid_t pids[4];
	size_t size;
	int i;

	ops = bpf_map__initial_value(object_policy(self->obj), &size);
	ASSERT_EQ(sizeof(*ops), size);
	ops->max_held = 1;
	object_load(self->obj);
	attach(self);
	for (i = 0; i < 4; i++)
		pids[i] = child_in(self, ONE, 1);
	for (i = 0; i < 4; i++)
		work(self);
	for (i = 0; i < 4; i++)
		gate_open(&self->end);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, reap(pids[i]));
	ASSERT_TRUE(finished(self, ONE, 4));
	look(self);
	EXPECT_EQ(4, of(self, ONE, "processes"));
	expect_charged(_metadata, self, ONE, SAME_US);
	EXPECT_LE(3, reader_policy(self->r, reader_slot(self->r, "containers"))
			     ->reasons[TASKHOLD_FOLD_LIVE]);
}

TEST_F(containers, over_the_bound_is_counted_and_summed)
{
	const char *cgroups[] = { ONE, ROOT, TWO };
	size_t i;

	/* row 0 and two more */
	if (bpf_map__set_max_entries(self->sums, 3))
		die("set max_entries");
	object_load(self->obj);
	attach(self);
	for (i = 0; i < ARRAY_SIZE(cgroups); i++) {
		/* processes cannot be where controllers are, of which there are none here */
		ASSERT_LT(0, child_in(self, cgroups[i], 1));
		work(self);
		gate_open(&self->end);
		wait(NULL);
	}
	ASSERT_TRUE(until(10, (reader_settle(self->r), by_id(self, 0, "processes") == 1)));
	EXPECT_EQ(1, of(self, ONE, "processes"));
	EXPECT_EQ(1, of(self, ROOT, "processes"));
	EXPECT_EQ(1, stat_of(self, "overflow"));
	EXPECT_GE(SAME_US,
		  labs((long)(by_id(self, 0, "cpu_ns") / 1000) - (long)cgroup_cpu_us(TWO)));
	EXPECT_EQ(3, object_count(self->sums));
}

TEST_F(containers, unknown_root_is_refused)
{
	object_set(self->obj, "root_cgroup", 0xffffffff);
	object_load(self->obj);
	self->link = object_attach(self->obj);
	EXPECT_EQ(NULL, self->link);
	EXPECT_EQ(ENOENT, errno);
}

TEST_F(containers, sums_stay_until_it_is_attached_again)
{
	struct bpf_object *again;
	__u64 cpu_ns;

	object_load(self->obj);
	attach(self);
	ASSERT_LT(0, child_in(self, ONE, 1));
	work(self);
	gate_open(&self->end);
	wait(NULL);
	ASSERT_TRUE(finished(self, ONE, 1));
	cpu_ns = of(self, ONE, "cpu_ns");
	bpf_link__destroy(self->link);
	self->link = NULL;

	/* the pins do not hold the module; a program does that is loaded, and a timer's */
	bpf_object__close(self->obj);
	reader__destroy(self->r);
	EXPECT_EQ(0, module_unload_soon());
	module_load();
	self->r = reader_open();
	again = object_open("containers");
	object_set(again, "root_cgroup", cgroup_id_of(ROOT));
	object_set(again, "refresh_ms", 20);
	self->obj = again;
	self->sums = object_map(again, "container_sums");
	object_load(again);
	EXPECT_EQ(1, of(self, ONE, "processes"));
	EXPECT_EQ(cpu_ns, of(self, ONE, "cpu_ns"));

	attach(self);
	look(self);
	EXPECT_EQ(0, of(self, ONE, "processes"));
	EXPECT_EQ(1, object_count(self->sums));
}

TEST_HARNESS_MAIN
