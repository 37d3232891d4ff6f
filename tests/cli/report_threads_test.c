// SPDX-License-Identifier: GPL-2.0-only
// module: none
// timeout: 120
/*
 * taskhold report of a recording with threads: they are in no sum of processes,
 * and their rows add up to the same.
 */
#include "lib/run_report.h"

static const char *const uses[] = {
	"cpu_ns", "user_ns", "sys_ns", "nvcsw", "nivcsw", "min_flt", "maj_flt", "rchar", "wchar",
	"read_bytes", "write_bytes",
};

/*
 *	100 "pool"	finished, 1000 ms, of these 100 in user mode; threads 101 "worker"
 *			300 ms, 102 "killed" 450 ms with signal 9, 103 "execs" 50 ms
 *	200 "server"	live, 80 ms; thread 201 "late", live, sampled later: 100 ms;
 *			202 "gone", finished, 30 ms
 *	400 "alone"	finished, 40 ms
 *	(folded)	one process of 50 ms; its thread 301 "orphan" 20 ms
 *
 * A thread's record that was let go was seen alive before: 104, of 100.
 */
static void make_threads(const char *path, bool threads, __u64 let_go)
{
	struct recording_writer *w = make_open(path);
	__u64 reasons[TASKHOLD_NR_REASONS] = {
		[TASKHOLD_FOLD_VERDICT] = 1, [TASKHOLD_FOLD_THREAD] = let_go,
	};
	struct taskhold_totals totals = {
		.cgroup_id = 70, .tasks = 1,
		.use = { .cpu_ns = 50 * MS, .user_ns = 10 * MS, .sys_ns = 40 * MS, .nvcsw = 1,
			 .nivcsw = 2, .min_flt = 3, .maj_flt = 4, .rchar = 5, .wchar = 6,
			 .read_bytes = 4096, .write_bytes = 8192 },
	};
	struct taskhold_info pool = make_info(10, 100, "pool", 70, 1000 * MS);
	struct taskhold_info server = make_info(20, 200, "server", 70, 80 * MS);
	struct taskhold_info folded = make_info(30, 300, "folded", 70, 50 * MS), info;

	make_begin_flags(w, TASKHOLD_SCOPE_ALL, threads ? TASKHOLD_BEGIN_THREADS : 0);
	make_cgroup_name(w, 70, "/job");
	must(recording_put_name(w, TASKHOLD_NAME_EXE, 7, "/usr/bin/tool") == 0);
	pool.threads = 4;
	pool.use.user_ns = 100 * MS;
	pool.use.sys_ns = 900 * MS;
	pool.use.nivcsw = 20;
	pool.use.min_flt = 100;
	pool.use.maj_flt = 100;
	pool.use.rchar = 100;
	pool.use.wchar = 100;
	pool.use.write_bytes = 5 * 4096;
	server.use.nivcsw = 0;	/* less than its thread has */
	if (threads) {
		info = make_thread(11, &pool, 101, "worker", 300 * MS);
		make_live(w, info);
		make_finished(w, info);
		info = make_thread(12, &pool, 102, "killed", 450 * MS);
		info.exit_code = 9;
		make_finished(w, info);
		info = make_thread(13, &pool, 103, "execs", 50 * MS);
		info.exec_ns = info.exit_ns;
		info.flags |= TASKHOLD_INFO_EXECED;
		make_finished(w, info);
		make_live(w, make_thread(14, &pool, 104, "let go", 5 * MS));
		make_finished(w, make_thread(31, &folded, 301, "orphan", 20 * MS));
	}
	make_finished(w, pool);
	make_finished(w, make_info(40, 400, "alone", 70, 40 * MS));
	if (threads) {
		make_live(w, make_thread(21, &server, 201, "late", 100 * MS));
		make_finished(w, make_thread(22, &server, 202, "gone", 30 * MS));
	}
	make_live(w, server);
	make_item(w, TASKHOLD_ITEM_TOTALS, &totals, sizeof(totals));
	make_stat(w, 70, TASKHOLD_CGROUP_STOP, 1171 * MS);
	make_policy(w, reasons);
	make_end(w, threads ? 2 : 1, 0);
	make_close(w);
}

/* Nothing that is about processes changes for there being threads. */
TEST_F(report, threads_are_in_no_sum)
{
	static const char *const by[] = { "task", "comm", "exe", "user", "parent", "cgroup" };
	struct json_object *totals;
	char args[64], kept[160];
	size_t i;

	make_threads(self->file, false, 0);
	ASSERT_EQ(0, report_json(self, ""));
	totals = json_object_get(at(self, "/totals"));
	EXPECT_EQ(1170 * MS, number(self, "/totals/cpu_ns"));
	EXPECT_EQ(0, number(self, "/totals/thread_records"));
	EXPECT_EQ(false, truth(self, "/recording/threads"));
	for (i = 0; i < ARRAY_SIZE(by); i++) {
		snprintf(args, sizeof(args), "--csv --by %s", by[i]);
		ASSERT_EQ(0, report(self, args));
		snprintf(kept, sizeof(kept), "%s/%s", self->dir, by[i]);
		ASSERT_EQ(0, rename(self->out, kept));
	}

	ASSERT_EQ(0, unlink(self->file));
	make_threads(self->file, true, 1);
	for (i = 0; i < ARRAY_SIZE(by); i++) {
		snprintf(args, sizeof(args), "--csv --by %s", by[i]);
		ASSERT_EQ(0, report(self, args));
		EXPECT_EQ(0, shell("cmp '%s/%s' '%s'", self->dir, by[i], self->out)) {
			TH_LOG("--by %s", by[i]);
		}
	}
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(true, truth(self, "/recording/threads"));
	/* 14 was let go, and is not among them. */
	EXPECT_EQ(6, number(self, "/totals/thread_records"));
	json_object_object_foreach(totals, name, value) {
		char pointer[64];

		if (!strcmp(name, "thread_records"))
			continue;
		snprintf(pointer, sizeof(pointer), "/totals/%s", name);
		EXPECT_EQ(1, json_object_equal(value, at(self, pointer))) {
			TH_LOG("%s", name);
		}
	}
	json_object_put(totals);
	EXPECT_EQ(1 * MS, number(self, "/totals/residual_ns"));
	EXPECT_EQ(0, number(self, "/reasons/finished-missing"));
	EXPECT_EQ(0, number(self, "/reasons/vanished"));
}

#define TH(tid, field)	of(self, "/threads", "tid", tid, field)

TEST_F(report, by_thread)
{
	static const struct {
		const char *tid;
		__u64 cpu;
		bool first;
	} rows[] = {
		{ "100", 200 * MS, true }, { "101", 300 * MS, false }, { "102", 450 * MS, false },
		{ "103", 50 * MS, false },
		/* 201 was read later than 200, which has not more than 50 left for it */
		{ "200", 0, true }, { "201", 50 * MS, false }, { "202", 30 * MS, false },
		{ "301", 20 * MS, false }, { "400", 40 * MS, true },
	};
	struct json_object *row, *member;
	__u64 sum, user = 0;
	char pointer[64];
	size_t i, k, n;

	make_threads(self->file, true, 1);
	ASSERT_EQ(0, report_json(self, "--by thread --sort tid"));
	EXPECT_STREQ("thread", string(self, "/by"));
	n = ARRAY_SIZE(rows) + 1;
	ASSERT_EQ(n, length(self, "/threads"));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].cpu, (__u64)TH(rows[i].tid, "cpu_ns")) {
			TH_LOG("thread %s", rows[i].tid);
		}
		EXPECT_EQ(rows[i].first, TH(rows[i].tid, "first"));
		EXPECT_EQ(TH(rows[i].tid, "cpu_ns"),
			  TH(rows[i].tid, "user_ns") + TH(rows[i].tid, "sys_ns")) {
			TH_LOG("thread %s", rows[i].tid);
		}
		if (strtoul(rows[i].tid, NULL, 10) / 100 == 1)
			user += (__u64)TH(rows[i].tid, "user_ns");
	}
	/* Each by itself says three quarters; their process says 100 ms. */
	EXPECT_EQ(100 * MS, user);
	for (k = 0; k < ARRAY_SIZE(uses); k++) {
		for (sum = 0, i = 0; i < n; i++) {
			row = json_object_array_get_idx(at(self, "/threads"), i);
			must(json_object_object_get_ex(row, uses[k], &member));
			sum += json_object_get_uint64(member);
		}
		snprintf(pointer, sizeof(pointer), "/totals/%s", uses[k]);
		EXPECT_EQ(number(self, pointer), sum) {
			TH_LOG("%s", uses[k]);
		}
	}

	/* What is folded has no thread that could be named: behind all that has. */
	snprintf(pointer, sizeof(pointer), "/threads/%zu", n - 1);
	row = at(self, pointer);
	json_object_object_foreach(row, name, value) {
		bool is_use = false;

		for (k = 0; k < ARRAY_SIZE(uses); k++)
			is_use |= !strcmp(name, uses[k]);
		EXPECT_EQ(is_use, !!value) {
			TH_LOG("%s", name);
		}
	}
	must(json_object_object_get_ex(row, "cpu_ns", &member));
	EXPECT_EQ(30 * MS, json_object_get_uint64(member));

	row = pick(self, "/threads", "tid", "102");
	EXPECT_EQ(100, TH("102", "pid"));
	EXPECT_EQ(12, TH("102", "id"));
	EXPECT_EQ(9, TH("102", "exit_signal"));
	EXPECT_EQ(-1, TH("102", "exit_status"));
	EXPECT_EQ(MAKE_BEGIN + 12 * MS, (__u64)TH("102", "start_ns"));
	EXPECT_EQ(MAKE_BEGIN + 10 * MS, (__u64)TH("102", "process_start_ns"));
	EXPECT_EQ(MAKE_BEGIN + 512 * MS, (__u64)TH("102", "exit_ns"));
	EXPECT_EQ(500 * MS, (__u64)TH("102", "wall_ns"));
	EXPECT_EQ(1, TH("102", "nivcsw"));
	EXPECT_EQ(4096, TH("102", "write_bytes"));
	EXPECT_EQ(-1, TH("102", "exec_ns"));
	EXPECT_EQ(TH("103", "exit_ns"), TH("103", "exec_ns"));
	must(json_object_object_get_ex(row, "flags", &member));
	EXPECT_STREQ("finished+exited+thread", json_object_get_string(member));
	must(json_object_object_get_ex(row, "comm", &member));
	EXPECT_STREQ("killed", json_object_get_string(member));
	must(json_object_object_get_ex(row, "cgroup", &member));
	EXPECT_STREQ("/job", json_object_get_string(member));
	EXPECT_EQ(100, TH("100", "pid"));
	EXPECT_EQ(20 - 3, TH("100", "nivcsw"));
	EXPECT_EQ(TH("100", "start_ns"), TH("100", "process_start_ns"));
	EXPECT_EQ(-1, TH("201", "exit_code"));
	EXPECT_EQ(0, TH("201", "nivcsw"));
}

/* Of the process of 101 and 102 nothing is in the file; @totals: of others, or NULL. */
static void make_nobody(const char *path, const struct taskhold_totals *totals)
{
	struct recording_writer *w = make_open(path);
	struct taskhold_info other = make_info(1, 100, "first", 70, 7 * MS), info = other;

	make_begin_flags(w, TASKHOLD_SCOPE_ALL, TASKHOLD_BEGIN_THREADS);
	make_finished(w, make_thread(3, &info, 101, "mine", 5 * MS));
	make_finished(w, make_thread(4, &info, 102, "mine", 1 * MS));
	/* A process with the same pid, but not at that time. */
	other.start_ns += 1;
	make_finished(w, other);
	if (totals)
		make_item(w, TASKHOLD_ITEM_TOTALS, totals, sizeof(*totals));
	make_close(w);
}

/* Of a process of which nothing is in the file its threads have what they had. */
TEST_F(report, threads_of_nobody)
{
	make_nobody(self->file, NULL);
	ASSERT_EQ(0, report_json(self, "--by thread --sort tid"));
	ASSERT_EQ(3, length(self, "/threads"));
	EXPECT_EQ(7 * MS, (__u64)TH("100", "cpu_ns"));
	EXPECT_EQ(5 * MS, (__u64)TH("101", "cpu_ns"));
	EXPECT_EQ(1 * MS, (__u64)TH("102", "cpu_ns"));
	EXPECT_EQ(7 * MS, number(self, "/totals/cpu_ns"));
	EXPECT_EQ(false, truth(self, "/complete"));
}

/* Where folded processes used less than such a thread, it was none of theirs. */
TEST_F(report, threads_of_nobody_besides_folded)
{
	static const struct taskhold_totals totals = {
		.cgroup_id = 70, .tasks = 1,
		.use = { .cpu_ns = 500000, .user_ns = 100000, .sys_ns = 400000, .nvcsw = 1,
			 .nivcsw = 2, .min_flt = 3, .maj_flt = 4, .rchar = 5, .wchar = 6,
			 .read_bytes = 4096, .write_bytes = 8192 },
	};
	static const __u64 rest[] = { 500000, 100000, 400000, 1, 2, 3, 4, 5, 6, 4096, 8192 };
	char pointer[64];
	size_t i;

	make_nobody(self->file, &totals);
	ASSERT_EQ(0, report_json(self, "--by thread --sort tid"));
	ASSERT_EQ(4, length(self, "/threads"));
	EXPECT_EQ(5 * MS, (__u64)TH("101", "cpu_ns"));
	EXPECT_EQ(2, TH("101", "rchar"));
	EXPECT_EQ(1 * MS, (__u64)TH("102", "cpu_ns"));
	EXPECT_EQ(2, TH("102", "rchar"));
	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		snprintf(pointer, sizeof(pointer), "/threads/3/%s", uses[i]);
		EXPECT_EQ(rest[i], number(self, pointer)) {
			TH_LOG("%s", uses[i]);
		}
	}
	EXPECT_EQ(7 * MS + 500000, number(self, "/totals/cpu_ns"));
}

TEST_F(report, by_thread_forms)
{
	make_threads(self->file, true, 1);
	ASSERT_EQ(0, report(self, "--csv --by thread"));
	ASSERT_EQ(0, shell("cp '%s' '%s/csv'", self->out, self->dir));
	ASSERT_EQ(0, report(self, "--json --by thread"));
	EXPECT_EQ(0, shell("'%s/report_check.py' same '%s' '%s/csv'", self->tests, self->out,
			   self->dir));
	ASSERT_EQ(0, report(self, "--by thread --fields tid,pid,comm,cpu_ns,exit_code --sort pid"));
	EXPECT_NE(NULL, strstr(printed(self),
			       "\n     TID PID COMM        CPU EXIT\n"
			       "     100 100 pool   200.0 ms    0\n"
			       "     101 100 worker 300.0 ms    0\n"
			       "     102 100 killed 450.0 ms KILL\n"
			       "     103 100 execs  50.00 ms    0\n"
			       "     200 200 server        0    -\n"
			       "     202 200 gone   30.00 ms    0\n"
			       "     201 200 late   50.00 ms    -\n"
			       "     301 300 orphan 20.00 ms    0\n"
			       "     400 400 alone  40.00 ms    0\n"
			       "(folded)   - -      30.00 ms    -\n")) {
		TH_LOG("%s", self->text);
	}
	EXPECT_NE(NULL, strstr(self->text,
			       "\ntotal      4 processes: 2 finished, 1 live at the end, 1 folded;"
			       " CPU 1.170 s"));
	EXPECT_NE(NULL, strstr(self->text,
			       "\nthreads    6 recorded one by one besides the first of each process:"
			       " 5 finished, 1 live at the end\n"));
	ASSERT_EQ(0, report(self, "--by thread --limit 3"));
	EXPECT_NE(NULL, strstr(printed(self), "\n7 more, --limit 0 shows all\n"));
}

/* Threads let go are missing rows and no missing numbers: it says both. */
TEST_F(report, threads_let_go)
{
	make_threads(self->file, true, 1);
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(false, truth(self, "/complete"));
	EXPECT_EQ(1, number(self, "/reasons/fold-thread"));
	EXPECT_EQ(0, number(self, "/totals/lost"));
	EXPECT_EQ(1, number(self, "/totals/folded"));
	ASSERT_EQ(0, report(self, ""));
	EXPECT_NE(NULL, strstr(printed(self), "\ncomplete: no\n"));
	EXPECT_NE(NULL, strstr(self->text, "\n  fold-thread: 1 (threads without a row: "));
	EXPECT_NE(NULL, strstr(self->text, "so the sums are right)\n"));
	EXPECT_EQ(5, report(self, "--require-complete"));

	/* Seen alive, and nobody tells what has become of it. */
	ASSERT_EQ(0, unlink(self->file));
	make_threads(self->file, true, 0);
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(1, number(self, "/reasons/vanished"));
	EXPECT_EQ(0, number(self, "/reasons/fold-thread"));
}

/* A finished thread that was written but is not there is missed like a process. */
TEST_F(report, thread_missing)
{
	struct taskhold_end end = { .time_ns = MAKE_BEGIN, .finished = 3, .status = -1 };
	struct recording_writer *w = make_open(self->file);
	struct taskhold_info info = make_info(1, 1, "x", 1, 5);

	make_begin_flags(w, TASKHOLD_SCOPE_ALL, TASKHOLD_BEGIN_THREADS);
	make_finished(w, make_thread(2, &info, 2, "t", 2));
	make_finished(w, info);
	make_policy(w, NULL);
	make_item(w, TASKHOLD_ITEM_END, &end, sizeof(end));
	make_close(w);
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(1, number(self, "/reasons/finished-missing"));
	EXPECT_EQ(1, number(self, "/totals/finished"));
}

TEST_F(report, by_thread_without_threads)
{
	static const char *const forms[] = { "", "--json", "--csv" };
	char args[64];
	size_t i;

	make_whole(self->file);
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		snprintf(args, sizeof(args), "--by thread %s", forms[i]);
		EXPECT_EQ(2, report(self, args));
		EXPECT_STREQ("", printed(self));
		EXPECT_NE(NULL, strstr(complained(self), "record with --threads")) {
			TH_LOG("%s", self->text);
		}
		EXPECT_EQ(0, strncmp(self->text, "taskhold: report: --by thread: ", 31));
	}
	ASSERT_EQ(0, report(self, ""));
	EXPECT_EQ(NULL, strstr(printed(self), "\nthreads "));
}

/* With the flag, and no process that had a second thread: not an error. */
TEST_F(report, no_thread_at_all)
{
	struct recording_writer *w = make_open(self->file);

	make_begin_flags(w, TASKHOLD_SCOPE_ALL, TASKHOLD_BEGIN_THREADS);
	make_finished(w, make_info(1, 1, "x", 1, 5));
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);
	ASSERT_EQ(0, report_json(self, "--by thread"));
	EXPECT_EQ(1, length(self, "/threads"));
	EXPECT_EQ(5, TH("1", "cpu_ns"));
	EXPECT_EQ(true, truth(self, "/complete"));
}

TEST_HARNESS_MAIN
