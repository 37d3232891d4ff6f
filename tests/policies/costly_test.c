// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeout: 120
 *
 * costly keeps the processes that wait4() says have used so much CPU time, and has a
 * row for each; the others are in the sums of their cgroup, and nowhere else.
 */
#include "lib/policy_object.h"
#include "workers.h"

#include "lib/harness.h"

#define CGROUP		"taskhold-costly"
#define CHILDREN	12
#define MIN_MS		300
#define BURN_MS		400

FIXTURE(costly)
{
	struct reader *r;
	struct bpf_object *obj;
	struct bpf_link *link;
	struct bpf_map *rows;
	struct gate gate;
	int slot;
};

FIXTURE_SETUP(costly)
{
	cgroup_make(CGROUP);
	self->r = reader_open();
	self->obj = object_open("costly");
	gate_make(&self->gate);
}

static void attach(FIXTURE_DATA(costly) *self)
{
	object_load(self->obj);
	self->rows = object_map(self->obj, "costly_rows");
	self->link = object_attached(self->obj);
	self->slot = reader_slot(self->r, "costly");
}

FIXTURE_TEARDOWN(costly)
{
	gate_close(&self->gate);
	bpf_link__destroy(self->link);
	bpf_object__close(self->obj);
	reader__destroy(self->r);
	cgroup_remove(CGROUP);
	object_reload_module();
}

/* A child that uses so much time in the cgroup; what wait4() says of it, in ns. */
static pid_t child(FIXTURE_DATA(costly) *self, long ms, uint64_t *ns, struct rusage *use)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		gate_wait(&self->gate);
		burn_ms(ms);
		_exit(3);
	}
	cgroup_move(CGROUP, pid);
	gate_open(&self->gate);
	if (wait4(pid, &status, 0, use) != pid || status != 3 << 8)
		die("wait4 %d", pid);
	*ns = (use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1000000000ULL +
	      (use->ru_utime.tv_usec + use->ru_stime.tv_usec) * 1000ULL;
	return pid;
}

/* The row of a process; false if it has none. */
static bool row_of(FIXTURE_DATA(costly) *self, pid_t pid, void *value)
{
	__u64 id, *last = NULL;

	while (!bpf_map__get_next_key(self->rows, last, &id, sizeof(id))) {
		last = &id;
		if (object_look_up(self->rows, &id, value) &&
		    (pid_t)object_number(self->obj, self->rows, value, "tgid") == pid)
			return true;
	}
	return false;
}

/* The time that processes left behind in cgroups, in ns. */
static uint64_t moved_ns(FIXTURE_DATA(costly) *self)
{
	__u32 n = reader_totals(self->r, self->slot), i;
	uint64_t ns = 0;

	for (i = 0; i < n; i++)
		ns += self->r->bss->totals[i].moved_ns;
	return ns;
}

TEST_F(costly, cheap_are_folded_and_costly_are_kept)
{
	int cheap = 0, costly = 0, i, j, order[CHILDREN];
	const struct taskhold_totals *totals;
	struct rusage use[CHILDREN];
	uint64_t ns[CHILDREN], sum_ns = 0, folded_ns;
	char row[OBJECT_VALUE];
	pid_t pid[CHILDREN];
	__u64 ours;

	object_set(self->obj, "min_ms", MIN_MS);
	attach(self);
	/* which is which wait4() tells: a slow machine may let a cheap one cost more */
	for (i = 0; i < CHILDREN; i++) {
		pid[i] = child(self, i % 4 ? 0 : BURN_MS, &ns[i], &use[i]);
		if (ns[i] >= MIN_MS * 1000000ULL)
			order[costly++] = i;
		else
			sum_ns += ns[i];
	}
	cheap = CHILDREN - costly;
	TH_LOG("%d cheap, %d costly", cheap, costly);
	ASSERT_LT(0, cheap);
	ASSERT_LT(0, costly);
	for (j = 0; j < costly; j++)
		ASSERT_TRUE(until(10, (reader_settle(self->r), row_of(self, pid[order[j]], row))));
	ASSERT_TRUE(until(10, (reader_settle(self->r),
			       (totals = reader_totals_of(self->r, self->slot,
							  cgroup_id_of(CGROUP)))) &&
			      totals->tasks == (__u64)cheap));
	/* what they used before they were moved, as the costly ones did, is where they came from */
	folded_ns = totals->use.cpu_ns;
	EXPECT_LE(sum_ns, folded_ns + moved_ns(self) + cheap * 2000);
	EXPECT_GE(sum_ns + cheap * 20000000ULL * slowness(), folded_ns);

	for (i = 0; i < CHILDREN; i++) {
		if (ns[i] < MIN_MS * 1000000ULL) {
			EXPECT_FALSE(row_of(self, pid[i], row));
			EXPECT_EQ(NULL, reader_find(self->r, self->slot, pid[i]));
			continue;
		}
		ASSERT_TRUE(row_of(self, pid[i], row));
		ours = object_number(self->obj, self->rows, row, "cpu_ns");
		TH_LOG("%lu us by wait4, %llu us here", ns[i] / 1000, ours / 1000);
		/* with its way out, which comes after wait4() */
		EXPECT_LE(ns[i], ours + 2000);
		EXPECT_GE(ns[i] + 20000000ULL * slowness(), ours);
		EXPECT_EQ(use[i].ru_maxrss * 1024ULL,
			  object_number(self->obj, self->rows, row, "max_rss"));
		EXPECT_EQ(3 << 8, object_number(self->obj, self->rows, row, "exit_code"));
		EXPECT_EQ(getpid(), (pid_t)object_number(self->obj, self->rows, row, "ppid"));
		EXPECT_EQ(cgroup_id_of(CGROUP),
			  object_number(self->obj, self->rows, row, "cgroup_id"));
		ASSERT_NE(NULL, reader_find(self->r, self->slot, pid[i]));
	}
}

TEST_F(costly, what_was_used_before_counts)
{
	char row[OBJECT_VALUE];
	struct workers w;
	pid_t pid;

	workers_make(&w);
	pid = worker(&w, CGROUP, "older", 1, 0);
	workers_go(&w);
	object_set(self->obj, "min_ms", WORK_MS);
	attach(self);
	workers_end(&w);
	ASSERT_EQ(0, reap(pid));
	ASSERT_TRUE(until(10, (reader_settle(self->r), row_of(self, pid, row))));
	EXPECT_LE(WORK_MS * 1000000ULL, object_number(self->obj, self->rows, row, "cpu_ns"));
	workers_close(&w);
}

TEST_F(costly, with_0_all_are_kept)
{
	char row[OBJECT_VALUE];
	struct rusage use;
	uint64_t ns;
	pid_t pid;

	object_set(self->obj, "min_ms", 0);
	attach(self);
	pid = child(self, 0, &ns, &use);
	EXPECT_TRUE(until(10, (reader_settle(self->r), row_of(self, pid, row))));
	/* it is kept once finish(), which writes the row, has returned */
	reader_settle(self->r);
	EXPECT_NE(NULL, reader_find(self->r, self->slot, pid));
	EXPECT_EQ(NULL, reader_totals_of(self->r, self->slot, cgroup_id_of(CGROUP)));
}

TEST_F(costly, rows_are_bounded)
{
	const struct taskhold_policy_stats *stats;
	int i;

	object_set(self->obj, "min_ms", 0);
	if (bpf_map__set_max_entries(object_map(self->obj, "costly_rows"), 64))
		die("set max_entries");
	attach(self);
	for (i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	EXPECT_TRUE(until(10, (stats = reader_policy(self->r, self->slot)) && stats->kept >= 200));
	EXPECT_LT(0, object_count(self->rows));
	EXPECT_GE(64, object_count(self->rows));
}

TEST_HARNESS_MAIN
