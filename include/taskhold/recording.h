/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recording: what BPF programs put into the ring buffer and what stands in
 * a file, item by item the same bytes.  All numbers are little-endian.
 *
 *	file  = block *
 *	block = struct taskhold_block, payload (whole items)
 *	item  = struct taskhold_item, body, zero padding to 8 bytes
 *
 * The first block holds one BEGIN item and META items; the last block of a
 * recording that ended in order holds an END item, and may hold META before it.
 * A block counts only if it is whole: magic, length and checksum right and its
 * sequence number one more than that of the block before.  Reading stops at the
 * first that is not, so a file that was cut anywhere reads up to its last whole
 * block.
 *
 * A reader skips items of a kind that it does not know, and reads of a body
 * that is longer than it knows the part that it knows; TASKHOLD_FILE_VERSION
 * changes only where that is not enough.
 */
#ifndef _TASKHOLD_RECORDING_H
#define _TASKHOLD_RECORDING_H

#include "types.h"

#define TASKHOLD_FILE_VERSION	1
#define TASKHOLD_BLOCK_MAGIC	0x31424854u	/* "THB1" */
#define TASKHOLD_BLOCK_MAX	(1u << 20)	/* bytes of payload, at most */

struct taskhold_block {
	__u32 magic;	/* TASKHOLD_BLOCK_MAGIC */
	__u32 len;	/* bytes of payload: a multiple of 8, <= TASKHOLD_BLOCK_MAX */
	__u64 seq;	/* 0, 1, 2, ... */
	__u64 time_ns;	/* CLOCK_BOOTTIME when it was written */
	__u32 reserved;	/* 0 */
	__u32 crc;	/* CRC32C of this struct with crc = 0, then of the payload */
};

enum taskhold_item_kind {
	TASKHOLD_ITEM_BEGIN	= 1,	/* struct taskhold_begin */
	TASKHOLD_ITEM_META	= 2,	/* text "key=value", not NUL-terminated */
	TASKHOLD_ITEM_NAME	= 3,	/* struct taskhold_name */
	TASKHOLD_ITEM_FINISHED	= 4,	/* struct taskhold_info: final; see below */
	TASKHOLD_ITEM_LIVE	= 5,	/* struct taskhold_info: the last of an id counts */
	TASKHOLD_ITEM_CGROUP	= 6,	/* struct taskhold_cgroup_stat */
	TASKHOLD_ITEM_TOTALS	= 7,	/* struct taskhold_totals; the last of a cgroup counts */
	TASKHOLD_ITEM_POLICY	= 8,	/* struct taskhold_policy_stats; the last counts */
	TASKHOLD_ITEM_END	= 9,	/* struct taskhold_end */
};

struct taskhold_item {
	__u32 len;	/* bytes of this struct and the body, without the padding */
	__u32 kind;	/* enum taskhold_item_kind */
};

/*
 * FINISHED and LIVE are of a process, or with TASKHOLD_INFO_THREAD in flags of one
 * thread of a process besides its first: tid names it, and (tgid,
 * parent_start_ns) the process, whose own item has the same numbers in its
 * sums.  So who adds up processes passes over threads.  Both take their ids from
 * one sequence, and may come in any order.
 */

enum taskhold_begin_flags {
	TASKHOLD_BEGIN_THREADS	= 1 << 0, /* threads are recorded one by one */
};

enum taskhold_scope {
	TASKHOLD_SCOPE_ALL	= 0,	/* every process of the machine */
	TASKHOLD_SCOPE_TREE	= 1,	/* one process and its descendants */
	TASKHOLD_SCOPE_CGROUP	= 2,	/* one cgroup and those below it */
};

struct taskhold_begin {
	__u32 version;		/* TASKHOLD_FILE_VERSION */
	__u32 abi;		/* TASKHOLD_ABI of the writer */
	__u8 boot_id[16];	/* of the machine's boot */
	__u64 time_ns;		/* CLOCK_BOOTTIME */
	__u64 real_ns;		/* CLOCK_REALTIME at the same moment */
	__u64 interval_ns;	/* between samples, 0: none */
	__u64 root_cgroup_id;	/* SCOPE_CGROUP: that cgroup */
	__u32 scope;		/* enum taskhold_scope */
	__u32 root_pid;		/* SCOPE_TREE: that process */
	__u32 ncpus;		/* online processors */
	__u32 flags;		/* enum taskhold_begin_flags; others: unknown, passed over */
};

/*
 * META keys: "version" (of taskhold), "hostname", "kernel" (release),
 * "machine", "command" (arguments joined by blanks), "policy" (its name), "detached"
 * (why it was, of END_DETACHED where the module has told).
 */

enum taskhold_name_what {
	TASKHOLD_NAME_CGROUP	= 1,	/* id is a cgroup id */
	TASKHOLD_NAME_EXE	= 2,	/* id is an exe_id */
};

/* A name may come before or just after the first item that uses its id. */
struct taskhold_name {
	__u64 id;
	__u32 what;	/* enum taskhold_name_what */
	__u32 len;	/* bytes of text that follow, no NUL */
	char text[];
};

enum taskhold_cgroup_when {
	TASKHOLD_CGROUP_START	= 1,	/* at the start: usage_ns with its descendants */
	TASKHOLD_CGROUP_STOP	= 2,	/* at the end; likewise */
	TASKHOLD_CGROUP_SAMPLE	= 3,	/* in between; likewise */
	TASKHOLD_CGROUP_RMDIR	= 4,	/* removed; usage_ns of itself alone */
	TASKHOLD_CGROUP_RELEASE	= 5,	/* its last task is freed; likewise, final */
};

struct taskhold_cgroup_stat {
	__u64 cgroup_id;
	__u64 usage_ns;	/* CPU time that the kernel charged to it since it was made */
	__u64 time_ns;	/* CLOCK_BOOTTIME */
	__u32 when;	/* enum taskhold_cgroup_when */
	__u32 reserved;	/* 0 */
};

enum taskhold_end_why {
	TASKHOLD_END_COMMAND	= 1,	/* the command ended */
	TASKHOLD_END_SIGNAL	= 2,	/* SIGINT or SIGTERM */
	TASKHOLD_END_DETACHED	= 3,	/* the policy was detached from outside */
	TASKHOLD_END_TASK	= 4,	/* the process given by --pid ended */
};

struct taskhold_end {
	__u64 time_ns;		/* CLOCK_BOOTTIME */
	__u64 finished;		/* FINISHED items in the file, of threads too */
	__u64 live;		/* LIVE items of the last pass over those running, likewise */
	__u64 ring_lost;	/* items other than records that found the ring buffer full */
	__u32 why;		/* enum taskhold_end_why */
	__s32 status;		/* wait(2) status of the command, -1: none */
};

_Static_assert(sizeof(struct taskhold_block) == 32, "layout");
_Static_assert(sizeof(struct taskhold_item) == 8, "layout");
_Static_assert(sizeof(struct taskhold_begin) == 72, "layout");
_Static_assert(sizeof(struct taskhold_name) == 16, "layout");
_Static_assert(sizeof(struct taskhold_cgroup_stat) == 32, "layout");
_Static_assert(sizeof(struct taskhold_end) == 40, "layout");

#endif /* _TASKHOLD_RECORDING_H */
