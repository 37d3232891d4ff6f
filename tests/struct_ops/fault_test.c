// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 300
 * rows: S3, H9
 * kmsg-allow: ^taskhold: policy (faulty|unlinked) is at fault and detached: .*$
 *
 * A policy that is at fault is detached, and what it did is contained: the tasks
 * live on, the policies before and behind it see each of them, and the reason can be
 * read afterwards, by the policy and by everybody. So is one that the module is told to let go of.
 */
#include <limits.h>
#include <poll.h>
#include <sched.h>

#include "lib/policy.h"
#include "lib/threads.h"

#include "faulty.skel.h"

#include "lib/harness.h"

#define SLOW_MS	"/sys/module/taskhold/parameters/slow_ms"
#define DETACH	"/sys/module/taskhold/parameters/detach"

/*
 * What a call may take, in ms, and one that is slow does: no other does on a machine
 * that is emulated and has others to serve.
 */
#define MS	400
#define LONG_MS	1000
#define STOPPED_MS	15000	/* at most, of one that is told to stop */

#define STR_(x)	#x
#define STR(x)	STR_(x)

/* What comes of writing this to a file: 0 or the error. */
static int try_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err;

	if (fd < 0)
		die("open %s", path);
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

FIXTURE(fault)
{
	struct reader *r;
	struct faulty *f;
	struct policy *others[2];
	__u32 slots[2];		/* of these; the one at fault is called between them */
	char slow_ms[16];	/* as it was */
};

static void attach_other(FIXTURE_DATA(fault) *self, int i, const char *name)
{
	self->others[i] = policy_open(name);
	policy_load(self->others[i]);
	self->slots[i] = policy_attach(self->others[i], self->r);
}

FIXTURE_SETUP(fault)
{
	ssize_t n = read_file(SLOW_MS, self->slow_ms, sizeof(self->slow_ms));
	struct taskhold_ops *ops;
	size_t size;

	if (n < 1)
		die("read %s", SLOW_MS);
	self->r = reader_open();
	attach_other(self, 0, "before");
	self->f = faulty__open();
	if (!self->f)
		die("open faulty.bpf.o");
	ops = bpf_map__initial_value(self->f->maps.ops, &size);
	/* the second finished record makes the first overflow */
	ops->max_held = 1;
	if (faulty__load(self->f))
		die("load faulty.bpf.o");
	self->f->bss->root_pid = getpid();
	self->f->links.ops = bpf_map__attach_struct_ops(self->f->maps.ops);
	if (!self->f->links.ops)
		die("attach faulty");
	attach_other(self, 1, "behind");
	if (self->slots[1] != self->slots[0] + 2)
		die("slots %u and %u", self->slots[0], self->slots[1]);
}

FIXTURE_TEARDOWN(fault)
{
	faulty__destroy(self->f);
	policy__destroy(self->others[0]);
	policy__destroy(self->others[1]);
	if (!until(10, reader_stats(self->r)->policies == 0))
		die("policies are left");
	reader__destroy(self->r);
	write_file(SLOW_MS, self->slow_ms);
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	return pid;
}

/* The policy is attached no more, and who polls its link was told so. */
static bool is_detached(FIXTURE_DATA(fault) *self)
{
	return until(10, hung_up(bpf_link__fd(self->f->links.ops))) &&
	       reader_slot(self->r, "faulty") < 0;
}

/* Children that no fault may touch: each ends well and is seen by the other policies. */
static void expect_children(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, int n)
{
	pid_t pid;
	int i;

	while (n-- > 0) {
		pid = child();
		EXPECT_EQ(0, reap(pid));
		reader_finish(self->r, 0);
		for (i = 0; i < 2; i++) {
			EXPECT_EQ(1, policy_calls(self->others[i], POLICY_ADMIT, pid));
			EXPECT_EQ(1, policy_calls(self->others[i], POLICY_EXEC, pid));
			EXPECT_EQ(1, policy_calls(self->others[i], POLICY_EXIT, pid));
			EXPECT_EQ(1, policy_calls(self->others[i], POLICY_FINISH, pid));
			EXPECT_NE(NULL, reader_find(self->r, self->slots[i], pid));
		}
		/* by their slots, from the lowest */
		EXPECT_LT(policy_call(self->others[0], POLICY_ADMIT, pid, 0)->ns,
			  policy_call(self->others[1], POLICY_ADMIT, pid, 0)->ns);
	}
}

static void expect_exit_info(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self,
			     const char *name, __u32 kind, __s64 code, const char *text)
{
	const struct taskhold_exit_info *told = &self->f->bss->info;
	const struct taskhold_exit_info *info = reader_exit_info(self->r, 0);

	ASSERT_NE(NULL, info);
	EXPECT_STREQ(name, info->stats.name);
	EXPECT_EQ(kind, info->kind);
	EXPECT_EQ(0, info->reserved);
	EXPECT_TRUE(kind == TASKHOLD_EXIT_SLOW ? info->code >= code : info->code == code)
		TH_LOG("%lld", info->code);
	EXPECT_NE(NULL, strstr(info->text, text))
		TH_LOG("%s", info->text);
	EXPECT_LE(info->stats.attached_ns, info->time_ns);
	EXPECT_LE(info->time_ns, now_ns(CLOCK_BOOTTIME));
	/* the policy's own detach, once */
	EXPECT_EQ(1, self->f->bss->detached);
	EXPECT_EQ(0, memcmp(told, info, sizeof(*info)));
}

FIXTURE_VARIANT(fault)
{
	int admit, finish;
	__u32 admit_ms, exec_ms, exit_ms, finish_ms, overflow_ms;
	__u32 kind;
	__s64 code;
	const char *text;
};

#define RETVAL(variant, from_admit, from_finish, value, said)				\
	FIXTURE_VARIANT_ADD(fault, variant)						\
	{										\
		.admit = from_admit, .finish = from_finish,				\
		.kind = TASKHOLD_EXIT_RETVAL, .code = value, .text = said,		\
	}

RETVAL(admit_einval, -EINVAL, 0, -EINVAL, "admit() returned -22, want 0 or more");
RETVAL(admit_lowest, INT_MIN, 0, INT_MIN, "admit() returned -2147483648, want 0 or more");
RETVAL(finish_3, 1, 3, 3, "finish() returned 3, want a verdict, 0 to 2");
RETVAL(finish_negative, 1, -1, -1, "finish() returned -1, want a verdict, 0 to 2");

#define SLOW(of)									\
	FIXTURE_VARIANT_ADD(fault, slow_##of)						\
	{										\
		.admit = 1, .of##_ms = LONG_MS, .kind = TASKHOLD_EXIT_SLOW,		\
		.code = MS, .text = "a second call in a minute was slow: " #of "(), ",	\
	}

SLOW(admit);
SLOW(exec);
SLOW(exit);
SLOW(finish);
SLOW(overflow);

TEST_F(fault, is_contained)
{
	const struct taskhold_exit_info *info;
	pid_t pid;
	int n;

	if (variant->kind == TASKHOLD_EXIT_SLOW)
		write_file(SLOW_MS, STR(MS));
	/* as good as any other before */
	pid = child();
	EXPECT_EQ(0, reap(pid));
	reader_finish(self->r, 0);
	EXPECT_LE(0, reader_slot(self->r, "faulty"));
	EXPECT_EQ(0, self->f->bss->detached);

	self->f->data->admit_result = variant->admit;
	self->f->bss->finish_result = variant->finish;
	self->f->bss->admit_ms = variant->admit_ms;
	self->f->bss->exec_ms = variant->exec_ms;
	self->f->bss->exit_ms = variant->exit_ms;
	self->f->bss->finish_ms = variant->finish_ms;
	self->f->bss->overflow_ms = variant->overflow_ms;
	self->f->bss->faulty = true;
	/* one slow call is let pass; of the first child nothing overflows */
	expect_children(_metadata, self, 3);

	EXPECT_TRUE(is_detached(self));
	expect_exit_info(_metadata, self, "faulty", variant->kind, variant->code, variant->text);
	/* the good one, and no more than two that had slow calls */
	info = reader_exit_info(self->r, 0);
	n = variant->admit < 0 ? 1 : variant->finish ? 2 : 3;
	EXPECT_EQ(n, info->stats.admitted);

	/* nothing of it is called any more, and the others go on */
	n = self->f->bss->calls;
	expect_children(_metadata, self, 3);
	EXPECT_EQ(n, self->f->bss->calls);
	EXPECT_EQ(2, reader_stats(self->r)->policies);
	for (n = 0; n < 2; n++) {
		ASSERT_NE(NULL, reader_policy(self->r, self->slots[n]));
		EXPECT_EQ(7, reader_policy(self->r, self->slots[n])->finished);
		EXPECT_EQ(0, reader_policy(self->r, self->slots[n])->dropped);
	}
}

FIXTURE(asked)
{
	struct reader *r;
	struct faulty *f;
};

FIXTURE_SETUP(asked)
{
	self->r = reader_open();
	self->f = faulty__open_and_load();
	if (!self->f)
		die("load faulty.bpf.o");
	self->f->bss->root_pid = getpid();
}

FIXTURE_TEARDOWN(asked)
{
	faulty__destroy(self->f);
	if (!until(10, reader_stats(self->r)->policies == 0))
		die("policies are left");
	reader__destroy(self->r);
}

static int refused(struct faulty *f)
{
	f->links.ops = bpf_map__attach_struct_ops(f->maps.ops);
	return f->links.ops ? 0 : -errno;
}

TEST_F(asked, by_name)
{
	const struct taskhold_exit_info *info;

	EXPECT_EQ(-ENOENT, try_write(DETACH, "faulty"));
	ASSERT_EQ(0, refused(self->f));
	EXPECT_EQ(-ENOENT, try_write(DETACH, "fault"));
	EXPECT_EQ(-ENOENT, try_write(DETACH, "faultyy\n"));
	EXPECT_EQ(-EINVAL, try_write(DETACH, "\n"));
	EXPECT_EQ(-EINVAL, try_write(DETACH, "faulty\nfaulty"));
	EXPECT_EQ(-EINVAL, try_write(DETACH, "faulty-89012345678901234567890123456789"));
	EXPECT_FALSE(hung_up(bpf_link__fd(self->f->links.ops)));
	EXPECT_EQ(0, reader_slot(self->r, "faulty"));

	EXPECT_EQ(0, try_write(DETACH, "faulty\n"));
	/* when the write returns, not some time later */
	EXPECT_TRUE(hung_up(bpf_link__fd(self->f->links.ops)));
	EXPECT_EQ(-1, reader_slot(self->r, "faulty"));
	EXPECT_EQ(1, self->f->bss->detached);
	info = reader_exit_info(self->r, 0);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(TASKHOLD_EXIT_PARAM, info->kind);
	EXPECT_STREQ("the module's parameter detach named it", info->text);
	EXPECT_EQ(-ENOENT, try_write(DETACH, "faulty"));

	/* the link is dead, its map is not */
	EXPECT_EQ(-ENOLINK, bpf_link__update_map(self->f->links.ops, self->f->maps.ops));
	bpf_link__destroy(self->f->links.ops);
	EXPECT_EQ(0, refused(self->f));
}

TEST_F(asked, without_a_link)
{
	const struct taskhold_exit_info *info;
	struct bpf_link *registration;
	__u32 key = 0;

	registration = bpf_map__attach_struct_ops(self->f->maps.unlinked);
	ASSERT_NE(NULL, registration);
	EXPECT_EQ(0, reader_slot(self->r, "unlinked"));
	self->f->bss->faulty = true;
	self->f->bss->finish_result = 99;
	EXPECT_EQ(0, reap(child()));
	EXPECT_TRUE(until(10, self->f->bss->detached == 1));
	EXPECT_EQ(-1, reader_slot(self->r, "unlinked"));
	info = reader_exit_info(self->r, 0);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(TASKHOLD_EXIT_RETVAL, info->kind);
	EXPECT_EQ(99, info->code);
	EXPECT_EQ(1, self->f->bss->detached);
	/* for the kernel it is registered still, and is let go of as ever */
	EXPECT_EQ(0, bpf_map_delete_elem(bpf_map__fd(self->f->maps.unlinked), &key));
	EXPECT_EQ(1, self->f->bss->detached);
	bpf_link__disconnect(registration);
	bpf_link__destroy(registration);
}

TEST_F(asked, by_its_owner)
{
	const struct taskhold_exit_info *info;

	ASSERT_EQ(0, refused(self->f));
	EXPECT_EQ(0, reap(child()));
	reader_finish(self->r, 0);
	bpf_link__destroy(self->f->links.ops);
	self->f->links.ops = NULL;
	EXPECT_TRUE(until(10, self->f->bss->detached == 1));
	info = reader_exit_info(self->r, 0);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(TASKHOLD_EXIT_UNREG, info->kind);
	EXPECT_EQ(1, info->stats.admitted);
	EXPECT_EQ(1, info->stats.finished);
	EXPECT_EQ(1, info->stats.kept);
	EXPECT_EQ(0, memcmp(&self->f->bss->info, info, sizeof(*info)));
}

/* The last of them are remembered, the newest first. */
TEST_F(asked, many_times)
{
	const struct taskhold_exit_info *info;
	__u64 id = 0;
	__u32 i;

	for (i = 0; i < TASKHOLD_MAX_ENDED + 3; i++) {
		ASSERT_EQ(0, refused(self->f));
		EXPECT_EQ(0, try_write(DETACH, "faulty"));
		bpf_link__destroy(self->f->links.ops);
	}
	self->f->links.ops = NULL;
	for (i = 0; i < TASKHOLD_MAX_ENDED; i++) {
		info = reader_exit_info(self->r, i);
		ASSERT_NE(NULL, info);
		EXPECT_EQ(id ? id - 1 : info->stats.id, info->stats.id);
		id = info->stats.id;
	}
	EXPECT_EQ(NULL, reader_exit_info(self->r, TASKHOLD_MAX_ENDED));
	EXPECT_EQ(NULL, reader_exit_info(self->r, UINT_MAX));
}

/* Of children, in memory shared with them. */
struct gathering {
	int there;	/* who waits on its processor */
	int gate;
};

/* A child that ends on one processor, once it is told to. */
static pid_t child_on(int cpu, struct gathering *all)
{
	pid_t pid = fork();
	cpu_set_t set;

	if (pid == 0) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			_exit(1);
		count_up(&all->there);
		if (!until(10, counter(&all->gate)))
			_exit(2);
		_exit(0);
	}
	return pid;
}

FIXTURE(slow)
{
	struct reader *r;
	struct faulty *f;
	struct gathering *children;
	char slow_ms[16];	/* as it was */
};

FIXTURE_SETUP(slow)
{
	if (read_file(SLOW_MS, self->slow_ms, sizeof(self->slow_ms)) < 1)
		die("read %s", SLOW_MS);
	self->children = mmap(NULL, sizeof(*self->children), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (self->children == MAP_FAILED)
		die("map memory");
	self->r = reader_open();
	self->f = faulty__open_and_load();
	if (!self->f)
		die("load faulty.bpf.o");
	self->f->bss->root_pid = getpid();
	self->f->bss->exit_ms = LONG_MS;
	self->f->bss->faulty = true;
	self->f->data->admit_result = 1;
	write_file(SLOW_MS, STR(MS));
}

FIXTURE_TEARDOWN(slow)
{
	faulty__destroy(self->f);
	if (!until(10, reader_stats(self->r)->policies == 0))
		die("policies are left");
	reader__destroy(self->r);
	munmap(self->children, sizeof(*self->children));
	write_file(SLOW_MS, self->slow_ms);
}

static void attach_slow(FIXTURE_DATA(slow) *self)
{
	self->f->links.ops = bpf_map__attach_struct_ops(self->f->maps.ops);
	if (!self->f->links.ops)
		die("attach faulty");
}

/* Calls that were under way at once are the fault of one moment. */
TEST_F(slow, together)
{
	struct faulty *f = self->f;
	pid_t pids[2];
	int i;

	ASSERT_LE(2, sysconf(_SC_NPROCESSORS_ONLN));
	attach_slow(self);
	for (i = 0; i < 2; i++)
		pids[i] = child_on(i, self->children);
	ASSERT_TRUE(until(10, counter(&self->children->there) == 2));
	count_up(&self->children->gate);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, reap(pids[i]));
	ASSERT_EQ(2, counter(&f->bss->long_calls));
	ASSERT_GT(f->bss->ended_ns[0], f->bss->begun_ns[1]);
	ASSERT_GT(f->bss->ended_ns[1], f->bss->begun_ns[0]);

	/* so this one is let have its members, and is the second */
	EXPECT_EQ(0, reap(child()));
	EXPECT_EQ(3, counter(&f->bss->long_calls));
	EXPECT_TRUE(until(10, hung_up(bpf_link__fd(f->links.ops))));
	EXPECT_EQ(TASKHOLD_EXIT_SLOW, reader_exit_info(self->r, 0)->kind);
}

/* Those that replace them do not pay for the old members. */
TEST_F(slow, before_an_update)
{
	struct faulty *f = self->f, *g = faulty__open_and_load();

	ASSERT_NE(NULL, g);
	g->bss->root_pid = getpid();
	g->bss->exit_ms = LONG_MS;
	g->bss->faulty = true;
	g->data->admit_result = 1;
	attach_slow(self);
	EXPECT_EQ(0, reap(child()));
	EXPECT_EQ(1, counter(&f->bss->long_calls));
	ASSERT_EQ(0, bpf_link__update_map(f->links.ops, g->maps.ops));

	EXPECT_EQ(0, reap(child()));
	EXPECT_EQ(1, counter(&g->bss->long_calls));
	EXPECT_EQ(0, reap(child()));
	EXPECT_EQ(2, counter(&g->bss->long_calls));
	EXPECT_TRUE(until(10, hung_up(bpf_link__fd(f->links.ops))));
	EXPECT_EQ(1, counter(&f->bss->long_calls));
	EXPECT_EQ(1, g->bss->detached);
	EXPECT_EQ(-ENOLINK, bpf_link__update_map(f->links.ops, f->maps.ops));
	faulty__destroy(g);
}

static bool is_no_prog(__u32 id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd == -ENOENT;
}

/* The same that is at fault, slow or both only if it is told to. */
static struct faulty *replacement(void)
{
	struct faulty *g = faulty__open_and_load();

	if (!g)
		die("load faulty.bpf.o");
	g->bss->root_pid = getpid();
	g->data->admit_result = 1;
	g->bss->faulty = true;
	return g;
}

/* A call of the old members that lasts until after the update returns what it may not. */
TEST_F(slow, wrong_across_an_update)
{
	struct faulty *f = self->f, *g = replacement();
	pid_t pid;

	write_file(SLOW_MS, "0");
	pid = fork();
	if (pid == 0) {
		if (!until(10, counter(&self->children->gate)))
			_exit(1);
		_exit(reap(child()));
	}
	f->bss->root_pid = pid;
	f->bss->exit_ms = 0;
	f->bss->admit_ms = STOPPED_MS;
	f->data->admit_result = -1;
	attach_slow(self);
	count_up(&self->children->gate);
	ASSERT_TRUE(until(10, counter(&f->bss->inside)));
	ASSERT_EQ(0, bpf_link__update_map(f->links.ops, g->maps.ops));
	f->bss->stop = 1;
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(0, counter(&f->bss->inside));

	/* the new ones go on */
	EXPECT_EQ(0, reap(child()));
	reader_finish(self->r, 0);
	EXPECT_LE(3, g->bss->calls);
	EXPECT_EQ(1, reader_stats(self->r)->policies);
	EXPECT_FALSE(hung_up(bpf_link__fd(f->links.ops)));
	faulty__destroy(g);
}

/* All that keeps the old members is let go of in the middle of a call of theirs. */
TEST_F(slow, a_call_outlives_its_map)
{
	struct faulty *f = self->f, *g = replacement();
	struct bpf_link *link;
	struct bpf_prog_info info = { };
	__u32 len = sizeof(info);
	typeof(f->bss) bss;
	pid_t pid;
	int fd;

	bss = mmap(NULL, sizeof(*bss), PROT_READ | PROT_WRITE, MAP_SHARED,
		   bpf_map__fd(f->maps.bss), 0);
	ASSERT_NE(MAP_FAILED, bss);
	ASSERT_EQ(0, bpf_prog_get_info_by_fd(bpf_program__fd(f->progs.on_exit), &info, &len));
	bss->exit_ms = STOPPED_MS;
	attach_slow(self);
	pid = child();
	ASSERT_TRUE(until(10, counter(&bss->inside)));
	ASSERT_EQ(0, bpf_link__update_map(f->links.ops, g->maps.ops));
	link = f->links.ops;
	f->links.ops = NULL;
	self->f = NULL;
	faulty__destroy(f);

	/* it is still what the call runs, and goes when that has ended */
	fd = bpf_prog_get_fd_by_id(info.id);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(1, counter(&bss->inside));
	bss->stop = 1;
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, counter(&bss->inside));
	EXPECT_TRUE(until(30, is_no_prog(info.id)));
	EXPECT_FALSE(hung_up(bpf_link__fd(link)));
	bpf_link__destroy(link);
	munmap(bss, sizeof(*bss));
	faulty__destroy(g);
}

/* One that is too slow is not the first of theirs. */
TEST_F(slow, slow_across_an_update)
{
	struct faulty *f = self->f, *g = replacement();
	struct timespec now;
	pid_t pid;

	g->bss->exit_ms = LONG_MS;
	f->bss->exit_ms = STOPPED_MS;
	attach_slow(self);
	pid = child();
	ASSERT_TRUE(until(10, counter(&f->bss->inside)));
	ASSERT_EQ(0, bpf_link__update_map(f->links.ops, g->maps.ops));
	EXPECT_TRUE(until(10, (clock_gettime(CLOCK_MONOTONIC, &now),
			       now.tv_sec * 1000000000ULL + now.tv_nsec >
				       f->bss->begun_ns[0] + LONG_MS * 1000000ULL)));
	f->bss->stop = 1;
	EXPECT_EQ(0, reap(pid));

	EXPECT_EQ(0, reap(child()));
	EXPECT_EQ(1, counter(&g->bss->long_calls));
	EXPECT_EQ(0, reap(child()));
	EXPECT_EQ(2, counter(&g->bss->long_calls));
	EXPECT_TRUE(until(10, hung_up(bpf_link__fd(f->links.ops))));
	faulty__destroy(g);
}

/* No call takes too long, and all of them hold up who attaches it. */
TEST_F(slow, for_all_processes)
{
	const struct taskhold_exit_info *info;

	write_file(SLOW_MS, "60000");
	self->f->bss->exit_ms = 0;
	self->f->bss->admit_ms = 300;
	self->f->bss->root_pid = 0;
	self->f->bss->only_event = TASKHOLD_EV_ATTACH;
	attach_slow(self);
	EXPECT_TRUE(until(10, hung_up(bpf_link__fd(self->f->links.ops))));
	info = reader_exit_info(self->r, 0);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(TASKHOLD_EXIT_SLOW, info->kind);
	EXPECT_LT(5000, info->code);
	EXPECT_EQ(0, strncmp(info->text, "admit() was asked about all processes for ", 42));
	EXPECT_EQ(self->f->bss->long_calls, info->stats.admitted);
	/* it was not asked about those that were left */
	EXPECT_GE(5000 / 300 + 1, self->f->bss->long_calls);
}

/* Faults where interrupts are off, and where it is being attached. */
TEST_F(asked, as_a_process_moves)
{
	const struct taskhold_exit_info *info;
	pid_t pid;

	cgroup_make("fault-moves");
	ASSERT_EQ(0, refused(self->f));
	self->f->bss->only_event = TASKHOLD_EV_MOVE;
	self->f->data->admit_result = -EPERM;
	self->f->bss->faulty = true;
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	cgroup_move("fault-moves", pid);
	EXPECT_TRUE(until(10, hung_up(bpf_link__fd(self->f->links.ops))));
	info = reader_exit_info(self->r, 0);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(TASKHOLD_EXIT_RETVAL, info->kind);
	EXPECT_EQ(-EPERM, info->code);
	EXPECT_EQ(0, info->stats.admitted);
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, reap(pid));
	cgroup_remove("fault-moves");
}

TEST_F(asked, as_it_is_attached)
{
	const struct taskhold_exit_info *info;
	int calls;

	self->f->bss->root_pid = 0;
	self->f->bss->only_event = TASKHOLD_EV_ATTACH;
	self->f->data->admit_result = INT_MIN;
	self->f->bss->faulty = true;
	/* it is attached, and then it is not */
	ASSERT_EQ(0, refused(self->f));
	EXPECT_TRUE(until(10, hung_up(bpf_link__fd(self->f->links.ops))));
	calls = self->f->bss->calls;
	EXPECT_EQ(1, calls);
	info = reader_exit_info(self->r, 0);
	ASSERT_NE(NULL, info);
	EXPECT_EQ(TASKHOLD_EXIT_RETVAL, info->kind);
	EXPECT_EQ(INT_MIN, info->code);
	EXPECT_EQ(0, info->stats.admitted);
}

TEST(slow_ms_is_bounded)
{
	char was[16], text[16];

	ASSERT_LT(0, read_file(SLOW_MS, was, sizeof(was)));
	EXPECT_EQ(-EINVAL, try_write(SLOW_MS, "60001"));
	EXPECT_EQ(-EINVAL, try_write(SLOW_MS, "-1"));
	EXPECT_EQ(-EINVAL, try_write(SLOW_MS, "a second"));
	ASSERT_LT(0, read_file(SLOW_MS, text, sizeof(text)));
	EXPECT_STREQ(was, text);
	EXPECT_EQ(0, try_write(SLOW_MS, "60000"));
	EXPECT_EQ(0, try_write(SLOW_MS, "0"));
	write_file(SLOW_MS, was);
}

/* 0: no call is too slow. */
TEST_F(asked, never)
{
	char was[16];

	ASSERT_LT(0, read_file(SLOW_MS, was, sizeof(was)));
	write_file(SLOW_MS, "0");
	self->f->bss->exec_ms = LONG_MS;
	self->f->bss->faulty = true;
	self->f->data->admit_result = 1;
	EXPECT_EQ(0, refused(self->f));
	EXPECT_EQ(0, reap(child()));
	EXPECT_EQ(0, reap(child()));
	reader_finish(self->r, 0);
	EXPECT_EQ(0, reader_slot(self->r, "faulty"));
	EXPECT_FALSE(hung_up(bpf_link__fd(self->f->links.ops)));
	write_file(SLOW_MS, was);
}

TEST_HARNESS_MAIN
