// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 120
 *
 * census holds the tasks themselves: it says of those that run and of those that are
 * dead what the kernel says elsewhere, lets go of the dead, keeps none behind it, and
 * takes its references by whichever kfuncs there are.
 */
#include <pthread.h>

#include "lib/expect.h"
#include "lib/policy.h"
#include "lib/policy_object.h"

#include "lib/harness.h"

#define CGROUP	"taskhold-census"
#define BURN_MS	30

FIXTURE(census)
{
	struct reader *r;
	struct bpf_object *obj;
	struct bpf_link *link;
	struct bpf_map *tasks, *cgroups;
	struct gate go, done, end;
};

FIXTURE_SETUP(census)
{
	cgroup_make(CGROUP);
	self->r = reader_open();
	self->obj = object_open("census");
	object_set(self->obj, "root_cgroup", cgroup_id_of(CGROUP));
	object_set(self->obj, "refresh_ms", 20);
	self->tasks = object_map(self->obj, "census_tasks");
	self->cgroups = object_map(self->obj, "census_cgroups");
	gate_make(&self->go);
	gate_make(&self->done);
	gate_make(&self->end);
}

FIXTURE_TEARDOWN(census)
{
	gate_close(&self->go);
	gate_close(&self->done);
	gate_close(&self->end);
	bpf_link__destroy(self->link);
	bpf_object__close(self->obj);
	reader__destroy(self->r);
	cgroup_remove(CGROUP);
	/* with the pin there still */
	EXPECT_EQ(0, module_unload_soon());
	if (unlink("/sys/fs/bpf/census_stat"))
		die("remove the pin");
	module_load();
}

static void attach(FIXTURE_DATA(census) *self)
{
	object_load(self->obj);
	self->link = object_attach(self->obj);
	if (!self->link)
		die("attach census");
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

static void look(FIXTURE_DATA(census) *self)
{
	__u64 looks = stat_of(self, "looks");

	if (!until(10, stat_of(self, "looks") >= looks + 2))
		die("the timer does not come: %llu looks", looks);
}

static void *burn_thread(void *unused)
{
	(void)unused;
	burn_ms(BURN_MS);
	for (;;)
		pause();
	return NULL;
}

/*
 * Works with so many threads more once `go` opens, and ends once `end` does: a gate of
 * its own, so that who has worked does not take the place of who has not.
 */
static pid_t child(FIXTURE_DATA(census) *self, const char *name, int threads)
{
	pid_t pid = fork();

	if (pid == 0) {
		int in = dup(self->go.fd[0]), out = dup(self->done.fd[1]);
		int end = dup(self->end.fd[0]);
		pthread_t id;
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		if (read(in, &byte, 1) != 1)
			_exit(99);
		while (threads--) {
			if (pthread_create(&id, NULL, burn_thread, NULL))
				_exit(98);
		}
		burn_ms(BURN_MS);
		if (write(out, "", 1) != 1 || read(end, &byte, 1) != 1)
			_exit(97);
		_exit(0);
	}
	cgroup_move(CGROUP, pid);
	return pid;
}

static void work(FIXTURE_DATA(census) *self)
{
	gate_open(&self->go);
	gate_wait_here(&self->done);
}

/* Time on a CPU by the scheduler's own statistics, in ns. */
static uint64_t schedstat(pid_t pid)
{
	char path[64], buf[128];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		die("read %s", path);
	return strtoull(buf, NULL, 10);
}

TEST_F(census, who_runs_is_described)
{
	char value[OBJECT_VALUE];
	uint64_t ns;
	__u32 pid;

	attach(self);
	pid = child(self, "described", 0);
	work(self);
	look(self);
	ASSERT_TRUE(object_look_up(self->tasks, &pid, value));
	EXPECT_STREQ("described", object_member(self->obj, self->tasks, value, "comm", NULL));
	EXPECT_EQ(cgroup_id_of(CGROUP),
		  object_number(self->obj, self->tasks, value, "cgroup_id"));
	EXPECT_EQ(getpid(), (pid_t)object_number(self->obj, self->tasks, value, "ppid"));
	EXPECT_EQ(1, object_number(self->obj, self->tasks, value, "threads"));
	/* it waits at the gate: its time stands still */
	ns = schedstat(pid);
	TH_LOG("%lu ns by schedstat, %llu ns here", ns,
	       object_number(self->obj, self->tasks, value, "cpu_ns"));
	EXPECT_EQ(ns, object_number(self->obj, self->tasks, value, "cpu_ns"));
	EXPECT_EQ(1, of(self, "running"));
	EXPECT_EQ(ns, of(self, "running_cpu_ns"));
	EXPECT_EQ(1, stat_of(self, "held"));
	EXPECT_EQ(expect_kernel_patched(), stat_of(self, "by_module"));
	gate_open(&self->end);
	EXPECT_EQ(0, reap(pid));
	EXPECT_TRUE(until(10, stat_of(self, "held") == 0));
}

/* Between the time of those that have ended and what the kernel charged, in us. */
static long off_by_us(FIXTURE_DATA(census) *self)
{
	return labs((long)(of(self, "ended_cpu_ns") / 1000) - (long)cgroup_cpu_us(CGROUP));
}

/* Of a task that is held; 0 without a row. */
static __u64 cpu_ns_of(FIXTURE_DATA(census) *self, __u32 pid)
{
	char value[OBJECT_VALUE];

	return object_look_up(self->tasks, &pid, value) ?
		       object_number(self->obj, self->tasks, value, "cpu_ns") : 0;
}

TEST_F(census, threads_are_summed)
{
	char value[OBJECT_VALUE];
	__u32 pid;

	attach(self);
	pid = child(self, "threads", 3);
	work(self);
	ASSERT_TRUE(until(10, (look(self), cpu_ns_of(self, pid) >= 4 * BURN_MS * 1000000ULL)));
	ASSERT_TRUE(object_look_up(self->tasks, &pid, value));
	EXPECT_EQ(4, object_number(self->obj, self->tasks, value, "threads"));
	gate_open(&self->end);
	EXPECT_EQ(0, reap(pid));
	ASSERT_TRUE(until(10, of(self, "ended") == 1));
	EXPECT_LE(4 * BURN_MS * 1000000ULL, of(self, "ended_cpu_ns"));
	/* the others, up to their release */
	EXPECT_GE(4000 * (long)slowness(), off_by_us(self));
}

TEST_F(census, who_has_ended_is_summed_to_the_end)
{
	int i;

	attach(self);
	for (i = 0; i < 5; i++) {
		ASSERT_LT(0, child(self, "ended", 0));
		work(self);
		gate_open(&self->end);
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
	/* made outside of it, they had used some time there */
	EXPECT_LE(cgroup_cpu_us(CGROUP), of(self, "ended_cpu_ns") / 1000 + 1);
	EXPECT_GE(cgroup_cpu_us(CGROUP) + 5 * 4500 * slowness(), of(self, "ended_cpu_ns") / 1000);
}

TEST_F(census, the_dead_are_held_until_the_next_look)
{
	struct policy *p = policy_open("witness");
	pid_t pid;

	/* no look comes after the first */
	object_set(self->obj, "refresh_ms", 3600000);
	policy_load(p);
	policy_attach(p, self->r);
	attach(self);
	ASSERT_TRUE(until(10, stat_of(self, "looks") == 1));
	pid = child(self, "dead", 0);
	work(self);
	gate_open(&self->end);
	ASSERT_EQ(0, reap(pid));
	/* its task is not freed, and so its record does not finish; that of others do */
	pid = fork();
	if (pid == 0)
		_exit(0);
	ASSERT_EQ(0, reap(pid));
	reader_finish(self->r, 1);
	reader_settle(self->r);
	EXPECT_EQ(1, reader_stats(self->r)->live);
	EXPECT_EQ(1, stat_of(self, "held"));

	bpf_link__destroy(self->link);
	self->link = NULL;
	reader_finish(self->r, 0);
	EXPECT_EQ(0, stat_of(self, "held"));
	EXPECT_EQ(0, object_count(self->tasks));
	/* the last look of detach() has seen it */
	EXPECT_EQ(1, of(self, "ended"));
	policy__destroy(p);
}

TEST_F(census, a_thread_that_calls_exec_is_one_process)
{
	const char *root = getenv("TASKHOLD_OUT");
	char program[4096], log[] = "/tmp/taskhold-census-XXXXXX";
	int fd = mkstemp(log);
	pid_t pid;

	if (fd < 0)
		die("mkstemp");
	close(fd);
	snprintf(program, sizeof(program), "%s/../tests/workloads/threads", root ?: ".");
	attach(self);
	pid = fork();
	if (pid == 0) {
		gate_wait(&self->go);
		execl(program, "threads", "-x", log, "5", "5", "5", NULL);
		_exit(127);
	}
	cgroup_move(CGROUP, pid);
	gate_open(&self->go);
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
		pids[i] = child(self, "many", 0);
	EXPECT_EQ(2, stat_of(self, "held"));
	EXPECT_EQ(2, stat_of(self, "full"));
	for (i = 0; i < 4; i++)
		work(self);
	look(self);
	EXPECT_EQ(2, of(self, "running"));
	for (i = 0; i < 4; i++)
		gate_open(&self->end);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, reap(pids[i]));
	EXPECT_TRUE(until(10, stat_of(self, "held") == 0));
	EXPECT_EQ(2, of(self, "ended"));
	/* there is room again */
	pids[0] = child(self, "one more", 0);
	EXPECT_EQ(1, stat_of(self, "held"));
	kill(pids[0], SIGKILL);
	reap(pids[0]);
}

TEST_HARNESS_MAIN
