// SPDX-License-Identifier: GPL-2.0-only
// module: none
// timeout: 300
/*
 * taskhold report, the program itself: its fields, rows and forms, and how it
 * fails, on recordings that a reader can add up by head
 * (tests/lib/make_recording.h).
 */
#include "lib/run_report.h"

TEST_F(report, task_fields)
{
	make_whole(self->file);
	ASSERT_EQ(0, report_json(self, "--sort id,desc"));
	/* 104 "as", killed with a core */
	EXPECT_EQ(104, number(self, "/tasks/0/id"));
	EXPECT_EQ(104, number(self, "/tasks/0/pid"));
	EXPECT_EQ(900, number(self, "/tasks/0/ppid"));
	EXPECT_EQ(5 * SEC, number(self, "/tasks/0/parent_start_ns"));
	EXPECT_EQ(1000, number(self, "/tasks/0/uid"));
	EXPECT_EQ(100, number(self, "/tasks/0/gid"));
	EXPECT_STREQ("as", string(self, "/tasks/0/comm"));
	EXPECT_STREQ("as", string(self, "/tasks/0/comm_exec"));
	EXPECT_STREQ("/usr/bin/tool", string(self, "/tasks/0/exe"));
	EXPECT_EQ(7, number(self, "/tasks/0/exe_id"));
	EXPECT_STREQ("finished", string(self, "/tasks/0/state"));
	EXPECT_EQ(11 + 128, number(self, "/tasks/0/exit_code"));
	EXPECT_EQ(11, number(self, "/tasks/0/exit_signal"));
	EXPECT_EQ(NULL, at(self, "/tasks/0/exit_status"));
	EXPECT_EQ(MAKE_BEGIN + 104 * MS, number(self, "/tasks/0/start_ns"));
	EXPECT_EQ(MAKE_REAL + 104 * MS, number(self, "/tasks/0/start_real_ns"));
	EXPECT_EQ(NULL, at(self, "/tasks/0/exec_ns"));
	EXPECT_EQ(MAKE_BEGIN + 604 * MS, number(self, "/tasks/0/exit_ns"));
	EXPECT_EQ(500 * MS, number(self, "/tasks/0/wall_ns"));
	EXPECT_EQ(240 * MS, number(self, "/tasks/0/cpu_ns"));
	EXPECT_EQ(180 * MS, number(self, "/tasks/0/user_ns"));
	EXPECT_EQ(60 * MS, number(self, "/tasks/0/sys_ns"));
	EXPECT_EQ(5, number(self, "/tasks/0/rchar"));
	EXPECT_EQ(104 * MIB, number(self, "/tasks/0/max_rss"));
	EXPECT_EQ(1, number(self, "/tasks/0/threads"));
	EXPECT_STREQ("finished+exited+core", string(self, "/tasks/0/flags"));
	EXPECT_EQ(MAKE_GONE, number(self, "/tasks/0/cgroup_id"));
	EXPECT_STREQ("/slice/gone", string(self, "/tasks/0/cgroup"));
	/* 103 "ld", moved; 102 "cc1", failed */
	EXPECT_EQ(60 * MS, number(self, "/tasks/1/cpu_moved_ns"));
	EXPECT_EQ(3 << 8, number(self, "/tasks/2/exit_code"));
	EXPECT_EQ(3, number(self, "/tasks/2/exit_status"));
	EXPECT_EQ(NULL, at(self, "/tasks/2/exit_signal"));
	/* 101 was alive once, with 10 ms */
	EXPECT_STREQ("finished", string(self, "/tasks/3/state"));
	EXPECT_EQ(400 * MS, number(self, "/tasks/3/cpu_ns"));
	/* 3 "daemon" of the kernel, 2 "sh", whose executable has no name */
	EXPECT_STREQ("live", string(self, "/tasks/4/state"));
	EXPECT_EQ(NULL, at(self, "/tasks/4/exe"));
	EXPECT_EQ(NULL, at(self, "/tasks/4/exit_code"));
	EXPECT_EQ(NULL, at(self, "/tasks/4/exit_ns"));
	EXPECT_EQ(110 * SEC - 6 * SEC, number(self, "/tasks/4/wall_ns"));
	EXPECT_STREQ("kthread", string(self, "/tasks/4/flags"));
	EXPECT_STREQ("exe:8", string(self, "/tasks/5/exe"));
}

TEST_F(report, text)
{
	static const char by_comm[] =
	"host       build1, Linux 6.12.117 x86_64, 2 CPUs\n"
	"recorded   2026-09-21 14:13:20 +0000, for 10.00 s\n"
	"scope      every process\n"
	"command    make -j2 all\n"
	"ended      the command exited with status 0\n"
	"\n"
	"COMM   TASKS      CPU     USER      SYS    MAXRSS FAILED\n"
	"cc1        2 900.0 ms 675.0 ms 225.0 ms 102.0 MiB      1\n"
	"as         1 240.0 ms 180.0 ms 60.00 ms 104.0 MiB      1\n"
	"ld         1 160.0 ms 120.0 ms 40.00 ms 103.0 MiB      0\n"
	"sh         1 100.0 ms 75.00 ms 25.00 ms 2.000 MiB      0\n"
	"daemon     1 40.00 ms 30.00 ms 10.00 ms 3.000 MiB      0\n"
	"\n"
	"total      6 processes: 4 finished, 2 live at the end; CPU 1.440 s (user 1.080 s, sys 360.0 ms)\n"
	"cpu.stat   1.340 s of this CPU was used where cpu.stat is known; the kernel charged 1.342 s there, difference +2.000 ms (1490 ppm)\n"
	"complete: yes\n";

	make_whole(self->file);
	ASSERT_EQ(0, report(self, "--by comm"));
	EXPECT_STREQ(by_comm, printed(self));
	EXPECT_STREQ("", complained(self));

	ASSERT_EQ(0, report(self, "--fields pid,exit_code,start_ns,uid --sort pid"));
	EXPECT_NE(NULL, strstr(printed(self), "\nPID      EXIT     START USER"));
	EXPECT_NE(NULL, strstr(printed(self), "\n102         3 +102.0 ms "));
	EXPECT_NE(NULL, strstr(printed(self), "\n104 SEGV+core +104.0 ms "));
	EXPECT_NE(NULL, strstr(printed(self), "\n900         -  -95.00 s root\n"));

	/* Few tasks are shown one by one. */
	ASSERT_EQ(0, report(self, ""));
	EXPECT_NE(NULL, strstr(printed(self), "\nPID PPID USER"));
}

TEST_F(report, default_rows)
{
	struct recording_writer *w = make_open(self->file);
	char comm[16];
	int i;

	make_begin(w, TASKHOLD_SCOPE_ALL);
	for (i = 1; i <= 1201; i++) {
		snprintf(comm, sizeof(comm), "c%d", i);
		make_finished(w, make_info((__u64)i, (__u32)i, comm, 1, MS));
	}
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);
	ASSERT_EQ(0, report(self, ""));
	EXPECT_NE(NULL, strstr(printed(self), "\nCOMM "));
	EXPECT_NE(NULL, strstr(printed(self), "\n201 more, --limit 0 shows all\n"));
	/* Of equals, the one that was recorded first. */
	EXPECT_NE(NULL, strstr(printed(self), "\nc1000 "));
	EXPECT_EQ(NULL, strstr(printed(self), "\nc1001 "));
	ASSERT_EQ(0, report(self, "--limit 0"));
	EXPECT_NE(NULL, strstr(printed(self), "\nc1201 "));
	/* Fields are those of tasks, however many there are. */
	ASSERT_EQ(0, report(self, "--sort pid,desc --limit 1"));
	EXPECT_NE(NULL, strstr(printed(self), "\n1201  900 "));
	ASSERT_EQ(0, report(self, "--fields pid,exe --limit 1"));
	EXPECT_NE(NULL, strstr(printed(self), "\nPID EXE\n  1 exe:7\n"));
	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_EQ(1201, length(self, "/tasks"));
	ASSERT_EQ(0, report_json(self, "--by comm"));
	EXPECT_EQ(1201, length(self, "/groups"));
	EXPECT_EQ(NULL, json_object_object_get(self->json, "tasks"));
}

TEST_F(report, groups)
{
	make_whole(self->file);
	ASSERT_EQ(0, report_json(self, "--by comm"));
	EXPECT_STREQ("comm", string(self, "/by"));
	EXPECT_EQ(5, length(self, "/groups"));
	EXPECT_EQ(2, of(self, "/groups", "comm", "cc1", "tasks"));
	EXPECT_EQ(900 * MS, of(self, "/groups", "comm", "cc1", "cpu_ns"));
	EXPECT_EQ(102 * MIB, of(self, "/groups", "comm", "cc1", "max_rss"));
	EXPECT_EQ(2 * 8192, of(self, "/groups", "comm", "cc1", "write_bytes"));
	EXPECT_EQ(MAKE_BEGIN + 101 * MS, of(self, "/groups", "comm", "cc1", "first_start_ns"));
	EXPECT_EQ(MAKE_BEGIN + 602 * MS, of(self, "/groups", "comm", "cc1", "last_exit_ns"));
	EXPECT_EQ(1, of(self, "/groups", "comm", "cc1", "failed"));
	/* All of its CPU time, wherever it was used. */
	EXPECT_EQ(160 * MS, of(self, "/groups", "comm", "ld", "cpu_ns"));
	EXPECT_EQ(-1, of(self, "/groups", "comm", "sh", "last_exit_ns"));

	ASSERT_EQ(0, report_json(self, "--by exe"));
	EXPECT_EQ(4, of(self, "/groups", "exe", "/usr/bin/tool", "tasks"));
	EXPECT_EQ(1, of(self, "/groups", "exe", "exe:8", "tasks"));
	EXPECT_EQ(NULL, at(self, "/groups/2/exe"));

	ASSERT_EQ(0, report_json(self, "--by user"));
	EXPECT_EQ(2, length(self, "/groups"));
	EXPECT_EQ(1000, number(self, "/groups/0/uid"));
	EXPECT_EQ(1340 * MS, number(self, "/groups/0/cpu_ns"));
	EXPECT_EQ(0, number(self, "/groups/1/uid"));

	ASSERT_EQ(0, report_json(self, "--by parent"));
	EXPECT_EQ(3, length(self, "/groups"));
	EXPECT_EQ(900, number(self, "/groups/0/ppid"));
	EXPECT_EQ(5 * SEC, number(self, "/groups/0/parent_start_ns"));
	EXPECT_STREQ("sh", string(self, "/groups/0/parent_comm"));
	EXPECT_EQ(4, number(self, "/groups/0/tasks"));
	EXPECT_EQ(1, number(self, "/groups/1/ppid"));
	EXPECT_EQ(NULL, at(self, "/groups/1/parent_comm"));

	ASSERT_EQ(0, report_json(self, "--by cgroup --sort path --fields path,cpu_ns"));
	EXPECT_EQ(5, length(self, "/groups"));
	EXPECT_STREQ("/slice/gone", string(self, "/groups/3/path"));
	EXPECT_EQ(300 * MS, number(self, "/groups/3/cpu_ns"));
	EXPECT_EQ(2, json_object_object_length(at(self, "/groups/3")));
}

/* Pids come again; a parent is who had that pid then. */
TEST_F(report, reused_pid)
{
	struct recording_writer *w = make_open(self->file);
	struct taskhold_info info;

	make_begin(w, TASKHOLD_SCOPE_ALL);
	info = make_info(1, 900, "first", 1, 10);
	info.start_ns = 4 * SEC;
	make_finished(w, info);
	info = make_info(2, 900, "second", 1, 20);
	info.start_ns = 5 * SEC;
	make_finished(w, info);
	make_finished(w, make_info(3, 901, "child", 1, 30));
	info = make_info(4, 902, "orphan", 1, 40);
	info.parent_start_ns = 3 * SEC;
	make_finished(w, info);
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);
	ASSERT_EQ(0, report_json(self, "--by parent --sort cpu_ns,desc"));
	ASSERT_EQ(2, length(self, "/groups"));
	/* first, second and child say 5 s; orphan says 3 s, which nobody is. */
	EXPECT_STREQ("second", string(self, "/groups/0/parent_comm"));
	EXPECT_EQ(60, number(self, "/groups/0/cpu_ns"));
	EXPECT_EQ(NULL, at(self, "/groups/1/parent_comm"));
	EXPECT_EQ(3 * SEC, number(self, "/groups/1/parent_start_ns"));
}

TEST_F(report, one_path_two_ids)
{
	struct recording_writer *w = make_open(self->file);
	struct taskhold_info info;

	make_begin(w, TASKHOLD_SCOPE_ALL);
	must(recording_put_name(w, TASKHOLD_NAME_EXE, 21, "/bin/a") == 0);
	must(recording_put_name(w, TASKHOLD_NAME_EXE, 22, "/bin/b") == 0);
	must(recording_put_name(w, TASKHOLD_NAME_EXE, 23, "/bin/a") == 0);
	info = make_info(1, 1, "x", 1, 1);
	info.exe_id = 21;
	make_finished(w, info);
	info.id = 2;
	info.exe_id = 22;
	make_finished(w, info);
	info.id = 3;
	info.exe_id = 23;
	make_finished(w, info);
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);
	ASSERT_EQ(0, report_json(self, "--by exe"));
	EXPECT_EQ(2, length(self, "/groups"));
	EXPECT_EQ(2, of(self, "/groups", "exe", "/bin/a", "tasks"));
	EXPECT_EQ(1, of(self, "/groups", "exe", "/bin/b", "tasks"));
}

/* Names that others chose, to break a terminal, a parser or a line. */
TEST_F(report, hostile_names)
{
	struct recording_writer *w = make_open(self->file);

	make_begin(w, TASKHOLD_SCOPE_ALL);
	/* As systemd writes a blank: the backslash is the name's own. */
	make_cgroup_name(w, 1, "/a\\x20b,\"c\"\n/\xe2\x82\xac");
	make_finished(w, make_info(1, 1, "\x1b[2J\rx\n", 1, 3));
	make_finished(w, make_info(2, 2, "\xff\xc3(\xed\xa0\x80", 1, 2));
	/* No NUL: all 16 bytes count. */
	make_finished(w, make_info(3, 3, "0123456789abcdef", 1, 1));
	/* What turns the direction of writing. */
	make_finished(w, make_info(4, 4, "a\xe2\x80\xae" "b", 77, 0));
	make_finished(w, make_info(5, 5, "", 77, 0));
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);

	ASSERT_EQ(0, report_json(self, ""));
	EXPECT_STREQ("\x1b[2J\rx\n", string(self, "/tasks/0/comm"));
	EXPECT_STREQ("\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		     string(self, "/tasks/1/comm"));
	EXPECT_STREQ("0123456789abcdef", string(self, "/tasks/2/comm"));
	EXPECT_STREQ("/a\\x20b,\"c\"\n/\xe2\x82\xac", string(self, "/tasks/0/cgroup"));
	EXPECT_STREQ("cgroup:77", string(self, "/tasks/3/cgroup"));
	EXPECT_STREQ("", string(self, "/tasks/4/comm"));

	ASSERT_EQ(0, report(self, "--fields comm,cgroup"));
	EXPECT_NE(NULL, strstr(printed(self), "\n\\x1b[2J\\x0dx\\x0a"));
	EXPECT_NE(NULL, strstr(printed(self), "\n\\xff\\xc3(\\xed\\xa0\\x80 "));
	EXPECT_NE(NULL, strstr(printed(self), " /a\\x20b,\"c\"\\x0a/\xe2\x82\xac\n"));
	EXPECT_NE(NULL, strstr(printed(self), "\na\\xe2\\x80\\xaeb "));
	/* Nothing but lines and printable characters. */
	EXPECT_EQ(1, shell("LC_ALL=C grep -q '[^[:print:]\200-\377]' '%s'", self->out));
	ASSERT_EQ(0, shell("LC_ALL=C '%s' report '%s' >'%s'", self->program, self->file,
			   self->out));
	EXPECT_EQ(1, shell("LC_ALL=C grep -q '[^[:print:]]' '%s'", self->out));
}

/* The same rows, read by python. */
TEST_F(report, csv_and_json)
{
	static const char *const args[] = {
		"", "--by comm", "--by exe", "--by cgroup", "--by user", "--by parent",
		"--by task --fields comm,cgroup,cpu_ns --sort comm --limit 3",
	};
	char csv[160], with[256];
	size_t i;
	int file;

	snprintf(csv, sizeof(csv), "%s/csv", self->dir);
	for (file = 0; file < 2; file++) {
		if (file == 0) {
			make_whole(self->file);
		} else {
			struct recording_writer *w;

			unlink(self->file);
			w = make_open(self->file);
			make_begin(w, TASKHOLD_SCOPE_ALL);
			make_cgroup_name(w, 1, "/a, \"b\"\r\n\"");
			make_finished(w, make_info(1, 1, "\"\",\n", 1, UINT64_MAX));
			make_finished(w, make_info(2, 2, "\xff,", 2, 1));
			make_finished(w, make_info(3, 3, "a\nb", 2, 1));
			make_finished(w, make_info(4, 4, "a\rb", 2, 1));
			make_close(w);
		}
		for (i = 0; i < ARRAY_SIZE(args); i++) {
			snprintf(with, sizeof(with), "--csv %s", args[i]);
			ASSERT_EQ(0, report(self, with));
			ASSERT_EQ(0, rename(self->out, csv));
			snprintf(with, sizeof(with), "--json %s", args[i]);
			ASSERT_EQ(0, report(self, with));
			EXPECT_EQ(0, shell("'%s/report_check.py' same '%s' '%s'", self->tests,
					   self->out, csv)) {
				TH_LOG("%s, file %d", args[i], file);
			}
		}
	}
	ASSERT_EQ(0, report(self, "--csv --fields pid,cpu_ns,comm,exec_ns --sort pid,desc"));
	EXPECT_STREQ("pid,cpu_ns,comm,exec_ns\r\n"
		     "4,1,\"a\rb\",\r\n"
		     "3,1,\"a\nb\",\r\n"
		     "2,1,\"\xef\xbf\xbd,\",\r\n"
		     "1,18446744073709551615,\"\"\"\"\",\n\",\r\n", printed(self));
}

TEST_F(report, sort)
{
	static const struct {
		const char *args, *first, *last;
	} cases[] = {
		{ "", "cc1", "daemon" },
		{ "--sort cpu_ns,asc", "daemon", "cc1" },
		{ "--sort comm", "as", "sh" },
		{ "--sort comm,desc", "sh", "as" },
		{ "--sort pid", "cc1", "daemon" },
		/* Names that are not known behind those that are, none at the end. */
		{ "--sort exe", "cc1", "daemon" },
		{ "--sort exe,desc", "cc1", "daemon" },
		{ "--sort exit_ns,desc", "as", "daemon" },
		{ "--sort max_rss", "as", "sh" },
	};
	char pointer[32];
	size_t i;

	make_whole(self->file);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, report_json(self, cases[i].args));
		snprintf(pointer, sizeof(pointer), "/tasks/%zu/comm", length(self, "/tasks") - 1);
		EXPECT_STREQ(cases[i].first, string(self, "/tasks/0/comm")) {
			TH_LOG("%s", cases[i].args);
		}
		EXPECT_STREQ(cases[i].last, string(self, pointer)) {
			TH_LOG("%s", cases[i].args);
		}
	}
}

TEST_F(report, wrong_usage)
{
	static const struct {
		const char *args, *says;
	} cases[] = {
		{ "--by nothing", "--by takes task, thread, comm" },
		{ "--sort nothing", "has no field 'nothing' to sort by" },
		{ "--sort cpu_ns,up", "--sort takes FIELD" },
		{ "--by comm --sort pid", "--by comm has no field 'pid'" },
		{ "--fields pid,nothing", "has no field 'nothing'" },
		{ "--fields pid,,comm", "has no field ''" },
		{ "--fields ''", "has no field ''" },
		{ "--fields pid,comm,pid", "has 'pid' twice" },
		{ "--limit ''", "--limit takes a number" },
		{ "--limit -1", "--limit takes a number" },
		{ "--limit 1x", "--limit takes a number" },
		{ "--limit 18446744073709551616", "--limit takes a number" },
		{ "--json --csv", "exclude each other" },
		{ "another", "takes one recording" },
		{ "--nonsense", "nonsense" },
		{ "--sort", "--sort" },
	};
	size_t i;

	make_whole(self->file);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(2, report(self, cases[i].args)) {
			TH_LOG("%s", cases[i].args);
		}
		EXPECT_STREQ("", printed(self));
		EXPECT_NE(NULL, strstr(complained(self), cases[i].says)) {
			TH_LOG("%s: %s", cases[i].args, self->text);
		}
		EXPECT_EQ(0, strncmp(complained(self), "taskhold: ", 10));
		/* Once. */
		EXPECT_EQ(1, strchr(self->text, '\n') == self->text + strlen(self->text) - 1);
	}
	EXPECT_EQ(2, shell("'%s' report >'%s' 2>'%s'", self->program, self->out, self->err));
	EXPECT_EQ(0, shell("'%s' report --help >'%s'", self->program, self->out));
	EXPECT_NE(NULL, strstr(printed(self), "usage: taskhold report FILE"));
}

TEST_F(report, files_that_do_not_do)
{
	EXPECT_EQ(4, report(self, ""));
	EXPECT_NE(NULL, strstr(complained(self), "No such file or directory"));
	ASSERT_EQ(0, shell("echo 'this is a text' >'%s'", self->file));
	EXPECT_EQ(4, report(self, ""));
	EXPECT_STREQ("", printed(self));
	EXPECT_NE(NULL, strstr(complained(self), "is no recording of taskhold"));
	ASSERT_EQ(0, shell("true >'%s'", self->file));
	EXPECT_EQ(4, report(self, "--json"));
	EXPECT_EQ(4, shell("'%s' report '%s' 2>'%s'", self->program, self->dir, self->err));
	EXPECT_EQ(4, shell("'%s' report - </dev/zero 2>'%s'", self->program, self->err));
}

TEST_F(report, output_that_fails)
{
	static const char *const forms[] = { "", "--json", "--csv", "--fields help" };
	size_t i;

	make_whole(self->file);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(4, shell("'%s' report '%s' %s >/dev/full 2>'%s'", self->program,
				   self->file, forms[i], self->err)) {
			TH_LOG("%s", forms[i]);
		}
		EXPECT_STREQ("taskhold: cannot write to standard output: No space left on device\n",
			     complained(self));
	}
	/* Nor is it said as well that something is missing in what nobody could read. */
	ASSERT_EQ(0, shell("truncate -s -1 '%s'", self->file));
	EXPECT_EQ(4, shell("'%s' report '%s' --require-complete >/dev/full 2>'%s'", self->program,
			   self->file, self->err));
	EXPECT_STREQ("taskhold: cannot write to standard output: No space left on device\n",
		     complained(self));
}

TEST_F(report, from_a_pipe)
{
	char *direct;

	make_whole(self->file);
	ASSERT_EQ(0, report(self, "--csv"));
	direct = strdup(printed(self));
	EXPECT_EQ(0, shell("cat '%s' | '%s' report - --csv >'%s'", self->file, self->program,
			   self->out));
	EXPECT_STREQ(direct, printed(self));
	free(direct);
	/* Cut there, nobody knows how much would have come; here all did. */
	EXPECT_EQ(0, shell("head -c 1500 '%s' | '%s' report - --json >'%s'", self->file,
			   self->program, self->out));
	EXPECT_EQ(0, shell("grep -q '\"stopped\":\"cut\"' '%s'", self->out));
}

/* docs/report.md lists the fields that there are. */
TEST_F(report, documented)
{
	ASSERT_EQ(0, shell("'%s' report --fields help --csv >'%s'", self->program, self->out));
	EXPECT_EQ(0, shell("'%s/report_check.py' doc '%s' '%s/../../docs/report.md'", self->tests,
			   self->out, self->tests));
	ASSERT_EQ(0, shell("'%s' report --fields help --by comm >'%s'", self->program, self->out));
	EXPECT_NE(NULL, strstr(printed(self), "  comm "));
	EXPECT_EQ(NULL, strstr(printed(self), "  pid "));
}

/* Every reason that JSON can show is explained there as well. */
TEST_F(report, reasons_documented)
{
	make_whole(self->file);
	ASSERT_EQ(0, report_json(self, ""));
	json_object_object_foreach(at(self, "/reasons"), name, value) {
		(void)value;
		EXPECT_EQ(0, shell("grep -q '^| `%s` | ' '%s/../../docs/report.md'", name,
				   self->tests)) {
			TH_LOG("%s", name);
		}
	}
}

TEST_HARNESS_MAIN
