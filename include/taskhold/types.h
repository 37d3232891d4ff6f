/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plain types and limits shared by the module, BPF programs and user space.
 *
 * Nothing here depends on a kernel or libc type: the including side provides
 * __u8..__u64/__s32 (<linux/types.h> or vmlinux.h).  Every struct has a fixed
 * layout on 64-bit little-endian machines, is a multiple of 8 bytes and has no
 * implicit padding; the _Static_asserts below are part of the interface.
 */
#ifndef _TASKHOLD_TYPES_H
#define _TASKHOLD_TYPES_H

#if !defined(__KERNEL__) && !defined(__bpf__)
#include <linux/types.h>
#endif

#define TASKHOLD_VERSION	"0.1.0"

/*
 * Number of the interface between module, BPF programs and CLI.  It grows by
 * one with each release in which a struct below changes its layout, or a kfunc or
 * a member of struct taskhold_ops changes its meaning.  The module shows it in
 * /sys/module/taskhold/parameters/abi.
 */
#define TASKHOLD_ABI		1

/* Limits. */
#define TASKHOLD_COMM_LEN	16	/* TASK_COMM_LEN, the NUL included */
#define TASKHOLD_NAME_LEN	32	/* a policy's name, the NUL included */
#define TASKHOLD_MAX_POLICIES	8	/* attached at once */
#define TASKHOLD_PATH_MAX	4096	/* a path in a buffer, the NUL included */
#define TASKHOLD_DEF_HELD	65536	/* taskhold_ops.max_held if 0 */
#define TASKHOLD_MAX_HELD	4194304	/* highest taskhold_ops.max_held */
#define TASKHOLD_MAX_INTERVAL	60000	/* highest taskhold_ops.interval_ms */
#define TASKHOLD_MAX_TOTALS	65536	/* cgroups with totals of their own, a policy */
#define TASKHOLD_MAX_ENDED	16	/* policies that have ended, whose exit info is kept */
#define TASKHOLD_TEXT_LEN	96	/* taskhold_exit_info.text, the NUL included */

/*
 * enum taskhold_event - why taskhold_ops.admit() asks about a task
 *
 * The low byte is the kind, the rest are flags.
 */
enum taskhold_event {
	TASKHOLD_EV_FORK	= 1,	/* a new process, not yet running */
	TASKHOLD_EV_EXEC	= 2,	/* a process not held has called exec */
	TASKHOLD_EV_ATTACH	= 3,	/* a process older than the policy */
	TASKHOLD_EV_MOVE	= 4,	/* a process not held changed its cgroup */
	TASKHOLD_EV_KIND	= 0xff,	/* mask of the kind */
	TASKHOLD_EV_PARENT_HELD	= 0x100, /* this policy holds who made it, or its parent now */
};

/* enum taskhold_verdict - what taskhold_ops.finish() makes of a record */
enum taskhold_verdict {
	TASKHOLD_KEEP	= 0,	/* hold it until max_held folds it */
	TASKHOLD_FOLD	= 1,	/* add it to its cgroup's totals, counted as folded */
	TASKHOLD_DROP	= 2,	/* the policy has what it needs */
};

/*
 * enum taskhold_reason - why detail was folded or lost
 *
 * FOLD_*: the numbers are in the totals of the record's cgroup.
 * LOST_*: numbers are missing.
 */
enum taskhold_reason {
	TASKHOLD_FOLD_VERDICT	= 0,	/* finish() said so (a full ring buffer) */
	TASKHOLD_FOLD_OLDEST	= 1,	/* max_held reached, oldest finished record folded */
	TASKHOLD_FOLD_LIVE	= 2,	/* max_held reached by running processes alone */
	TASKHOLD_FOLD_NOMEM	= 3,	/* no memory to keep a finished record */
	TASKHOLD_LOST_NOMEM	= 4,	/* no memory for a process, a thread or a move */
	TASKHOLD_NO_CGROUP	= 5,	/* sums that went to those of cgroup id 0 */
	TASKHOLD_FOLD_THREAD	= 6,	/* record of a thread: its process has the numbers */
	TASKHOLD_NR_REASONS	= 7,
};

/* taskhold_ops.flags; and in taskhold_policy_stats.flags, of a policy that is attached: */
enum taskhold_policy_flags {
	TASKHOLD_POLICY_THREADS	= 1 << 0, /* records of threads, beside those of processes */
	TASKHOLD_POLICY_ENDING	= 1 << 30, /* there alone: about to be detached, not called */
};

/*
 * enum taskhold_exit_kind - why a policy is not attached any more
 *
 * Below 64 somebody wanted it; from there on the policy is at fault.
 */
enum taskhold_exit_kind {
	TASKHOLD_EXIT_UNREG	= 1,	/* user space let go of its link, or map */
	TASKHOLD_EXIT_PARAM	= 2,	/* the module's parameter detach */
	TASKHOLD_EXIT_RETVAL	= 64,	/* a member returned what it may not: code */
	TASKHOLD_EXIT_SLOW	= 65,	/* two calls in a minute over slow_ms, or many that
					 * were long together, as it was attached: code,
					 * in ms
					 */
};

/* taskhold_info.flags */
enum taskhold_info_flags {
	TASKHOLD_INFO_FINISHED	= 1 << 0, /* final numbers: no thread is left */
	TASKHOLD_INFO_EXITED	= 1 << 1, /* exit() was called, exit_ns is set */
	TASKHOLD_INFO_KTHREAD	= 1 << 2, /* a kernel thread */
	TASKHOLD_INFO_OLDER	= 1 << 3, /* started before it was held: see cpu_before_ns */
	TASKHOLD_INFO_EXECED	= 1 << 4, /* called exec while held: exec_ns is set */
	TASKHOLD_INFO_MOVED	= 1 << 5, /* changed its cgroup: see cpu_moved_ns */
	TASKHOLD_INFO_CORE	= 1 << 6, /* dumped core */
	TASKHOLD_INFO_FOLDED	= 1 << 7, /* born over max_held: only its sums are kept */
	TASKHOLD_INFO_THREAD	= 1 << 8, /* of one thread; its process has a record too */
};

/*
 * struct taskhold_use - what a process has used
 *
 * Sums over all threads, dead ones included, since the process was held (that
 * is since its start, unless TASKHOLD_INFO_OLDER).
 */
struct taskhold_use {
	__u64 cpu_ns;		/* run time (sum_exec_runtime), the exit path included */
	__u64 user_ns;		/* of cpu_ns, in user mode; scaled from ticks as getrusage() does */
	__u64 sys_ns;		/* of cpu_ns, in the kernel: cpu_ns - user_ns */
	__u64 nvcsw;		/* voluntary context switches */
	__u64 nivcsw;		/* involuntary context switches */
	__u64 min_flt;		/* page faults without I/O */
	__u64 maj_flt;		/* page faults with I/O */
	__u64 rchar;		/* bytes read by system calls */
	__u64 wchar;		/* bytes written by system calls */
	__u64 read_bytes;	/* bytes fetched from storage */
	__u64 write_bytes;	/* bytes sent to storage */
};

/*
 * struct taskhold_info - everything a record says of a process
 *
 * Identity is (tgid, start_ns, boot id): pids are reused, pairs are not.
 * Times are CLOCK_BOOTTIME nanoseconds, 0 where it has not happened.
 *
 * A record with TASKHOLD_INFO_THREAD speaks of one thread, other than the first
 * of its process: (tid, start_ns) is the thread, (tgid, parent_start_ns) its
 * process, whose record has the same numbers in its sums.  It ends when the
 * thread does, or when the thread calls exec, by which it becomes the first:
 * then EXECED is set too, and exec_ns is exit_ns.
 */
struct taskhold_info {
	__u64 id;		/* number of the record, unique while the module is loaded */
	__u64 start_ns;		/* start_boottime */
	__u64 exec_ns;		/* last exec */
	__u64 exit_ns;		/* the last thread entered exit */
	__u64 parent_start_ns;	/* start_boottime of the parent at birth; THREAD: its process's */
	__u64 cgroup_id;	/* its cgroup (v2) at the end, or now */
	__u64 exe_id;		/* names the path of its executable; 0: none */
	__u64 max_rss;		/* bytes, high-water mark of the address space; THREAD: 0 */
	/*
	 * cpu_ns before it was held (OLDER), of its threads that were running then
	 * up to the last tick of their CPUs: what came after that tick, up to one of
	 * each CPU that it ran on, is in use.cpu_ns instead.
	 */
	__u64 cpu_before_ns;
	__u64 cpu_moved_ns;	/* of use.cpu_ns, charged to earlier cgroups (MOVED) */
	struct taskhold_use use;
	__u32 tgid;		/* process id in the initial pid namespace */
	__u32 ppid;		/* tgid of the parent at birth, 0: the kernel; THREAD: tgid */
	__u32 uid;		/* real uid at the end, or now, initial user namespace */
	__u32 gid;
	__u32 exit_code;	/* wait(2) status: code << 8 | signal | 0x80 if core */
	__u32 threads;		/* it had in all while held, the first included; THREAD: 1 */
	__u32 flags;		/* TASKHOLD_INFO_* */
	__u32 tid;		/* THREAD: its id in the initial pid namespace; else tgid */
	char comm[TASKHOLD_COMM_LEN];		/* at exit, or now */
	char comm_exec[TASKHOLD_COMM_LEN];	/* at the last exec, else at fork */
};

/*
 * struct taskhold_totals - the sums of a cgroup, for one policy
 *
 * What was folded, and CPU time that processes used here before they moved to
 * another cgroup (which their records do not count here: cpu_moved_ns).
 */
struct taskhold_totals {
	__u64 cgroup_id;	/* 0: cgroups beyond TASKHOLD_MAX_TOTALS, together */
	__u64 tasks;		/* processes folded */
	__u64 moved_ns;		/* CPU time left here by processes that moved on */
	__u64 max_rss;		/* bytes, highest of the folded */
	__u64 first_ns;		/* earliest start_ns of the folded */
	__u64 last_ns;		/* latest exit_ns of the folded */
	struct taskhold_use use;	/* of the folded; less their cpu_moved_ns in cpu_ns */
};

/* struct taskhold_stats - counters of the module */
struct taskhold_stats {
	__u64 records;		/* records allocated now */
	__u64 live;		/* processes watched now */
	__u64 paths;		/* interned paths now */
	__u64 path_bytes;	/* memory of the interned paths */
	__u64 bytes;		/* memory pinned now: records, paths, totals, tables */
	__u64 policies;		/* attached now */
	__u64 held_total;	/* records ever made */
	__u64 finished_total;	/* processes that finished while watched */
};

/*
 * struct taskhold_policy_stats - counters of one attached policy
 *
 * live, kept, admitted, finished and dropped count records: those of threads,
 * if it has any, with those of processes.
 */
struct taskhold_policy_stats {
	char name[TASKHOLD_NAME_LEN];
	__u64 id;		/* unique while the module is loaded */
	__u64 attached_ns;	/* CLOCK_BOOTTIME */
	__u64 live;		/* held and running */
	__u64 kept;		/* held and finished */
	__u64 admitted;		/* ever */
	__u64 finished;		/* ever: each is then kept, folded or dropped */
	__u64 dropped;		/* verdict DROP */
	__u64 totals;		/* cgroups with totals */
	__u64 threads;		/* of admitted, records of threads */
	__u64 threads_finished;	/* of finished, records of threads */
	__u64 reasons[TASKHOLD_NR_REASONS]; /* records, by enum taskhold_reason */
	__u32 max_held;
	__u32 interval_ms;
	__u32 flags;
	__u32 slot;		/* 0..TASKHOLD_MAX_POLICIES - 1 */
};

/* struct taskhold_exit_info - how a policy came to its end, and what it had then */
struct taskhold_exit_info {
	struct taskhold_policy_stats stats; /* as it ended; slot is another's since, perhaps */
	__u64 time_ns;		/* CLOCK_BOOTTIME */
	__s64 code;		/* by kind, else 0 */
	__u32 kind;		/* enum taskhold_exit_kind */
	__u32 reserved;		/* 0 */
	char text[TASKHOLD_TEXT_LEN]; /* the same in words, NUL-terminated */
};

_Static_assert(sizeof(struct taskhold_use) == 88, "layout");
_Static_assert(sizeof(struct taskhold_info) == 232, "layout");
_Static_assert(sizeof(struct taskhold_totals) == 136, "layout");
_Static_assert(sizeof(struct taskhold_stats) == 64, "layout");
_Static_assert(sizeof(struct taskhold_policy_stats) == 184, "layout");
_Static_assert(sizeof(struct taskhold_exit_info) == 304, "layout");

#endif /* _TASKHOLD_TYPES_H */
