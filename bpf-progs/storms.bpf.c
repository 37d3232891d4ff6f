// SPDX-License-Identifier: GPL-2.0-only
/*
 * storms: name the processes that start short-lived ones faster than they should.
 *
 * For a machine that is busy with processes that are gone before anybody can look: a
 * script that calls a program for each line, a service that is restarted over and
 * over, a build. A process is short-lived if it ended within short_ms of its start.
 * Its parent is who was its parent at its birth. A parent of which more than
 * per_second short-lived children end within one second is a culprit, and stays named
 * when it has exited itself.
 *
 * Knobs:
 *	short_ms	milliseconds, 1000 if not said
 *	per_second	children a second, 100 if not said
 *	again_ms	the least time between two lines of the log about one culprit,
 *			10000 if not said
 *
 *	bpftool struct_ops register storms.bpf.o /sys/fs/bpf/policies
 *	taskhold policy attach storms.bpf.o --set per_second=500 --pin /sys/fs/bpf/storms
 *
 * Read out, by bpftool map dump name ...:
 *	storm_culprits	a row for each culprit: name, cgroup, how many short-lived
 *			children it had, how many in its worst second, the first and
 *			the last second that was too much
 *	storm_log	the newest STORM_LINES alarms; that with the highest number is
 *			the newest, 0 is a line that has not been written
 *	storm_counters	what has been seen, and what was left out
 *
 * Cost: for each process two look-ups of its parent, at birth and when it finishes,
 * and a snapshot of its record. Nothing is kept of a process that has finished.
 *
 * Bounds: STORM_PARENTS parents are watched and STORM_CULPRITS culprits named; of
 * both the least recently used go first. Seconds are those of the clock, by when the
 * children exited, and are counted by parent without a lock: a storm of a second
 * that straddles two of them may be too little in either, and where children of one
 * parent finish on several CPUs as the second turns, some may count for the wrong
 * one. Processes that are older than the policy are not counted, nor are those
 * beyond max_held (65,536) that run at once; `taskhold status` counts the latter.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_SEC	1000000000ULL
#define STORM_PARENTS	8192
#define STORM_CULPRITS	4096
#define STORM_LINES	64	/* a power of two */

const volatile __u32 short_ms = 1000;
const volatile __u32 per_second = 100;
const volatile __u32 again_ms = 10000;

/* A process: pids are reused, pairs are not. */
struct storm_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 reserved;
};

struct storm_parent {
	struct storm_key key;	/* its own: see is_of() */
	char comm[TASKHOLD_COMM_LEN];	/* as its newest child was born */
	__u64 cgroup_id;
	__u64 count;		/* short-lived children */
	__u64 second;		/* of CLOCK_BOOTTIME */
	__u64 in_second;	/* of count */
};

struct storm_culprit {
	struct storm_key key;	/* its own: see is_of() */
	char comm[TASKHOLD_COMM_LEN];
	char child[TASKHOLD_COMM_LEN];	/* the newest of the children that were too many */
	__u64 cgroup_id;	/* of the culprit, as its newest child was born */
	__u64 count;		/* short-lived children, since it was first watched */
	__u64 peak;		/* most of them in one second */
	__u64 first_ns;		/* CLOCK_BOOTTIME: exit of the first child too many */
	__u64 last_ns;		/* of the newest */
	__u64 logged_ns;	/* newest line of the log */
};

struct storm_line {
	__u64 number;		/* from 1 on */
	__u64 time_ns;		/* CLOCK_BOOTTIME */
	__u64 start_ns;		/* of the culprit */
	__u64 cgroup_id;
	__u64 in_second;	/* children in this second until then */
	__u32 tgid;
	__u32 reserved;
	char comm[TASKHOLD_COMM_LEN];
	char child[TASKHOLD_COMM_LEN];
};

struct storm_counters {
	__u64 finished;		/* processes */
	__u64 short_lived;	/* of these */
	__u64 too_many;		/* of these, those beyond per_second */
	__u64 lines;		/* written to the log, ever */
	__u64 suppressed;	/* alarms that again_ms kept out of the log */
	__u64 unnamed;		/* children of a parent that was not watched or named any more */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, STORM_PARENTS);
	__type(key, struct storm_key);
	__type(value, struct storm_parent);
} storm_parents SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, STORM_CULPRITS);
	__type(key, struct storm_key);
	__type(value, struct storm_culprit);
} storm_culprits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, STORM_LINES);
	__type(key, __u32);
	__type(value, struct storm_line);
} storm_log SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct storm_counters);
} storm_counters SEC(".maps");

static struct storm_counters *counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&storm_counters, &zero);
}

/*
 * Is it still that process's own? The element of a map at its bound is another's as soon
 * as that needs one, also for a program that has just found it. What is read of one is
 * its own if this is asked afterwards; what is written to one is asked for before, so
 * that no more than an element which goes in that very moment is written to in vain, or
 * the next child of who has it now puts it right.
 */
static bool is_of(const struct storm_key *own, const struct storm_key *key)
{
	return own->start_ns == key->start_ns && own->tgid == key->tgid;
}

/* Only who is born is held: what runs already has shown that it is not short-lived. */
SEC("struct_ops/admit")
int BPF_PROG(admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	struct storm_parent fresh = {}, *known;
	struct storm_key key = {};

	if ((event & TASKHOLD_EV_KIND) != TASKHOLD_EV_FORK || !parent)
		return 0;

	key.start_ns = parent->group_leader->start_boottime;
	key.tgid = parent->tgid;
	known = bpf_map_lookup_elem(&storm_parents, &key);
	if (known && is_of(&known->key, &key)) {
		/* it may have called exec since, or been moved */
		bpf_probe_read_kernel_str(known->comm, sizeof(known->comm), parent->comm);
		known->cgroup_id = parent->cgroups->dfl_cgrp->kn->id;
		return 1;
	}
	fresh.key = key;
	bpf_probe_read_kernel_str(fresh.comm, sizeof(fresh.comm), parent->comm);
	fresh.cgroup_id = parent->cgroups->dfl_cgrp->kn->id;
	bpf_map_update_elem(&storm_parents, &key, &fresh, BPF_NOEXIST);
	return 1;
}

/* One child more: how many that are in its second. */
static __u64 count_child(struct storm_parent *parent, __u64 exit_ns)
{
	__u64 now = exit_ns / NSEC_PER_SEC, second = parent->second;

	__sync_fetch_and_add(&parent->count, 1);
	/* who turns the second begins to count anew; what is late counts for the new one */
	if (second < now && __sync_val_compare_and_swap(&parent->second, second, now) == second)
		__sync_lock_test_and_set(&parent->in_second, 0);
	return __sync_fetch_and_add(&parent->in_second, 1) + 1;
}

static void write_line(struct storm_counters *all, const struct storm_key *key,
		       const struct storm_culprit *culprit, const struct taskhold_info *child,
		       __u64 in_second)
{
	__u64 number = __sync_fetch_and_add(&all->lines, 1) + 1;
	__u32 at = number % STORM_LINES;
	struct storm_line line = {
		.number = number,
		.time_ns = child->exit_ns,
		.start_ns = key->start_ns,
		.cgroup_id = culprit->cgroup_id,
		.in_second = in_second,
		.tgid = key->tgid,
	};

	__builtin_memcpy(line.comm, culprit->comm, sizeof(line.comm));
	__builtin_memcpy(line.child, child->comm, sizeof(line.child));
	bpf_map_update_elem(&storm_log, &at, &line, BPF_ANY);
}

static void accuse(struct storm_counters *all, const struct storm_key *key,
		   const struct storm_parent *parent, const struct taskhold_info *child,
		   __u64 in_second)
{
	struct storm_culprit fresh = {}, *culprit;
	__u64 logged;

	culprit = bpf_map_lookup_elem(&storm_culprits, key);
	if (!culprit) {
		fresh.key = *key;
		fresh.first_ns = child->exit_ns;
		bpf_map_update_elem(&storm_culprits, key, &fresh, BPF_NOEXIST);
		culprit = bpf_map_lookup_elem(&storm_culprits, key);
	}
	if (!culprit || !is_of(&culprit->key, key)) {
		__sync_fetch_and_add(&all->unnamed, 1);
		return;
	}
	__builtin_memcpy(culprit->comm, parent->comm, sizeof(culprit->comm));
	__builtin_memcpy(culprit->child, child->comm, sizeof(culprit->child));
	culprit->cgroup_id = parent->cgroup_id;
	culprit->count = parent->count;
	culprit->last_ns = child->exit_ns;
	if (culprit->peak < in_second)
		culprit->peak = in_second;

	logged = culprit->logged_ns;
	if ((logged && child->exit_ns < logged + again_ms * NSEC_PER_MSEC) ||
	    __sync_val_compare_and_swap(&culprit->logged_ns, logged, child->exit_ns) != logged)
		__sync_fetch_and_add(&all->suppressed, 1);
	else
		write_line(all, key, culprit, child, in_second);
}

SEC("struct_ops/finish")
int BPF_PROG(finish, struct taskhold_rec *rec, struct task_struct *task)
{
	struct storm_counters *all = counters();
	struct storm_parent *parent, seen;
	struct taskhold_info info = {};
	struct storm_key key = {};
	__u64 in_second;

	if (!all || taskhold_rec_snapshot(rec, &info, sizeof(info), 0))
		return TASKHOLD_DROP;

	__sync_fetch_and_add(&all->finished, 1);
	if (info.exit_ns - info.start_ns > short_ms * NSEC_PER_MSEC)
		return TASKHOLD_DROP;
	__sync_fetch_and_add(&all->short_lived, 1);

	key.start_ns = info.parent_start_ns;
	key.tgid = info.ppid;
	parent = bpf_map_lookup_elem(&storm_parents, &key);
	if (!parent || !is_of(&parent->key, &key)) {
		__sync_fetch_and_add(&all->unnamed, 1);
		return TASKHOLD_DROP;
	}
	in_second = count_child(parent, info.exit_ns);
	if (in_second > per_second) {
		__sync_fetch_and_add(&all->too_many, 1);
		seen = *parent;
		barrier();
		if (is_of(&parent->key, &key))
			accuse(all, &key, &seen, &info, in_second);
		else
			__sync_fetch_and_add(&all->unnamed, 1);
	}
	return TASKHOLD_DROP;
}

SEC(".struct_ops.link")
struct taskhold_ops storms = {
	.name = "storms",
	.admit = (void *)admit,
	.finish = (void *)finish,
};

char LICENSE[] SEC("license") = "GPL";
