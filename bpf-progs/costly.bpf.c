// SPDX-License-Identifier: GPL-2.0-only
/*
 * costly: keep the processes that have cost much CPU time, and sum up the rest.
 *
 * For a machine on which most processes are too cheap to be worth a line each. All
 * are held. When one is gone for good and its numbers are final, it is kept if it has
 * used min_ms of CPU time or more, what it had used before the policy came included;
 * else it is folded into the sums of its cgroup (TASKHOLD_FOLD).
 *
 * Knob: min_ms, milliseconds of CPU time, 100 if not said; 0 keeps all.
 *
 *	bpftool struct_ops register costly.bpf.o /sys/fs/bpf/policies
 *	taskhold policy attach costly.bpf.o --set min_ms=500 --pin /sys/fs/bpf/costly
 *
 * Read out: `bpftool map dump name costly_rows` has a row for each costly process,
 * by the number of its record. The records themselves are there for whoever walks
 * them (bpf_for_each(taskhold_rec, ...)), and so are the sums by cgroup
 * (taskhold_totals_next()). `taskhold status` says how many were kept and folded.
 *
 * Cost: for each process a snapshot of its record when it finishes; a row for each
 * costly one.
 *
 * Bounds: COSTLY_ROWS rows, of which the least recently written go first; max_held
 * records (65,536), of which the oldest are folded first. Where more than max_held
 * processes run at once, those beyond are folded whatever they cost, and counted as
 * folded because of the bound.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#define NSEC_PER_MSEC	1000000ULL
#define COSTLY_ROWS	4096

const volatile __u32 min_ms = 100;

/* Times in CLOCK_BOOTTIME ns, memory in bytes: as in struct taskhold_info. */
struct costly_row {
	char comm[TASKHOLD_COMM_LEN];
	__u32 tgid;
	__u32 ppid;
	__u32 uid;
	__u32 exit_code;	/* wait(2) status */
	__u64 cgroup_id;
	__u64 start_ns;
	__u64 exit_ns;
	__u64 cpu_ns;		/* with what it had used before it was held */
	__u64 user_ns;		/* this and what follows: while it was held */
	__u64 sys_ns;
	__u64 max_rss;
	__u64 read_bytes;
	__u64 write_bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, COSTLY_ROWS);
	__type(key, __u64);	/* taskhold_info.id */
	__type(value, struct costly_row);
} costly_rows SEC(".maps");

SEC("struct_ops/finish")
int BPF_PROG(finish, struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_info info = {};
	struct costly_row row = {};
	__u64 cpu_ns;

	/* it has the size that is asked for, and a final record is locked by nobody */
	if (taskhold_rec_snapshot(rec, &info, sizeof(info), 0))
		return TASKHOLD_FOLD;
	cpu_ns = info.cpu_before_ns + info.use.cpu_ns;
	if (cpu_ns < min_ms * NSEC_PER_MSEC)
		return TASKHOLD_FOLD;

	__builtin_memcpy(row.comm, info.comm, sizeof(row.comm));
	row.tgid = info.tgid;
	row.ppid = info.ppid;
	row.uid = info.uid;
	row.exit_code = info.exit_code;
	row.cgroup_id = info.cgroup_id;
	row.start_ns = info.start_ns;
	row.exit_ns = info.exit_ns;
	row.cpu_ns = cpu_ns;
	row.user_ns = info.use.user_ns;
	row.sys_ns = info.use.sys_ns;
	row.max_rss = info.max_rss;
	row.read_bytes = info.use.read_bytes;
	row.write_bytes = info.use.write_bytes;
	/* no memory for a row: the record is there all the same */
	bpf_map_update_elem(&costly_rows, &info.id, &row, BPF_ANY);
	return TASKHOLD_KEEP;
}

SEC(".struct_ops.link")
struct taskhold_ops costly = {
	.name = "costly",
	.finish = (void *)finish,
};

char LICENSE[] SEC("license") = "GPL";
