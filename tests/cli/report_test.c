// SPDX-License-Identifier: GPL-2.0-only
// module: none
// timeout: 300
/*
 * taskhold report, the program itself, on recordings whose numbers a reader can
 * add up by head (tests/lib/make_recording.h).
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/make_recording.h"

#include "kselftest_harness.h"

FIXTURE(report)
{
	char dir[64];
	char file[128];		/* the recording */
	char out[128], err[128];
	char program[PATH_MAX];
	char tests[PATH_MAX];	/* tests/cli in the sources */
	struct json_object *json;
	char *text;
};

/* From out/tests/cli/report_test; or as the environment says. */
static void find_places(FIXTURE_DATA(report) *self)
{
	const char *program = getenv("TASKHOLD"), *tests = getenv("TASKHOLD_TESTS");
	char self_path[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);
	int i;

	must(n > 0);
	self_path[n] = 0;
	for (i = 0; i < 4; i++) {
		slash = strrchr(self_path, '/');
		if (slash)
			*slash = 0;
	}
	must(snprintf(self->program, sizeof(self->program), "%s%s", program ? program : self_path,
		      program ? "" : "/out/userspace/taskhold") < (int)sizeof(self->program));
	must(snprintf(self->tests, sizeof(self->tests), "%s%s", tests ? tests : self_path,
		      tests ? "" : "/tests/cli") < (int)sizeof(self->tests));
}

FIXTURE_SETUP(report)
{
	memset(self, 0, sizeof(*self));
	find_places(self);
	ASSERT_EQ(0, access(self->program, X_OK)) {
		TH_LOG("no program %s; set TASKHOLD", self->program);
	}
	snprintf(self->dir, sizeof(self->dir), "/tmp/report_test.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->file, sizeof(self->file), "%s/recording", self->dir);
	snprintf(self->out, sizeof(self->out), "%s/out", self->dir);
	snprintf(self->err, sizeof(self->err), "%s/err", self->dir);
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
}

FIXTURE_TEARDOWN(report)
{
	char command[128];

	json_object_put(self->json);
	free(self->text);
	snprintf(command, sizeof(command), "rm -r '%s'", self->dir);
	EXPECT_EQ(0, system(command));
}

static int shell(const char *fmt, ...)
{
	char command[3 * PATH_MAX];
	va_list ap;
	int status;

	va_start(ap, fmt);
	must(vsnprintf(command, sizeof(command), fmt, ap) < (int)sizeof(command));
	va_end(ap);
	status = system(command);
	must(status >= 0 && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Runs taskhold report FILE ARGS; returns its exit status. */
static int report(FIXTURE_DATA(report) *self, const char *args)
{
	return shell("'%s' report '%s' %s >'%s' 2>'%s'", self->program, self->file, args,
		     self->out, self->err);
}

static const char *slurp(FIXTURE_DATA(report) *self, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n;

	must(f);
	free(self->text);
	self->text = malloc(1 << 20);
	must(self->text);
	n = fread(self->text, 1, (1 << 20) - 1, f);
	must(n < (1 << 20) - 1);
	self->text[n] = 0;
	fclose(f);
	return self->text;
}

/* What report() printed. */
static const char *printed(FIXTURE_DATA(report) *self)
{
	return slurp(self, self->out);
}

static const char *complained(FIXTURE_DATA(report) *self)
{
	return slurp(self, self->err);
}

/* Runs it with --json and takes that in. */
static int report_json(FIXTURE_DATA(report) *self, const char *args)
{
	char with[256];
	int status;

	snprintf(with, sizeof(with), "--json %s", args);
	status = report(self, with);
	json_object_put(self->json);
	self->json = json_object_from_file(self->out);
	return status;
}

static struct json_object *at(FIXTURE_DATA(report) *self, const char *pointer)
{
	struct json_object *found;

	if (json_pointer_get(self->json, pointer, &found) == 0)
		return found;
	fprintf(stderr, "# nothing at %s\n", pointer);
	exit(1);
}

static __u64 number(FIXTURE_DATA(report) *self, const char *pointer)
{
	struct json_object *found = at(self, pointer);

	if (!json_object_is_type(found, json_type_int)) {
		fprintf(stderr, "# no number at %s\n", pointer);
		exit(1);
	}
	return json_object_get_uint64(found);
}

static const char *string(FIXTURE_DATA(report) *self, const char *pointer)
{
	return json_object_get_string(at(self, pointer));
}

static bool truth(FIXTURE_DATA(report) *self, const char *pointer)
{
	struct json_object *found = at(self, pointer);

	must(json_object_is_type(found, json_type_boolean));
	return json_object_get_boolean(found);
}

static size_t length(FIXTURE_DATA(report) *self, const char *pointer)
{
	return json_object_array_length(at(self, pointer));
}

/* The object in @array whose member @key is @value. */
static struct json_object *pick(FIXTURE_DATA(report) *self, const char *array,
				const char *key, const char *value)
{
	struct json_object *list = at(self, array), *member;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (json_object_object_get_ex(o, key, &member) && member &&
		    !strcmp(json_object_get_string(member), value))
			return o;
	}
	fprintf(stderr, "# nothing in %s with %s %s\n", array, key, value);
	exit(1);
}

/* A member of that: its number; -1 for null. */
static __s64 of(FIXTURE_DATA(report) *self, const char *array, const char *key,
		const char *value, const char *field)
{
	struct json_object *member, *o = pick(self, array, key, value);

	must(json_object_object_get_ex(o, field, &member));
	if (!member)
		return -1;
	must(json_object_is_type(member, json_type_int) ||
	     json_object_is_type(member, json_type_boolean));
	return json_object_get_int64(member);
}

#define CG(path, field)	of(self, "/cgroups", "path", path, field)

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
	"cpu.stat   the kernel charged 1.342 s to the cgroups recorded, difference +2.000 ms (1490 ppm)\n"
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
	/* Of equals the first first. */
	EXPECT_NE(NULL, strstr(printed(self), "\nc1000 "));
	EXPECT_EQ(NULL, strstr(printed(self), "\nc1001 "));
	ASSERT_EQ(0, report(self, "--limit 0"));
	EXPECT_NE(NULL, strstr(printed(self), "\nc1201 "));
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

/* A machine in trouble: folded, lost, and a process that was alive when folded. */
TEST_F(report, folded_and_lost)
{
	struct recording_writer *w = make_open(self->file);
	__u64 reasons[TASKHOLD_NR_REASONS] = {
		[TASKHOLD_FOLD_VERDICT] = 3, [TASKHOLD_LOST_NOMEM] = 2, [TASKHOLD_LOST_TOTALS] = 5,
	};
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
	make_item(w, TASKHOLD_ITEM_TOTALS, &(struct taskhold_totals){ .cgroup_id = 70, .tasks = 1 },
		  sizeof(totals));
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
	EXPECT_EQ(5, number(self, "/reasons/lost-totals"));
	EXPECT_EQ(0, number(self, "/reasons/vanished"));
	EXPECT_EQ(NULL, at(self, "/recording/end/status"));
	EXPECT_EQ(1 + 1 + 3, number(self, "/totals/tasks"));
	EXPECT_EQ(1, number(self, "/totals/live"));
	EXPECT_EQ(3, number(self, "/totals/folded"));
	EXPECT_EQ(7, number(self, "/totals/lost"));
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
	EXPECT_NE(NULL, strstr(printed(self), "; 7 lost; "));
	EXPECT_NE(NULL, strstr(printed(self), "\ncomplete: no\n  fold-verdict: 3 (processes folded "));
	EXPECT_NE(NULL, strstr(printed(self), "\n  lost-totals: 5 ("));

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

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
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
		for (k = 0; k < sizeof(reasons) / sizeof(reasons[0]); k++) {
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
		EXPECT_EQ((s == 0 ? 37 : s == 1 ? 3 : 35) * MS, number(self, "/totals/residual_ns"));
		EXPECT_EQ(s == 1 ? -1 : 35 * (__s64)MS, CG("/slice", "residual_ns"));
		EXPECT_EQ(1 * MS, CG("/slice/a", "residual_ns"));
	}
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
	ASSERT_EQ(0, shell("LC_ALL=C '%s' report '%s' >'%s'", self->program, self->file, self->out));
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
		for (i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
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

TEST_F(report, huge_numbers)
{
	struct recording_writer *w = make_open(self->file);
	struct taskhold_info info;

	memset(&info, 0xff, sizeof(info));
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
	EXPECT_EQ(false, truth(self, "/complete"));
	ASSERT_EQ(0, report(self, ""));
	EXPECT_NE(NULL, strstr(printed(self), "complete: no\n  overflow: "));
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
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
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
		{ "--by nothing", "--by takes task, comm" },
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
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
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
		EXPECT_NE(NULL, strstr(complained(self), "cannot write standard output"));
	}
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
