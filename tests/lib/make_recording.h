/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings for tests: a machine with a few cgroups and processes, in round
 * numbers from which a reader can tell by head what a report must say.
 */
#ifndef _TESTS_MAKE_RECORDING_H
#define _TESTS_MAKE_RECORDING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording.h"

#define MS	1000000ull
#define SEC	1000000000ull
#define KIB	1024ull
#define MIB	(1024 * KIB)

/* The recording begins a hundred seconds after boot, and that was in 2026. */
#define MAKE_BEGIN	(100 * SEC)
#define MAKE_REAL	(1790000000ull * SEC)

/* Ids of cgroups. */
#define MAKE_ROOT	1
#define MAKE_SLICE	50
#define MAKE_OLD	60
#define MAKE_JOB	70
#define MAKE_GONE	80

#define must(what) do { \
	if (!(what)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
		exit(1); \
	} \
} while (0)

static inline struct recording_writer *make_open(const char *path)
{
	struct recording_writer *w;
	struct recording_why why;

	if (recording_create(&w, path, &why)) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
	return w;
}

static inline void make_close(struct recording_writer *w)
{
	must(recording_close(w, NULL) == 0);
}

static inline void make_item(struct recording_writer *w, __u32 kind,
			     const void *body, size_t len)
{
	must(recording_put(w, kind, body, len) == 0);
}

static inline void make_begin_flags(struct recording_writer *w, __u32 scope, __u32 flags)
{
	struct taskhold_begin begin = {
		.version = TASKHOLD_FILE_VERSION,
		.abi = TASKHOLD_ABI,
		.time_ns = MAKE_BEGIN,
		.real_ns = MAKE_REAL,
		.scope = scope,
		.root_pid = scope == TASKHOLD_SCOPE_TREE ? 1000 : 0,
		.root_cgroup_id = scope == TASKHOLD_SCOPE_CGROUP ? MAKE_SLICE : 0,
		.ncpus = 2,
		.flags = flags,
	};
	unsigned int i;

	for (i = 0; i < sizeof(begin.boot_id); i++)
		begin.boot_id[i] = (__u8)(0x10 + i);
	make_item(w, TASKHOLD_ITEM_BEGIN, &begin, sizeof(begin));
	must(recording_put_meta(w, "version", TASKHOLD_VERSION) == 0);
	must(recording_put_meta(w, "hostname", "build1") == 0);
	must(recording_put_meta(w, "kernel", "6.12.117") == 0);
	must(recording_put_meta(w, "machine", "x86_64") == 0);
	must(recording_put_meta(w, "command", "make -j2 all") == 0);
	must(recording_put_meta(w, "policy", "record") == 0);
}

static inline void make_begin(struct recording_writer *w, __u32 scope)
{
	make_begin_flags(w, scope, 0);
}

static inline void make_cgroup_name(struct recording_writer *w, __u64 id,
				    const char *path)
{
	must(recording_put_name(w, TASKHOLD_NAME_CGROUP, id, path) == 0);
}

static inline void make_stat(struct recording_writer *w, __u64 id, __u32 when,
			     __u64 usage_ns)
{
	struct taskhold_cgroup_stat stat = {
		.cgroup_id = id, .usage_ns = usage_ns, .time_ns = MAKE_BEGIN, .when = when,
	};

	make_item(w, TASKHOLD_ITEM_CGROUP, &stat, sizeof(stat));
}

/* A process that cost @cpu, three quarters of it in user mode. */
static inline struct taskhold_info make_info(__u64 id, __u32 pid, const char *comm,
					     __u64 cgroup_id, __u64 cpu)
{
	size_t len = strlen(comm) < TASKHOLD_COMM_LEN ? strlen(comm) : TASKHOLD_COMM_LEN;
	struct taskhold_info info = {
		.id = id,
		.start_ns = MAKE_BEGIN + id * MS,
		.exit_ns = MAKE_BEGIN + id * MS + 500 * MS,
		.parent_start_ns = 5 * SEC,
		.cgroup_id = cgroup_id,
		.exe_id = 7,
		.max_rss = id * MIB,
		.use = { .cpu_ns = cpu, .user_ns = cpu / 4 * 3, .sys_ns = cpu - cpu / 4 * 3,
			 .nvcsw = 1, .nivcsw = 2, .min_flt = 3, .maj_flt = 4, .rchar = 5,
			 .wchar = 6, .read_bytes = 4096, .write_bytes = 8192 },
		.tgid = pid,
		.tid = pid,
		.ppid = 900,
		.uid = 1000,
		.gid = 100,
		.threads = 1,
		.flags = TASKHOLD_INFO_FINISHED | TASKHOLD_INFO_EXITED,
	};

	memcpy(info.comm, comm, len);
	memcpy(info.comm_exec, comm, len);
	return info;
}

/* A thread of the process @of that cost @cpu, as above, and did half of the rest. */
static inline struct taskhold_info make_thread(__u64 id, const struct taskhold_info *of,
					       __u32 tid, const char *comm, __u64 cpu)
{
	struct taskhold_info info = make_info(id, of->tgid, comm, of->cgroup_id, cpu);

	info.tid = tid;
	info.ppid = of->tgid;
	info.parent_start_ns = of->start_ns;
	info.max_rss = 0;
	info.use.nvcsw = 0;
	info.use.nivcsw = 1;
	info.use.min_flt = 1;
	info.use.maj_flt = 2;
	info.use.rchar = 2;
	info.use.wchar = 3;
	info.use.read_bytes = 0;
	info.use.write_bytes = 4096;
	info.flags |= TASKHOLD_INFO_THREAD;
	return info;
}

static inline void make_finished(struct recording_writer *w, struct taskhold_info info)
{
	make_item(w, TASKHOLD_ITEM_FINISHED, &info, sizeof(info));
}

static inline void make_live(struct recording_writer *w, struct taskhold_info info)
{
	info.exit_ns = 0;
	info.flags &= ~(__u32)(TASKHOLD_INFO_FINISHED | TASKHOLD_INFO_EXITED);
	make_item(w, TASKHOLD_ITEM_LIVE, &info, sizeof(info));
}

static inline void make_policy(struct recording_writer *w, const __u64 *reasons)
{
	struct taskhold_policy_stats policy = { .name = "record", .id = 1 };

	if (reasons)
		memcpy(policy.reasons, reasons, sizeof(policy.reasons));
	make_item(w, TASKHOLD_ITEM_POLICY, &policy, sizeof(policy));
}

static inline void make_end(struct recording_writer *w, __u64 live, __s32 status)
{
	struct taskhold_end end = {
		.time_ns = MAKE_BEGIN + 10 * SEC,
		.finished = recording_finished(w),
		.live = live,
		.why = TASKHOLD_END_COMMAND,
		.status = status,
	};

	make_item(w, TASKHOLD_ITEM_END, &end, sizeof(end));
}

/*
 * A whole recording of all processes, complete:
 *
 *	/		pid 900 "sh", live, 100 ms
 *	/old		there before: pid 901 "daemon", live, 40 ms; charged 200 -> 241 ms
 *	/slice		there before, nothing in it; charged 1000 -> 2301 ms with those below
 *	/slice/job	made meanwhile: "cc1" 101 and 102, 400 and 500 ms; "ld" 103,
 *			100 ms of 160 ms, as 60 ms were used in /slice/gone; charged 1001 ms
 *	/slice/gone	made and removed: "as" 104, 240 ms, killed; charged 300 ms
 *
 * so in /slice/gone are 240 + 60 ms, below /slice 1300 ms, and the kernel says
 * 1301 ms there and 41 ms in /old: the difference is 2 ms.
 */
static inline void make_whole(const char *path)
{
	struct recording_writer *w = make_open(path);
	struct taskhold_totals totals = { .cgroup_id = MAKE_GONE, .moved_ns = 60 * MS };
	struct taskhold_info info;

	make_begin(w, TASKHOLD_SCOPE_ALL);
	make_cgroup_name(w, MAKE_ROOT, "/");
	make_cgroup_name(w, MAKE_OLD, "/old");
	make_cgroup_name(w, MAKE_SLICE, "/slice");
	make_stat(w, MAKE_OLD, TASKHOLD_CGROUP_START, 200 * MS);
	make_stat(w, MAKE_SLICE, TASKHOLD_CGROUP_START, 1000 * MS);
	must(recording_put_name(w, TASKHOLD_NAME_EXE, 7, "/usr/bin/tool") == 0);
	/* Seen alive once, finished later: FINISHED counts. */
	make_live(w, make_info(101, 101, "cc1", MAKE_JOB, 10 * MS));
	must(recording_flush(w, MAKE_BEGIN + SEC) == 0);

	make_cgroup_name(w, MAKE_JOB, "/slice/job");
	make_cgroup_name(w, MAKE_GONE, "/slice/gone");
	make_finished(w, make_info(101, 101, "cc1", MAKE_JOB, 400 * MS));
	info = make_info(102, 102, "cc1", MAKE_JOB, 500 * MS);
	info.exit_code = 3 << 8;
	make_finished(w, info);
	info = make_info(103, 103, "ld", MAKE_JOB, 160 * MS);
	info.cpu_moved_ns = 60 * MS;
	info.flags |= TASKHOLD_INFO_MOVED;
	make_finished(w, info);
	info = make_info(104, 104, "as", MAKE_GONE, 240 * MS);
	info.exit_code = 11 | 0x80;
	info.flags |= TASKHOLD_INFO_CORE;
	make_finished(w, info);
	make_stat(w, MAKE_GONE, TASKHOLD_CGROUP_RMDIR, 290 * MS);
	make_stat(w, MAKE_GONE, TASKHOLD_CGROUP_RELEASE, 300 * MS);
	must(recording_flush(w, MAKE_BEGIN + 2 * SEC) == 0);

	info = make_info(2, 900, "sh", MAKE_ROOT, 100 * MS);
	info.start_ns = 5 * SEC;
	info.ppid = 1;
	info.parent_start_ns = SEC;
	info.uid = 0;
	info.exe_id = 8;	/* has no name in the file */
	make_live(w, info);
	info = make_info(3, 901, "daemon", MAKE_OLD, 40 * MS);
	info.start_ns = 6 * SEC;
	info.ppid = 0;
	info.parent_start_ns = 0;
	info.exe_id = 0;
	info.flags |= TASKHOLD_INFO_KTHREAD;
	make_live(w, info);
	make_stat(w, MAKE_OLD, TASKHOLD_CGROUP_STOP, 241 * MS);
	make_stat(w, MAKE_SLICE, TASKHOLD_CGROUP_STOP, 2301 * MS);
	make_stat(w, MAKE_JOB, TASKHOLD_CGROUP_STOP, 1001 * MS);
	make_item(w, TASKHOLD_ITEM_TOTALS, &totals, sizeof(totals));
	make_policy(w, NULL);
	make_end(w, 2, 0);
	make_close(w);
}

#endif /* _TESTS_MAKE_RECORDING_H */
