// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 120
 *
 * storms names who has had too many short-lived children in a second, also when it has
 * exited itself; it does not name who had few, nor who had as many that lived on.
 */
#include "lib/policy_object.h"

#include "lib/harness.h"

#define CGROUP		"taskhold-storm"
#define PER_SECOND	(20 / slowness())
#define STORM		400	/* too many in any second, on the slowest kernel too */
#define SHORT_MS	500

struct key {
	__u64 start_ns;
	__u32 tgid;
	__u32 reserved;
};

FIXTURE(storms)
{
	struct reader *r;
	struct bpf_object *obj;
	struct bpf_link *link;
	struct bpf_map *culprits, *parents, *log;
	struct gate gate;
};

FIXTURE_SETUP(storms)
{
	cgroup_make(CGROUP);
	self->r = reader_open();
	self->obj = object_open("storms");
	object_set(self->obj, "per_second", PER_SECOND);
	object_set(self->obj, "short_ms", SHORT_MS * slowness());
	self->culprits = object_map(self->obj, "storm_culprits");
	self->parents = object_map(self->obj, "storm_parents");
	self->log = object_map(self->obj, "storm_log");
	gate_make(&self->gate);
}

static void attach(FIXTURE_DATA(storms) *self)
{
	object_load(self->obj);
	self->link = object_attached(self->obj);
}

FIXTURE_TEARDOWN(storms)
{
	gate_close(&self->gate);
	bpf_link__destroy(self->link);
	bpf_object__close(self->obj);
	reader__destroy(self->r);
	cgroup_remove(CGROUP);
	object_reload_module();
}

static __u64 counter(FIXTURE_DATA(storms) *self, const char *name)
{
	return object_counter(self->obj, "storm_counters", name);
}

/* Waits until so many have lived shortly, and finish() of the last has returned. */
static bool finished(FIXTURE_DATA(storms) *self, __u64 processes)
{
	if (!until(10, (reader_settle(self->r), counter(self, "short_lived") >= processes)))
		return false;
	reader_settle(self->r);
	return true;
}

/* The element of a process in a map by parents; false if it has none. */
static bool find(const struct bpf_map *map, pid_t pid, struct key *key, void *value)
{
	struct key *last = NULL;

	while (!bpf_map__get_next_key(map, last, key, sizeof(*key))) {
		last = key;
		if ((pid_t)key->tgid == pid)
			return object_look_up(map, key, value);
	}
	return false;
}

/* The short-lived children of a parent; 0 if it is not watched. */
static __u64 count_of(FIXTURE_DATA(storms) *self, pid_t pid)
{
	char value[OBJECT_VALUE];
	struct key key;

	return find(self->parents, pid, &key, value) ?
		       object_number(self->obj, self->parents, value, "count") : 0;
}

/*
 * A process that has so many children one after the other, which end at once, and that
 * so often, stopped in between. Without a name it has one by its pid.
 */
static pid_t parent_of_rounds(FIXTURE_DATA(storms) *self, const char *name, int rounds,
			      int children)
{
	pid_t pid = fork();
	int i;

	if (pid == 0) {
		char own[16];

		gate_wait(&self->gate);
		snprintf(own, sizeof(own), "parent-%d", getpid());
		prctl(PR_SET_NAME, name ?: own);
		for (;;) {
			for (i = 0; i < children; i++) {
				pid_t child = fork();

				if (child == 0) {
					prctl(PR_SET_NAME, "drop");
					_exit(0);
				}
				reap(child);
			}
			if (--rounds == 0)
				_exit(0);
			raise(SIGSTOP);
		}
	}
	cgroup_move(CGROUP, pid);
	gate_open(&self->gate);
	return pid;
}

static pid_t parent_of(FIXTURE_DATA(storms) *self, const char *name, int children)
{
	return parent_of_rounds(self, name, 1, children);
}

/* The same, but all of them live until they are short-lived no more. */
static pid_t parent_of_long_lived(FIXTURE_DATA(storms) *self, int children)
{
	pid_t pid = fork();
	int i;

	if (pid == 0) {
		struct gate gate;

		gate_wait(&self->gate);
		gate_make(&gate);
		for (i = 0; i < children; i++) {
			if (fork() == 0) {
				char byte;

				close(gate.fd[1]);
				/* nothing comes: its parent goes */
				if (read(gate.fd[0], &byte, 1))
					_exit(1);
				_exit(0);
			}
		}
		/* how long they live is what is tested */
		for (i = 0; i < SHORT_MS * (int)slowness() + 200; i++)
			nap();
		gate_close(&gate);
		while (wait(NULL) > 0)
			;
		_exit(0);
	}
	gate_open(&self->gate);
	return pid;
}

TEST_F(storms, culprit_is_named_when_it_has_gone)
{
	char value[OBJECT_VALUE];
	struct rusage before, after;
	uint64_t begin, end, second;
	pid_t pid, few, longer;
	struct key key;
	int status;

	object_set(self->obj, "again_ms", 60000);
	attach(self);
	begin = now_ns(CLOCK_BOOTTIME);
	getrusage(RUSAGE_CHILDREN, &before);
	pid = parent_of(self, "culprit", STORM);
	ASSERT_EQ(0, reap(pid));
	end = now_ns(CLOCK_BOOTTIME);
	getrusage(RUSAGE_CHILDREN, &after);
	/* too many in all, but not in one second: that of the last of the first round is over */
	few = parent_of_rounds(self, "few", 2, PER_SECOND);
	ASSERT_EQ(few, waitpid(few, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_TRUE(until(10, count_of(self, few) == PER_SECOND));
	reader_settle(self->r);
	second = now_ns(CLOCK_BOOTTIME) / 1000000000;
	while (now_ns(CLOCK_BOOTTIME) / 1000000000 == second)
		nap();
	ASSERT_EQ(0, kill(few, SIGCONT));
	ASSERT_EQ(0, reap(few));
	longer = parent_of_long_lived(self, 2 * PER_SECOND);
	ASSERT_EQ(0, reap(longer));

	ASSERT_TRUE(until(10, (reader_settle(self->r), count_of(self, pid) == STORM)));
	ASSERT_TRUE(until(10, (reader_settle(self->r), count_of(self, few) == 2 * PER_SECOND)));
	ASSERT_TRUE(find(self->parents, longer, &key, value));
	EXPECT_EQ(0, object_number(self->obj, self->parents, value, "count"));

	EXPECT_FALSE(find(self->culprits, few, &key, value));
	EXPECT_FALSE(find(self->culprits, longer, &key, value));
	ASSERT_TRUE(find(self->culprits, pid, &key, value));
	EXPECT_STREQ("culprit", object_member(self->obj, self->culprits, value, "comm", NULL));
	EXPECT_STREQ("drop", object_member(self->obj, self->culprits, value, "child", NULL));
	EXPECT_EQ(cgroup_id_of(CGROUP),
		  object_number(self->obj, self->culprits, value, "cgroup_id"));
	EXPECT_LE(begin, key.start_ns);
	EXPECT_GE(end, key.start_ns);
	EXPECT_LE(key.start_ns, object_number(self->obj, self->culprits, value, "first_ns"));
	EXPECT_LE(object_number(self->obj, self->culprits, value, "first_ns"),
		  object_number(self->obj, self->culprits, value, "last_ns"));
	EXPECT_GE(end, object_number(self->obj, self->culprits, value, "last_ns"));
	TH_LOG("%d children: worst second %llu, %llu too many", STORM,
	       object_number(self->obj, self->culprits, value, "peak"),
	       counter(self, "too_many"));
	EXPECT_LT(PER_SECOND, object_number(self->obj, self->culprits, value, "peak"));
	EXPECT_GE(STORM, object_number(self->obj, self->culprits, value, "peak"));
	EXPECT_LT(PER_SECOND, object_number(self->obj, self->culprits, value, "count"));
	EXPECT_GE(STORM, object_number(self->obj, self->culprits, value, "count"));
}

TEST_F(storms, log_has_one_line_in_its_time)
{
	char value[OBJECT_VALUE];
	__u32 first = 1;
	pid_t pid;

	object_set(self->obj, "again_ms", 60000);
	attach(self);
	pid = parent_of(self, "culprit", STORM);
	ASSERT_EQ(0, reap(pid));
	ASSERT_TRUE(finished(self, STORM));
	EXPECT_EQ(1, counter(self, "lines"));
	EXPECT_EQ(counter(self, "too_many"), counter(self, "lines") + counter(self, "suppressed"));
	ASSERT_TRUE(object_look_up(self->log, &first, value));
	EXPECT_EQ(1, object_number(self->obj, self->log, value, "number"));
	EXPECT_EQ(pid, (pid_t)object_number(self->obj, self->log, value, "tgid"));
	EXPECT_EQ(PER_SECOND + 1, object_number(self->obj, self->log, value, "in_second"));
	EXPECT_STREQ("culprit", object_member(self->obj, self->log, value, "comm", NULL));
}

TEST_F(storms, each_is_logged_with_0_and_the_log_wraps)
{
	char value[OBJECT_VALUE];
	__u64 newest = 0, number;
	__u32 i;

	object_set(self->obj, "again_ms", 0);
	attach(self);
	ASSERT_EQ(0, reap(parent_of(self, "culprit", STORM)));
	ASSERT_TRUE(finished(self, STORM));
	EXPECT_LT(bpf_map__max_entries(self->log), counter(self, "too_many"));
	EXPECT_EQ(counter(self, "too_many"), counter(self, "lines") + counter(self, "suppressed"));
	for (i = 0; i < bpf_map__max_entries(self->log); i++) {
		ASSERT_TRUE(object_look_up(self->log, &i, value));
		number = object_number(self->obj, self->log, value, "number");
		EXPECT_EQ(i, number % bpf_map__max_entries(self->log));
		EXPECT_LT(counter(self, "lines") - bpf_map__max_entries(self->log), number);
		newest = number > newest ? number : newest;
	}
	EXPECT_EQ(counter(self, "lines"), newest);
}

TEST_F(storms, culprits_are_bounded)
{
	char value[OBJECT_VALUE], name[16];
	struct key key, *last = NULL;
	int i;

	object_set(self->obj, "per_second", 0);
	if (bpf_map__set_max_entries(self->culprits, 64))
		die("set max_entries");
	attach(self);
	for (i = 0; i < 150; i++)
		ASSERT_EQ(0, reap(parent_of(self, NULL, 1)));
	/* their children, and they as ours */
	ASSERT_TRUE(finished(self, 300));
	EXPECT_LE(300, counter(self, "too_many"));
	EXPECT_LT(0, object_count(self->culprits));
	EXPECT_GE(64, object_count(self->culprits));
	/* a row that was another's before has nothing of it */
	while (!bpf_map__get_next_key(self->culprits, last, &key, sizeof(key))) {
		last = &key;
		ASSERT_TRUE(object_look_up(self->culprits, &key, value));
		if ((pid_t)key.tgid == getpid())
			continue;
		snprintf(name, sizeof(name), "parent-%u", key.tgid);
		EXPECT_STREQ(name, object_member(self->obj, self->culprits, value, "comm", NULL));
		EXPECT_EQ(1, object_number(self->obj, self->culprits, value, "count"));
		EXPECT_EQ(1, object_number(self->obj, self->culprits, value, "peak"));
		EXPECT_EQ(object_number(self->obj, self->culprits, value, "first_ns"),
			  object_number(self->obj, self->culprits, value, "last_ns"));
	}
}

TEST_HARNESS_MAIN
