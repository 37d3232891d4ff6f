// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 180
 * kmsg-allow: taskhold: policy census is at fault and detached: admit\(\) returned -95
 *
 * census holds the tasks themselves: it says of those that run and of those that are
 * dead what the kernel says elsewhere, lets go of the dead, keeps none behind it, and
 * takes its references by whichever kfuncs there are. There is one at a time; what it
 * cannot be, updated or without its pin, it says.
 */
#include "lib/expect.h"
#include "lib/policy.h"
#include "lib/policy_object.h"
#include "workers.h"

#include "lib/harness.h"

#define CGROUP	"taskhold-census"
#define PIN	"/sys/fs/bpf/census_stat"

FIXTURE(census)
{
	struct reader *r;
	struct bpf_object *obj;
	struct bpf_link *link;
	struct bpf_map *tasks, *cgroups;
	bool unpinned;
	struct workers w;
};

static struct bpf_object *open_census(void)
{
	struct bpf_object *obj = object_open("census");

	object_set(obj, "root_cgroup", cgroup_id_of(CGROUP));
	object_set(obj, "refresh_ms", 20);
	return obj;
}

FIXTURE_SETUP(census)
{
	cgroup_make(CGROUP);
	self->r = reader_open();
	self->obj = open_census();
	self->tasks = object_map(self->obj, "census_tasks");
	self->cgroups = object_map(self->obj, "census_cgroups");
	workers_make(&self->w);
}

FIXTURE_TEARDOWN(census)
{
	workers_close(&self->w);
	bpf_link__destroy(self->link);
	bpf_object__close(self->obj);
	reader__destroy(self->r);
	cgroup_remove(CGROUP);
	/* with the pin there still, but where the test has removed it */
	object_reload_module();
	if (unlink(PIN) && !self->unpinned)
		die("remove the pin");
}

static void attach(FIXTURE_DATA(census) *self)
{
	object_load(self->obj);
	self->link = object_attached(self->obj);
}

static __u64 stat_of(FIXTURE_DATA(census) *self, const char *name)
{
	return object_counter(self->obj, "census_stat", name);
}

/* Of the cgroup; 0 without a row. */
static __u64 of(FIXTURE_DATA(census) *self, const char *name)
{
	__u64 id = cgroup_id_of(CGROUP);
	char value[OBJECT_VALUE];

	return object_look_up(self->cgroups, &id, value) ?
		       object_number(self->obj, self->cgroups, value, name) : 0;
}

static void wait_for_looks(struct bpf_object *obj, __u64 more)
{
	__u64 looks = object_counter(obj, "census_stat", "looks");

	if (!until(10, object_counter(obj, "census_stat", "looks") >= looks + more))
		die("the timer does not come: %llu looks", looks);
}

/* One look may have begun before whatever it is to see. */
static void look(FIXTURE_DATA(census) *self)
{
	wait_for_looks(self->obj, 2);
}

/* All that was held has been let go of, and the look that did so is over: it counts then. */
static bool let_go(struct bpf_object *obj)
{
	if (!until(10, object_counter(obj, "census_stat", "held") == 0))
		return false;
	wait_for_looks(obj, 1);
	return true;
}

/* Of a task that is held; 0 without a row. */
static __u64 cpu_ns_of(FIXTURE_DATA(census) *self, __u32 pid)
{
	char value[OBJECT_VALUE];

	return object_look_up(self->tasks, &pid, value) ?
		       object_number(self->obj, self->tasks, value, "cpu_ns") : 0;
}

TEST_F(census, who_runs_is_described)
{
	char value[OBJECT_VALUE];
	uint64_t ns;
	__u32 pid;

	attach(self);
	pid = worker(&self->w, CGROUP, "described", 1, 0);
	workers_go(&self->w);
	/* it waits at the gate: once it is there its time stands still */
	ASSERT_TRUE(until(10, (look(self), cpu_ns_of(self, pid) == schedstat(pid))));
	ASSERT_TRUE(object_look_up(self->tasks, &pid, value));
	EXPECT_STREQ("described", object_member(self->obj, self->tasks, value, "comm", NULL));
	EXPECT_EQ(cgroup_id_of(CGROUP),
		  object_number(self->obj, self->tasks, value, "cgroup_id"));
	EXPECT_EQ(getpid(), (pid_t)object_number(self->obj, self->tasks, value, "ppid"));
	EXPECT_EQ(1, object_number(self->obj, self->tasks, value, "threads"));
	ns = schedstat(pid);
	TH_LOG("%lu ns by schedstat, %llu ns here", ns,
	       object_number(self->obj, self->tasks, value, "cpu_ns"));
	EXPECT_EQ(ns, object_number(self->obj, self->tasks, value, "cpu_ns"));
	EXPECT_EQ(1, of(self, "running"));
	EXPECT_EQ(ns, of(self, "running_cpu_ns"));
	EXPECT_EQ(1, stat_of(self, "held"));
	EXPECT_EQ(expect_kernel_patched(), stat_of(self, "by_module"));
	workers_end(&self->w);
	EXPECT_EQ(0, reap(pid));
	EXPECT_TRUE(let_go(self->obj));
}

/*
 * Between the time of those that have ended, but for what they had used before they were
 * in the cgroup, and what the kernel charged, in us.
 */
static long off_by_us(FIXTURE_DATA(census) *self)
{
	return labs((long)((of(self, "ended_cpu_ns") - self->w.outside_ns) / 1000) -
		    (long)cgroup_cpu_us(CGROUP));
}

TEST_F(census, threads_are_summed)
{
	char value[OBJECT_VALUE];
	__u32 pid;

	attach(self);
	pid = worker(&self->w, CGROUP, "threads", 1, 3);
	workers_go(&self->w);
	ASSERT_TRUE(until(10, (look(self), cpu_ns_of(self, pid) >= 4 * WORK_MS * 1000000ULL)));
	ASSERT_TRUE(object_look_up(self->tasks, &pid, value));
	EXPECT_EQ(4, object_number(self->obj, self->tasks, value, "threads"));
	workers_end(&self->w);
	EXPECT_EQ(0, reap(pid));
	ASSERT_TRUE(let_go(self->obj));
	EXPECT_EQ(1, of(self, "ended"));
	EXPECT_LE(4 * WORK_MS * 1000000ULL, of(self, "ended_cpu_ns"));
	/* the others, up to their release */
	EXPECT_GE(4000 * (long)slowness(), off_by_us(self));
}

TEST_F(census, who_has_ended_is_summed_to_the_end)
{
	int i;

	attach(self);
	for (i = 0; i < 5; i++) {
		ASSERT_LT(0, worker(&self->w, CGROUP, "ended", 1, 0));
		workers_go(&self->w);
		workers_end(&self->w);
		wait(NULL);
	}
	ASSERT_TRUE(until(10, of(self, "ended") == 5));
	look(self);
	EXPECT_EQ(5, of(self, "ended"));
	EXPECT_EQ(0, of(self, "running"));
	EXPECT_EQ(5, stat_of(self, "ended"));
	EXPECT_EQ(0, stat_of(self, "held"));
	EXPECT_EQ(0, object_count(self->tasks));
	TH_LOG("%lu us by cpu.stat, %llu us here", cgroup_cpu_us(CGROUP),
	       of(self, "ended_cpu_ns") / 1000);
	EXPECT_LE(cgroup_cpu_us(CGROUP), of(self, "ended_cpu_ns") / 1000 + 1);
	EXPECT_GE(4000 * (long)slowness(), off_by_us(self));
}

TEST_F(census, the_dead_are_held_until_the_next_look)
{
	struct policy *p = policy_open("witness");
	pid_t pid, alive;

	/* no look comes after the first */
	object_set(self->obj, "refresh_ms", 3600000);
	policy_load(p);
	policy_attach(p, self->r);
	/* made before, so that it has no descriptor of the link */
	alive = worker(&self->w, CGROUP, "alive", 0, 0);
	attach(self);
	ASSERT_TRUE(until(10, stat_of(self, "looks") == 1));
	pid = worker(&self->w, CGROUP, "dead", 1, 0);
	workers_go(&self->w);
	kill(pid, SIGKILL);
	ASSERT_EQ(SIGKILL, reap(pid));
	/* its task is not freed, and so its record does not finish; that of others do */
	pid = fork();
	if (pid == 0)
		_exit(0);
	ASSERT_EQ(0, reap(pid));
	reader_finish(self->r, 2);
	reader_settle(self->r);
	EXPECT_EQ(2, reader_stats(self->r)->live);
	EXPECT_EQ(2, stat_of(self, "held"));

	bpf_link__destroy(self->link);
	self->link = NULL;
	reader_finish(self->r, 1);
	EXPECT_EQ(0, stat_of(self, "held"));
	EXPECT_EQ(0, object_count(self->tasks));
	/* the last look of detach() has seen it */
	EXPECT_EQ(1, of(self, "ended"));
	/* nor is who runs on held any more */
	workers_end(&self->w);
	ASSERT_EQ(0, reap(alive));
	reader_finish(self->r, 0);
	policy__destroy(p);
}

TEST_F(census, a_thread_that_calls_exec_is_one_process)
{
	const char *root = getenv("TASKHOLD_ROOT");
	char program[4096], log[] = "/tmp/taskhold-census-XXXXXX";
	int fd = mkstemp(log);
	pid_t pid;

	if (fd < 0)
		die("mkstemp");
	close(fd);
	snprintf(program, sizeof(program), "%s/out/tests/workloads/threads", root ?: ".");
	attach(self);
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		execl(program, "threads", "-x", log, "5", "5", "5", NULL);
		_exit(127);
	}
	worker_move(&self->w, CGROUP, pid);
	ASSERT_EQ(0, reap(pid));
	unlink(log);
	ASSERT_TRUE(until(10, of(self, "ended") >= 1));
	look(self);
	EXPECT_EQ(1, of(self, "ended"));
	EXPECT_EQ(0, stat_of(self, "held"));
	EXPECT_LE(15 * 1000000ULL, of(self, "ended_cpu_ns"));
	EXPECT_GE(6000 * (long)slowness(), off_by_us(self));
}

TEST_F(census, over_the_bound_is_counted)
{
	pid_t pids[4];
	int i;

	if (bpf_map__set_max_entries(self->tasks, 2))
		die("set max_entries");
	attach(self);
	for (i = 0; i < 4; i++)
		pids[i] = worker(&self->w, CGROUP, "many", 1, 0);
	EXPECT_EQ(2, stat_of(self, "held"));
	EXPECT_EQ(2, stat_of(self, "full"));
	for (i = 0; i < 4; i++)
		workers_go(&self->w);
	look(self);
	EXPECT_EQ(2, of(self, "running"));
	for (i = 0; i < 4; i++)
		workers_end(&self->w);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_TRUE(let_go(self->obj));
	EXPECT_EQ(2, of(self, "ended"));
	/* there is room again */
	pids[0] = worker(&self->w, CGROUP, "one more", 1, 0);
	EXPECT_EQ(1, stat_of(self, "held"));
	kill(pids[0], SIGKILL);
	reap(pids[0]);
}

/* Ends the fixture's policy. */
static void detach(FIXTURE_DATA(census) *self)
{
	bpf_link__destroy(self->link);
	self->link = NULL;
}

TEST_F(census, a_second_one_is_refused)
{
	struct bpf_object *second = open_census();
	struct bpf_link *link;
	pid_t pid;

	attach(self);
	object_rename(second, "another");
	object_load(second);
	link = object_attach(second);
	EXPECT_EQ(NULL, link);
	EXPECT_EQ(EBUSY, errno);
	bpf_link__destroy(link);

	/* the first goes on */
	pid = worker(&self->w, CGROUP, "looked at", 1, 0);
	workers_go(&self->w);
	look(self);
	EXPECT_EQ(1, stat_of(self, "held"));
	EXPECT_EQ(1, of(self, "running"));
	workers_end(&self->w);
	EXPECT_EQ(0, reap(pid));
	EXPECT_TRUE(let_go(self->obj));
	EXPECT_EQ(1, of(self, "ended"));

	/* and gives the timer back */
	detach(self);
	self->link = object_attached(second);
	EXPECT_LE(0, reader_slot(self->r, "another"));
	look(self);
	detach(self);
	bpf_object__close(second);
}

TEST_F(census, an_update_is_a_fault)
{
	struct bpf_object *other = open_census();
	const struct taskhold_exit_info *info;
	pid_t pid;

	attach(self);
	pid = worker(&self->w, CGROUP, "held", 1, 0);
	EXPECT_EQ(1, stat_of(self, "held"));
	object_load(other);
	ASSERT_EQ(0, bpf_link__update_map(self->link, object_policy(other)));
	/* it is asked about the next one */
	workers_last(&self->w, pid);
	info = reader_ended(self->r, "census");
	EXPECT_EQ(TASKHOLD_EXIT_RETVAL, info->kind);
	EXPECT_EQ(-EOPNOTSUPP, info->code);
	EXPECT_STREQ("admit() returned -95, want 0 or more", info->text);
	detach(self);

	/* the timer is nobody's */
	self->link = object_attached(other);
	EXPECT_EQ(0, stat_of(self, "held"));
	look(self);
	detach(self);
	bpf_object__close(other);
}

/* A process that is born, comes into the cgroup and ends. */
static void come_and_go(FIXTURE_DATA(census) *self)
{
	pid_t pid = worker(&self->w, CGROUP, "short", 0, 0);

	workers_end(&self->w);
	reap(pid);
}

TEST_F(census, without_its_pin_nobody_else_is_held)
{
	__u64 looks, held;

	attach(self);
	come_and_go(self);
	look(self);
	EXPECT_EQ(0, stat_of(self, "stalled"));
	self->unpinned = true;
	self->obj = object_stop_timer(self->obj, "census", "census_stat");
	looks = stat_of(self, "looks");
	/* ten looks and five seconds */
	ASSERT_TRUE(until(20, (come_and_go(self), stat_of(self, "stalled") > 0)));
	held = stat_of(self, "held");
	EXPECT_LT(0, held);
	come_and_go(self);
	EXPECT_EQ(held, stat_of(self, "held"));
	EXPECT_EQ(looks, stat_of(self, "looks"));
	/* and those who are go with it */
	detach(self);
	EXPECT_EQ(0, stat_of(self, "held"));
	EXPECT_EQ(held, stat_of(self, "ended") - 1);
}

FIXTURE(pids)
{
	struct reader *r;
	struct bpf_object *obj;
	struct bpf_link *link;
	long pid_max;
};

FIXTURE_VARIANT(pids)
{
	int refresh_ms;		/* on a slower kernel so much more */
};

/* deleted rows are others' at once, and tasks are found dead by who has their pid */
FIXTURE_VARIANT_ADD(pids, looks_are_many) { .refresh_ms = 10 };
FIXTURE_VARIANT_ADD(pids, looks_are_few) { .refresh_ms = 2000 };

#define PID_MAX	"/proc/sys/kernel/pid_max"
#define REUSED	2000

FIXTURE_SETUP(pids)
{
	cgroup_make(CGROUP);
	self->r = reader_open();
	self->obj = open_census();
	object_set(self->obj, "refresh_ms", variant->refresh_ms * slowness());
	self->pid_max = number_in(PID_MAX);
}

FIXTURE_TEARDOWN(pids)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", self->pid_max);
	write_file(PID_MAX, text);
	bpf_link__destroy(self->link);
	bpf_object__close(self->obj);
	reader__destroy(self->r);
	cgroup_remove(CGROUP);
	object_reload_module();
	if (unlink(PIN))
		die("remove the pin");
}

TEST_F(pids, each_is_ended_or_unseen_once)
{
	struct gate gate;
	pid_t pid;
	int i;

	object_load(self->obj);
	self->link = object_attached(self->obj);
	/* those below 300 are not used again: a hundred are left */
	write_file(PID_MAX, "400");
	gate_make(&gate);
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		for (i = 0; i < REUSED; i++) {
			pid_t child = fork();

			if (child == 0)
				_exit(0);
			if (child < 0 || reap(child))
				_exit(1);
		}
		_exit(0);
	}
	cgroup_move(CGROUP, pid);
	gate_open(&gate);
	ASSERT_EQ(0, reap(pid));
	gate_close(&gate);
	ASSERT_TRUE(let_go(self->obj));
	TH_LOG("%llu of %d unseen", object_counter(self->obj, "census_stat", "unseen"),
	       REUSED + 1);
	/* missed: who got the number of one whose row was about to be let go of just then */
	EXPECT_EQ(REUSED + 1, object_counter(self->obj, "census_stat", "ended") +
				      object_counter(self->obj, "census_stat", "unseen") +
				      object_counter(self->obj, "census_stat", "missed"));
	EXPECT_GE(REUSED / 100, object_counter(self->obj, "census_stat", "missed"));
	EXPECT_EQ(0, object_counter(self->obj, "census_stat", "full"));
	EXPECT_EQ(0, object_count(object_map(self->obj, "census_tasks")));
	if (variant->refresh_ms > 100)
		EXPECT_LT(0, object_counter(self->obj, "census_stat", "unseen"));
}

TEST_HARNESS_MAIN
