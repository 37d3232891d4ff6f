// SPDX-License-Identifier: GPL-2.0-only
// module: none
// timeout: 300
/*
 * taskhold report, the program itself: what it adds up, what it says is
 * missing, and what the kernel says of the same cgroups.
 */
#include "lib/run_report.h"

TEST_F(report, totals)
{
	make_whole(self->file);
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_STREQ(TASKHOLD_VERSION, string(self, "/taskhold/version"));
	EXPECT_EQ(1, number(self, "/taskhold/format"));
	EXPECT_STREQ("build1", string(self, "/recording/hostname"));
	EXPECT_STREQ("make -j2 all", string(self, "/recording/command"));
	EXPECT_STREQ("10111213-1415-1617-1819-1a1b1c1d1e1f", string(self, "/recording/boot_id"));
	EXPECT_STREQ("all", string(self, "/recording/scope"));
	EXPECT_EQ(10 * SEC, number(self, "/recording/duration_ns"));
	EXPECT_STREQ("command", string(self, "/recording/end/why"));
	EXPECT_EQ(0, number(self, "/recording/end/status"));
	EXPECT_STREQ("whole", string(self, "/recording/file/stopped"));
	EXPECT_EQ(true, truth(self, "/complete"));

	EXPECT_EQ(6, number(self, "/totals/tasks"));
	EXPECT_EQ(4, number(self, "/totals/finished"));
	EXPECT_EQ(2, number(self, "/totals/live"));
	EXPECT_EQ(0, number(self, "/totals/folded"));
	EXPECT_EQ(0, number(self, "/totals/lost"));
	EXPECT_EQ(2, number(self, "/totals/failed"));
	EXPECT_EQ((400 + 500 + 160 + 240 + 100 + 40) * MS, number(self, "/totals/cpu_ns"));
	EXPECT_EQ((300 + 375 + 120 + 180 + 75 + 30) * MS, number(self, "/totals/user_ns"));
	EXPECT_EQ((100 + 125 + 40 + 60 + 25 + 10) * MS, number(self, "/totals/sys_ns"));
	EXPECT_EQ(6 * 1, number(self, "/totals/nvcsw"));
	EXPECT_EQ(6 * 2, number(self, "/totals/nivcsw"));
	EXPECT_EQ(6 * 3, number(self, "/totals/min_flt"));
	EXPECT_EQ(6 * 4, number(self, "/totals/maj_flt"));
	EXPECT_EQ(6 * 5, number(self, "/totals/rchar"));
	EXPECT_EQ(6 * 6, number(self, "/totals/wchar"));
	EXPECT_EQ(6 * 4096, number(self, "/totals/read_bytes"));
	EXPECT_EQ(6 * 8192, number(self, "/totals/write_bytes"));
	EXPECT_EQ(104 * MIB, number(self, "/totals/max_rss"));
	EXPECT_EQ(2 * MS, number(self, "/totals/residual_ns"));
	/* All but what was used in the root. */
	EXPECT_EQ((40 + 1300) * MS, number(self, "/totals/cpu_tree_ns"));
	EXPECT_EQ((41 + 1301) * MS, number(self, "/totals/cpu_stat_ns"));
	/* 2 of 1342 */
	EXPECT_EQ(1490, number(self, "/totals/residual_ppm"));
	EXPECT_EQ(6, length(self, "/tasks"));
	EXPECT_EQ(5, length(self, "/cgroups"));
}

TEST_F(report, cgroups)
{
	make_whole(self->file);
	ASSERT_EQ(0, report_json(self, "--limit 1"));
	/* --limit is about the rows. */
	EXPECT_EQ(1, length(self, "/tasks"));
	ASSERT_EQ(5, length(self, "/cgroups"));

	EXPECT_EQ(100 * MS, CG("/", "cpu_ns"));
	EXPECT_EQ(1440 * MS, CG("/", "cpu_tree_ns"));
	EXPECT_EQ(-1, CG("/", "cpu_stat_ns"));
	EXPECT_EQ(-1, CG("/", "residual_ns"));
	EXPECT_EQ(0, CG("/", "covered"));

	EXPECT_EQ(40 * MS, CG("/old", "cpu_ns"));
	EXPECT_EQ(41 * MS, CG("/old", "cpu_stat_ns"));
	EXPECT_EQ(1 * MS, CG("/old", "residual_ns"));
	/* 1 of 41 */
	EXPECT_EQ(24390, CG("/old", "residual_ppm"));
	EXPECT_EQ(1, CG("/old", "covered"));

	EXPECT_EQ(0, CG("/slice", "cpu_ns"));
	EXPECT_EQ(0, CG("/slice", "tasks"));
	EXPECT_EQ(1300 * MS, CG("/slice", "cpu_tree_ns"));
	EXPECT_EQ(1301 * MS, CG("/slice", "cpu_stat_ns"));
	EXPECT_EQ(1 * MS, CG("/slice", "residual_ns"));

	EXPECT_EQ((400 + 500 + 160 - 60) * MS, CG("/slice/job", "cpu_ns"));
	EXPECT_EQ(60 * MS, CG("/slice/job", "moved_in_ns"));
	EXPECT_EQ(1001 * MS, CG("/slice/job", "cpu_stat_ns"));
	EXPECT_EQ(1 * MS, CG("/slice/job", "residual_ns"));
	EXPECT_EQ(0, CG("/slice/job", "removed"));
	EXPECT_EQ(3, CG("/slice/job", "tasks"));
	EXPECT_EQ(1, CG("/slice/job", "failed"));

	EXPECT_EQ((240 + 60) * MS, CG("/slice/gone", "cpu_ns"));
	EXPECT_EQ(60 * MS, CG("/slice/gone", "moved_out_ns"));
	EXPECT_EQ(300 * MS, CG("/slice/gone", "cpu_stat_ns"));
	EXPECT_EQ(0, CG("/slice/gone", "residual_ns"));
	EXPECT_EQ(1, CG("/slice/gone", "removed"));
}

/* A machine in trouble: folded, lost, and a process that was alive when folded. */
TEST_F(report, folded_and_lost)
{
	struct recording_writer *w = make_open(self->file);
	__u64 reasons[TASKHOLD_NR_REASONS] = {
		[TASKHOLD_FOLD_VERDICT] = 3, [TASKHOLD_LOST_NOMEM] = 2, [TASKHOLD_NO_CGROUP] = 5,
	};
	struct taskhold_totals early = { .cgroup_id = 70, .tasks = 1 };
	struct taskhold_totals totals = {
		.cgroup_id = 70, .tasks = 3, .moved_ns = 7 * MS, .max_rss = 900 * MIB,
		.first_ns = 2 * SEC, .last_ns = 200 * SEC,
		.use = { .cpu_ns = 30 * MS, .user_ns = 20 * MS, .sys_ns = 10 * MS, .rchar = 1000 },
	};

	make_begin(w, TASKHOLD_SCOPE_ALL);
	make_cgroup_name(w, 70, "/job");
	/* Seen alive with 1 ms, folded later: it is in the totals. */
	make_live(w, make_info(50, 50, "short", 70, MS));
	make_finished(w, make_info(51, 51, "kept", 70, 100 * MS));
	make_item(w, TASKHOLD_ITEM_TOTALS, &early, sizeof(early));
	/* The last of a cgroup counts. */
	make_item(w, TASKHOLD_ITEM_TOTALS, &totals, sizeof(totals));
	/* Alive at the end, and the only one. */
	make_live(w, make_info(52, 52, "alive", 70, 5 * MS));
	make_stat(w, 70, TASKHOLD_CGROUP_STOP, 150 * MS);
	make_policy(w, reasons);
	make_end(w, 1, -1);
	make_close(w);

	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(false, truth(self, "/complete"));
	EXPECT_EQ(3, number(self, "/reasons/fold-verdict"));
	EXPECT_EQ(2, number(self, "/reasons/lost-nomem"));
	EXPECT_EQ(5, number(self, "/reasons/no-cgroup"));
	EXPECT_EQ(0, number(self, "/reasons/vanished"));
	EXPECT_EQ(NULL, at(self, "/recording/end/status"));
	EXPECT_EQ(1 + 1 + 3, number(self, "/totals/tasks"));
	EXPECT_EQ(1, number(self, "/totals/live"));
	EXPECT_EQ(3, number(self, "/totals/folded"));
	EXPECT_EQ(2, number(self, "/totals/lost"));
	EXPECT_EQ(2, length(self, "/tasks"));
	/* 7 ms: of folded processes, before they moved away from here. */
	EXPECT_EQ((100 + 5 + 30 + 7) * MS, number(self, "/totals/cpu_ns"));
	EXPECT_EQ((100 + 5 + 30 + 7) * MS, CG("/job", "cpu_ns"));
	EXPECT_EQ(8 * MS, CG("/job", "residual_ns"));
	EXPECT_EQ(5, CG("/job", "tasks"));
	EXPECT_EQ(3, CG("/job", "folded"));
	EXPECT_EQ(900 * MIB, CG("/job", "max_rss"));
	EXPECT_EQ(2 * SEC, CG("/job", "first_start_ns"));
	EXPECT_EQ(200 * SEC, CG("/job", "last_exit_ns"));
	EXPECT_EQ(1000 + 5 + 5, CG("/job", "rchar"));

	/* Groups add up to the totals. */
	ASSERT_EQ(0, report_json(self, "--by comm"));
	ASSERT_EQ(3, length(self, "/groups"));
	EXPECT_STREQ("kept", string(self, "/groups/0/comm"));
	EXPECT_EQ(NULL, at(self, "/groups/1/comm"));
	EXPECT_EQ(37 * MS, number(self, "/groups/1/cpu_ns"));
	EXPECT_EQ(3, number(self, "/groups/1/folded"));
	EXPECT_STREQ("alive", string(self, "/groups/2/comm"));

	ASSERT_EQ(0, report(self, "--by comm"));
	EXPECT_NE(NULL, strstr(printed(self), "\n(folded)     3 37.00 ms "));
	EXPECT_NE(NULL, strstr(printed(self), "; 2 lost; "));
	EXPECT_NE(NULL, strstr(printed(self), "\ncomplete: no\n  fold-verdict: 3 (processes "));
	EXPECT_NE(NULL, strstr(printed(self), "\n  no-cgroup: 5 ("));

	EXPECT_EQ(5, report(self, "--require-complete"));
	EXPECT_NE(NULL, strstr(printed(self), "\ncomplete: no\n"));
	EXPECT_NE(NULL, strstr(complained(self), "is not complete"));
	make_whole(self->file);
	EXPECT_EQ(0, report(self, "--require-complete"));
}

/* Each thing that can be missing, alone. */
TEST_F(report, what_is_missing)
{
	static const char *const reasons[] = {
		"ring-lost", "no-end", "no-counters", "finished-missing", "repeated", "vanished",
		"overflow",
	};
	char pointer[64];
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		const char *what = reasons[i];
		struct recording_writer *w;
		struct taskhold_info info = make_info(1, 1, "x", 1, 5);
		struct taskhold_end end = { .time_ns = MAKE_BEGIN, .finished = 2, .status = -1 };

		unlink(self->file);
		w = make_open(self->file);
		make_begin(w, TASKHOLD_SCOPE_ALL);
		if (!strcmp(what, "overflow"))
			info.use.wchar = UINT64_MAX;
		make_finished(w, info);
		if (!strcmp(what, "repeated"))
			make_finished(w, info);
		if (!strcmp(what, "vanished"))
			make_live(w, make_info(9, 9, "x", 1, 5));
		if (!strcmp(what, "finished-missing"))
			end.finished++;
		if (!strcmp(what, "ring-lost"))
			end.ring_lost = 1;
		if (strcmp(what, "repeated"))
			make_finished(w, make_info(2, 2, "y", 1, 5));
		if (strcmp(what, "no-counters"))
			make_policy(w, NULL);
		if (strcmp(what, "no-end"))
			make_item(w, TASKHOLD_ITEM_END, &end, sizeof(end));
		make_close(w);
		ASSERT_EQ(0, report_json(self, ""));
		EXPECT_EQ(false, truth(self, "/complete"));
		for (k = 0; k < ARRAY_SIZE(reasons); k++) {
			snprintf(pointer, sizeof(pointer), "/reasons/%s", reasons[k]);
			/* Over 64 bits it went in the totals and in those of the cgroup. */
			EXPECT_EQ(i == k, !!number(self, pointer)) {
				TH_LOG("%s, where %s is wrong", reasons[k], what);
			}
		}
		if (!strcmp(what, "overflow"))
			EXPECT_EQ(UINT64_MAX, number(self, "/totals/wchar"));
	}
}

TEST_F(report, cut_file)
{
	make_whole(self->file);
	ASSERT_EQ(0, shell("truncate -s -1 '%s'", self->file));
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(false, truth(self, "/complete"));
	EXPECT_STREQ("cut", string(self, "/recording/file/stopped"));
	EXPECT_EQ(1, number(self, "/reasons/file"));
	EXPECT_EQ(1, number(self, "/reasons/no-end"));
	EXPECT_EQ(NULL, at(self, "/recording/end"));
	/* To the last block that was whole: 2 s after the beginning. */
	EXPECT_EQ(2 * SEC, number(self, "/recording/duration_ns"));
	ASSERT_EQ(0, report(self, ""));
	EXPECT_NE(NULL, strstr(printed(self), "\n  file: cut at byte "));
}

/* The kernel's numbers where not all of the machine was recorded. */
TEST_F(report, scopes)
{
	static const __u32 scopes[] = {
		TASKHOLD_SCOPE_ALL, TASKHOLD_SCOPE_TREE, TASKHOLD_SCOPE_CGROUP,
	};
	static const struct {
		const char *path;
		bool covered[3];
	} expect[] = {
		{ "/", { false, false, false } },
		/* there before */
		{ "/slice", { true, false, true } },
		/* made meanwhile, with a process of ours */
		{ "/slice/a", { true, true, true } },
		/* made meanwhile, by others */
		{ "/slice/b", { true, false, true } },
		/* not below /slice, though it begins like it */
		{ "/slice2", { true, true, false } },
	};
	static const __u64 residual[] = { 37 * MS, 3 * MS, 35 * MS };
	/* All 30 ms, but for what was used in /slice2, which is not below /slice. */
	static const __u64 used[] = { 30 * MS, 30 * MS, 10 * MS };
	size_t i, s;

	for (s = 0; s < 3; s++) {
		struct recording_writer *w;

		unlink(self->file);
		w = make_open(self->file);
		make_begin(w, scopes[s]);
		make_cgroup_name(w, 1, "/");
		make_cgroup_name(w, MAKE_SLICE, "/slice");
		make_cgroup_name(w, 71, "/slice/a");
		make_cgroup_name(w, 72, "/slice/b");
		make_cgroup_name(w, 73, "/slice2");
		make_stat(w, MAKE_SLICE, TASKHOLD_CGROUP_START, 10 * MS);
		make_finished(w, make_info(1, 1, "x", 71, 10 * MS));
		make_finished(w, make_info(2, 2, "y", 73, 20 * MS));
		make_stat(w, MAKE_SLICE, TASKHOLD_CGROUP_STOP, 55 * MS);
		make_stat(w, 71, TASKHOLD_CGROUP_STOP, 11 * MS);
		make_stat(w, 72, TASKHOLD_CGROUP_STOP, 30 * MS);
		make_stat(w, 73, TASKHOLD_CGROUP_STOP, 22 * MS);
		make_policy(w, NULL);
		make_end(w, 0, 0);
		make_close(w);
		ASSERT_EQ(0, report_json(self, ""));
		for (i = 0; i < 5; i++)
			EXPECT_EQ(expect[i].covered[s], CG(expect[i].path, "covered")) {
				TH_LOG("cgroup %zu, scope %zu", i, s);
			}
		/*
		 * Everything: /slice 35 and /slice2 2.  A tree: /slice/a 1 and
		 * /slice2 2.  A cgroup: /slice 35.
		 */
		EXPECT_EQ(residual[s], number(self, "/totals/residual_ns"));
		EXPECT_EQ(used[s], number(self, "/totals/cpu_tree_ns"));
		EXPECT_EQ(s == 1 ? -1 : 35 * (__s64)MS, CG("/slice", "residual_ns"));
		EXPECT_EQ(1 * MS, CG("/slice/a", "residual_ns"));
	}
}

/* A command in a cgroup that others use: the kernel's number is not of it alone. */
TEST_F(report, no_witness)
{
	struct recording_writer *w = make_open(self->file);

	make_begin(w, TASKHOLD_SCOPE_TREE);
	make_cgroup_name(w, MAKE_SLICE, "/slice");
	make_stat(w, MAKE_SLICE, TASKHOLD_CGROUP_START, 10 * MS);
	make_finished(w, make_info(1, 1000, "x", MAKE_SLICE, 10 * MS));
	make_stat(w, MAKE_SLICE, TASKHOLD_CGROUP_STOP, 55 * MS);
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(10 * MS, number(self, "/totals/cpu_ns"));
	EXPECT_EQ(NULL, at(self, "/totals/cpu_tree_ns"));
	EXPECT_EQ(NULL, at(self, "/totals/cpu_stat_ns"));
	EXPECT_EQ(NULL, at(self, "/totals/residual_ns"));
	ASSERT_EQ(0, report(self, ""));
	EXPECT_NE(NULL, strstr(printed(self), "\ncpu.stat   known of no cgroup in which all was "));
}

/* What is known of cgroups that are gone. */
TEST_F(report, removed_cgroups)
{
	struct recording_writer *w = make_open(self->file);

	make_begin(w, TASKHOLD_SCOPE_ALL);
	/* Made and removed, with one below: 5 of its own, 7 below. */
	make_cgroup_name(w, 200, "/new");
	make_cgroup_name(w, 201, "/new/child");
	make_finished(w, make_info(1, 1, "x", 200, 4 * MS));
	make_finished(w, make_info(2, 2, "x", 201, 7 * MS));
	make_stat(w, 201, TASKHOLD_CGROUP_RMDIR, 6 * MS);
	make_stat(w, 201, TASKHOLD_CGROUP_RELEASE, 7 * MS);
	make_stat(w, 200, TASKHOLD_CGROUP_RELEASE, 5 * MS);
	make_stat(w, 200, TASKHOLD_CGROUP_RMDIR, 4 * MS);
	/* There at the start, a leaf: 100 then. */
	make_cgroup_name(w, 20, "/leaf");
	make_stat(w, 20, TASKHOLD_CGROUP_START, 100 * MS);
	make_stat(w, 20, TASKHOLD_CGROUP_RMDIR, 103 * MS);
	make_finished(w, make_info(3, 3, "x", 20, 3 * MS));
	/* There at the start, with one below: nobody knows its own share then. */
	make_cgroup_name(w, 30, "/branch");
	make_cgroup_name(w, 31, "/branch/leaf");
	make_stat(w, 30, TASKHOLD_CGROUP_START, 50 * MS);
	make_stat(w, 31, TASKHOLD_CGROUP_START, 40 * MS);
	make_stat(w, 31, TASKHOLD_CGROUP_RELEASE, 60 * MS);
	make_stat(w, 30, TASKHOLD_CGROUP_RELEASE, 90 * MS);
	make_finished(w, make_info(4, 4, "x", 31, 19 * MS));
	/* One below of which nothing is known. */
	make_cgroup_name(w, 40, "/dim");
	make_cgroup_name(w, 41, "/dim/dark");
	make_stat(w, 40, TASKHOLD_CGROUP_RELEASE, 9 * MS);
	make_finished(w, make_info(5, 5, "x", 41, 1 * MS));
	/* Numbers that cannot be. */
	make_cgroup_name(w, 45, "/odd");
	make_stat(w, 45, TASKHOLD_CGROUP_START, 10 * MS);
	make_stat(w, 45, TASKHOLD_CGROUP_STOP, 9 * MS);
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);

	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(7 * MS, CG("/new/child", "cpu_stat_ns"));
	EXPECT_EQ(12 * MS, CG("/new", "cpu_stat_ns"));
	EXPECT_EQ(1 * MS, CG("/new", "residual_ns"));
	EXPECT_EQ(1, CG("/new", "removed"));
	EXPECT_EQ(3 * MS, CG("/leaf", "cpu_stat_ns"));
	EXPECT_EQ(-1, CG("/branch", "cpu_stat_ns"));
	EXPECT_EQ(20 * MS, CG("/branch/leaf", "cpu_stat_ns"));
	EXPECT_EQ(-1, CG("/dim", "cpu_stat_ns"));
	EXPECT_EQ(-1, CG("/dim/dark", "cpu_stat_ns"));
	EXPECT_EQ(-1, CG("/odd", "cpu_stat_ns"));
	/* /new 1, /leaf 0, /branch/leaf 1 */
	EXPECT_EQ(2 * MS, number(self, "/totals/residual_ns"));
}

/* A path that was removed and made again is two cgroups, each with its own below. */
TEST_F(report, path_made_again)
{
	struct recording_writer *w = make_open(self->file);

	make_begin(w, TASKHOLD_SCOPE_ALL);
	make_cgroup_name(w, 200, "/job");
	make_cgroup_name(w, 201, "/job/step");
	make_cgroup_name(w, 300, "/job");
	make_cgroup_name(w, 301, "/job/step");
	make_finished(w, make_info(1, 1, "x", 200, 1));
	make_finished(w, make_info(2, 2, "x", 201, 20));
	make_finished(w, make_info(3, 3, "x", 300, 300));
	make_finished(w, make_info(4, 4, "x", 301, 4000));
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);
	ASSERT_EQ(0, report_json(self, ""));
	ASSERT_EQ(4, length(self, "/cgroups"));
	EXPECT_EQ(21, of(self, "/cgroups", "id", "200", "cpu_tree_ns"));
	EXPECT_EQ(20, of(self, "/cgroups", "id", "201", "cpu_tree_ns"));
	EXPECT_EQ(4300, of(self, "/cgroups", "id", "300", "cpu_tree_ns"));
	EXPECT_EQ(4000, of(self, "/cgroups", "id", "301", "cpu_tree_ns"));
}

TEST_F(report, huge_numbers)
{
	struct recording_writer *w = make_open(self->file);
	struct taskhold_info info;

	memset(&info, 0xff, sizeof(info));
	info.flags &= ~(__u32)TASKHOLD_INFO_THREAD;
	make_begin(w, TASKHOLD_SCOPE_ALL);
	make_cgroup_name(w, UINT64_MAX, "/x");
	make_finished(w, info);
	info.id--;
	make_finished(w, info);
	make_stat(w, UINT64_MAX, TASKHOLD_CGROUP_STOP, UINT64_MAX);
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(UINT64_MAX, number(self, "/tasks/0/cpu_ns"));
	EXPECT_EQ(UINT64_MAX, number(self, "/tasks/1/cpu_ns"));
	EXPECT_EQ(UINT64_MAX, number(self, "/totals/cpu_ns"));
	EXPECT_EQ(UINT_MAX, number(self, "/tasks/0/pid"));
	/* Of the two 2^64 - 1 ns each were used in other cgroups. */
	EXPECT_EQ(0, CG("/x", "cpu_ns"));
	EXPECT_EQ(INT64_MAX, CG("/x", "residual_ns"));
	/* Half of it, rounded down. */
	EXPECT_EQ(499999, CG("/x", "residual_ppm"));
	EXPECT_EQ(false, truth(self, "/complete"));
	ASSERT_EQ(0, report(self, ""));
	EXPECT_NE(NULL, strstr(printed(self), "complete: no\n  overflow: "));
}

TEST_HARNESS_MAIN
