// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 180
 * kmsg-allow: taskhold: policy containers is at fault and detached: (admit|finish)\(\) returned -95
 *
 * containers has for each container what the kernel's cpu.stat says, of processes that
 * have ended, that run on and that were moved from one to another, and of cgroups
 * below it; it needs nobody while it does, and its bounds lose nothing. There is one at
 * a time, under whatever name; what it cannot be, updated or without its pin, it says.
 */
#include "lib/policy_object.h"
#include "workers.h"

#include "lib/harness.h"

#define ROOT	"taskhold-root"
#define ONE	ROOT "/one"
#define TWO	ROOT "/two"
#define BELOW	ROOT "/two/below"
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
	struct workers w;
	bool unpinned;
};

static struct bpf_object *open_containers(void)
{
	struct bpf_object *obj = object_open("containers");

	object_set(obj, "root_cgroup", cgroup_id_of(ROOT));
	object_set(obj, "refresh_ms", 20);
	return obj;
}

FIXTURE_SETUP(containers)
{
	cgroup_make(ROOT);
	cgroup_make(ONE);
	cgroup_make(TWO);
	cgroup_make(BELOW);
	self->r = reader_open();
	self->obj = open_containers();
	self->sums = object_map(self->obj, "container_sums");
	workers_make(&self->w);
}

FIXTURE_TEARDOWN(containers)
{
	workers_close(&self->w);
	bpf_link__destroy(self->link);
	if (self->unpinned)
		unlink("/sys/fs/bpf/container_sums");
	else
		object_unpin(self->obj);
	bpf_object__close(self->obj);
	reader__destroy(self->r);
	cgroup_remove(BELOW);
	cgroup_remove(TWO);
	cgroup_remove(ONE);
	cgroup_remove(ROOT);
	object_reload_module();
}

static void attach(FIXTURE_DATA(containers) *self)
{
	self->link = object_attached(self->obj);
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

/* The sum of a member over all values of a map whose keys are ids. */
static __u64 sum_of(FIXTURE_DATA(containers) *self, const struct bpf_map *map, const char *name)
{
	char value[OBJECT_VALUE];
	__u64 id, *before = NULL, sum = 0;

	while (!bpf_map__get_next_key(map, before, &id, sizeof(id))) {
		before = &id;
		if (object_look_up(map, &id, value))
			sum += object_number(self->obj, map, value, name);
	}
	return sum;
}

/* Waits for a look at all that is now. */
static void look(FIXTURE_DATA(containers) *self)
{
	__u64 looks = stat_of(self, "looks");

	if (!until(10, stat_of(self, "looks") >= looks + 2))
		die("the timer does not come: %llu looks", looks);
}

/* Waits until so many have finished in a container, and finish() of the last has returned. */
static bool finished(FIXTURE_DATA(containers) *self, const char *cgroup, __u64 processes)
{
	if (!until(10, (reader_settle(self->r), of(self, cgroup, "processes") >= processes)))
		return false;
	reader_settle(self->r);
	return true;
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
	EXPECT_LE(WORK_MS * 1000, us);
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
		pid = worker(&self->w, i < 2 ? ONE : BELOW, "worker", 1, 0);
		workers_go(&self->w);
		workers_end(&self->w);
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
	ASSERT_LT(0, worker(&self->w, BELOW, "worker", 1, 0));
	workers_go(&self->w);
	workers_end(&self->w);
	wait(NULL);
	ASSERT_LT(0, worker(&self->w, ONE, "worker", 1, 0));
	workers_go(&self->w);
	workers_end(&self->w);
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

		gate_wait(&self->w.go);
		fd = open("/dev/null", O_WRONLY);
		if (write(fd, bytes, WRITTEN) != WRITTEN)
			_exit(1);
		_exit(0);
	}
	cgroup_move(ONE, pid);
	gate_open(&self->w.go);
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
	pid = worker(&self->w, ONE, "worker", 3, 0);
	workers_go(&self->w);
	cgroup_move(TWO, pid);
	workers_go(&self->w);
	look(self);
	/* it runs: as where it is, and as where it was */
	EXPECT_EQ(0, of(self, ONE, "running"));
	EXPECT_EQ(1, of(self, TWO, "running"));
	expect_charged(_metadata, self, ONE, TICK_US);
	expect_charged(_metadata, self, TWO, TICK_US);
	cgroup_move(BELOW, pid);
	workers_go(&self->w);
	workers_end(&self->w);
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
	EXPECT_LE(2 * WORK_MS * 1000000ULL, of(self, TWO, "cpu_ns"));
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
	pid = worker(&self->w, ONE, "worker", 2, 0);
	workers_go(&self->w);
	/* who is moved out is held on, and what it uses there is no container's */
	cgroup_move("", pid);
	workers_go(&self->w);
	workers_end(&self->w);
	ASSERT_EQ(0, reap(pid));
	ASSERT_TRUE(until(10, (reader_settle(self->r), by_id(self, 0, "processes") == 1)));
	look(self);
	expect_charged(_metadata, self, ONE, TICK_US);
	EXPECT_EQ(0, of(self, ONE, "processes"));
	EXPECT_LE(WORK_MS * 1000000ULL - TICK_US * 1000ULL, by_id(self, 0, "cpu_ns"));
	EXPECT_EQ(1, stat_of(self, "outside"));
	EXPECT_EQ(0, stat_of(self, "unknown"));
}

TEST_F(containers, what_the_module_folds_is_taken_from_it)
{
	pid_t pids[4];
	int i;

	object_ops(self->obj)->max_held = 1;
	object_load(self->obj);
	attach(self);
	for (i = 0; i < 4; i++)
		pids[i] = worker(&self->w, ONE, "worker", 1, 0);
	for (i = 0; i < 4; i++)
		workers_go(&self->w);
	for (i = 0; i < 4; i++)
		workers_end(&self->w);
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
		ASSERT_LT(0, worker(&self->w, cgroups[i], "worker", 1, 0));
		workers_go(&self->w);
		workers_end(&self->w);
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

TEST_F(containers, beyond_the_bound_of_cgroups_each_is_looked_for)
{
	__u64 overflow, id;
	pid_t pid;
	int i;

	/* the container of one cgroup is kept */
	if (bpf_map__set_max_entries(object_map(self->obj, "container_cgroups"), 1))
		die("set max_entries");
	/* between two looks there is time to remove a cgroup */
	object_set(self->obj, "refresh_ms", 2000 * slowness());
	object_load(self->obj);
	attach(self);
	for (i = 0; i < 3; i++) {
		ASSERT_LT(0, worker(&self->w, i ? BELOW : ONE, "worker", 1, 0));
		workers_go(&self->w);
		workers_end(&self->w);
		wait(NULL);
	}
	ASSERT_TRUE(finished(self, ONE, 1));
	ASSERT_TRUE(finished(self, TWO, 2));
	overflow = stat_of(self, "overflow");
	/* as each of them came and as it ended */
	EXPECT_EQ(4, overflow);
	EXPECT_EQ(0, stat_of(self, "unknown"));
	EXPECT_EQ(2, of(self, TWO, "processes"));

	/* what is left in one that has gone has no container */
	pid = worker(&self->w, BELOW, "worker", 1, 0);
	workers_go(&self->w);
	look(self);
	id = cgroup_id_of(BELOW);
	cgroup_move(ONE, pid);
	cgroup_remove(BELOW);
	look(self);
	EXPECT_LT(overflow, stat_of(self, "overflow"));
	EXPECT_LT(0, stat_of(self, "unknown"));
	EXPECT_EQ(0, by_id(self, id, "cpu_ns"));
	EXPECT_LE(WORK_MS * 1000000ULL - TICK_US * 1000ULL, by_id(self, 0, "cpu_ns"));
	workers_end(&self->w);
	EXPECT_EQ(0, reap(pid));
	cgroup_make(BELOW);
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
	ASSERT_LT(0, worker(&self->w, ONE, "worker", 1, 0));
	workers_go(&self->w);
	workers_end(&self->w);
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
	again = open_containers();
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

/* Ends the fixture's policy. */
static void detach(FIXTURE_DATA(containers) *self)
{
	bpf_link__destroy(self->link);
	self->link = NULL;
}

TEST_F(containers, a_second_one_is_refused)
{
	struct bpf_object *second = open_containers(), *before = object_open("costly");
	struct bpf_link *link, *link_before;
	pid_t pid;

	/* under a name of its own, and not in the first slot */
	object_load(before);
	link_before = object_attached(before);
	object_rename(self->obj, "boxes");
	object_load(self->obj);
	attach(self);
	pid = worker(&self->w, ONE, "worker", 2, 0);
	workers_go(&self->w);
	look(self);
	object_load(second);
	link = object_attach(second);
	EXPECT_EQ(NULL, link);
	EXPECT_EQ(EBUSY, errno);
	bpf_link__destroy(link);

	/* the first has its rows, and goes on */
	EXPECT_EQ(1, of(self, ONE, "running"));
	cgroup_move(TWO, pid);
	workers_go(&self->w);
	workers_end(&self->w);
	EXPECT_EQ(0, reap(pid));
	ASSERT_TRUE(finished(self, TWO, 1));
	expect_charged(_metadata, self, ONE, TICK_US);
	expect_charged(_metadata, self, TWO, TICK_US);

	/* and gives the timer back */
	detach(self);
	self->link = object_attached(second);
	look(self);
	detach(self);
	bpf_object__close(second);
	bpf_link__destroy(link_before);
	bpf_object__close(before);
}

TEST_F(containers, an_update_is_a_fault)
{
	struct bpf_object *other = open_containers();
	const struct taskhold_exit_info *info;
	pid_t pid;

	object_load(self->obj);
	attach(self);
	pid = worker(&self->w, ONE, "worker", 1, 0);
	object_load(other);
	ASSERT_EQ(0, bpf_link__update_map(self->link, object_policy(other)));
	/* it is asked about this one's end first, unless a kernel thread is born meanwhile */
	workers_go(&self->w);
	workers_end(&self->w);
	EXPECT_EQ(0, reap(pid));
	info = reader_ended(self->r, "containers");
	EXPECT_EQ(TASKHOLD_EXIT_RETVAL, info->kind);
	EXPECT_EQ(-EOPNOTSUPP, info->code);
	detach(self);
	/*
	 * The programs have counted nothing, for whichever container: what is there is what
	 * the module folded, of which there may have been a look before the policy had ended.
	 */
	EXPECT_EQ(sum_of(self, object_map(self->obj, "container_taken"), "tasks"),
		  sum_of(self, self->sums, "processes"));

	/* the timer is nobody's */
	self->link = object_attached(other);
	look(self);
	detach(self);
	bpf_object__close(other);
}

TEST_F(containers, without_its_pin_nobody_else_is_held)
{
	const struct taskhold_policy_stats *stats;
	__u64 admitted;
	int slot;

	object_load(self->obj);
	attach(self);
	slot = reader_slot(self->r, "containers");
	look(self);
	self->unpinned = true;
	self->obj = object_stop_timer(self->obj, "containers", "container_stat");
	/* ten looks and five seconds */
	ASSERT_TRUE(until(20, (worker(&self->w, ONE, "worker", 0, 0), workers_end(&self->w),
			       wait(NULL), stat_of(self, "stalled") > 0)));
	stats = reader_policy(self->r, slot);
	ASSERT_NE(NULL, stats);
	admitted = stats->admitted;
	EXPECT_LT(0, admitted);
	worker(&self->w, ONE, "worker", 0, 0);
	workers_end(&self->w);
	wait(NULL);
	EXPECT_EQ(admitted, reader_policy(self->r, slot)->admitted);
}

TEST_F(containers, sums_that_cannot_be_taken_are_counted)
{
	pid_t pid;

	/* room for what has been taken from one cgroup */
	if (bpf_map__set_max_entries(object_map(self->obj, "container_taken"), 1))
		die("set max_entries");
	object_load(self->obj);
	attach(self);
	pid = worker(&self->w, ONE, "worker", 3, 0);
	workers_go(&self->w);
	cgroup_move(TWO, pid);
	workers_go(&self->w);
	look(self);
	EXPECT_EQ(0, stat_of(self, "nomem"));
	expect_charged(_metadata, self, ONE, TICK_US);
	cgroup_move(ONE, pid);
	workers_go(&self->w);
	look(self);
	EXPECT_LT(0, stat_of(self, "nomem"));
	workers_end(&self->w);
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
