/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every policy that `taskhold record` attaches has in common: finished
 * records go into a ring buffer as items of a recording, and programs that
 * user space runs put in what it needs besides.
 *
 * A policy file includes this, defines admit(), and ends with
 *
 *	RECORDER_POLICY(.admit = (void *)admit);
 *
 * Nothing is formatted here and nothing waits: a record that finds the ring
 * buffer full is folded into its cgroup's totals by the module, which counts
 * it.
 *
 * Where nobody records, as with bpftool or `taskhold policy attach`, policy_name is
 * not set and the ring buffer is not used: finished records are kept, max_held of
 * them, for programs that walk them, and `taskhold status` counts them.
 */
#ifndef _RECORDER_BPF_H
#define _RECORDER_BPF_H

#include "vmlinux.h"
#include "taskhold.bpf.h"

#include <taskhold/recording.h>

/* Set by user space before load. */
const volatile __u64 wake_at = 1 << 20;	/* bytes in the ring buffer that wake the reader */

/* The policy's own name, for find(); empty where nobody records. */
const volatile char policy_name[TASKHOLD_NAME_LEN];

/* Set by find(), read by user space. */
__u32 slot = TASKHOLD_MAX_POLICIES;

/* Items other than records that found the ring buffer full. */
__u64 ring_lost;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

/* Names that have been put into the ring buffer. */
struct name_key {
	__u64 id;
	__u64 what;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct name_key);
	__type(value, __u8);
} named SEC(".maps");

/* struct taskhold_item and struct taskhold_name with room for the text. */
struct name_item {
	struct taskhold_item item;
	__u64 id;
	__u32 what;
	__u32 len;
	char text[TASKHOLD_PATH_MAX];
};

_Static_assert(__builtin_offsetof(struct name_item, text) ==
		       sizeof(struct taskhold_item) + sizeof(struct taskhold_name),
	       "layout");

/*
 * A CPU's last two names, and where it writes a new one: one for finish(), which
 * comes in a softirq and may interrupt the programs that user space runs, and
 * one for these.
 */
enum names_user {
	NAMES_FINISH,
	NAMES_PROCESS,
	NAMES_USERS,
};

struct names {
	__u64 cgroup_id;
	__u64 exe_id;
	struct name_item scratch;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NAMES_USERS);
	__type(key, __u32);
	__type(value, struct names);
} names SEC(".maps");

struct info_item {
	struct taskhold_item item;
	struct taskhold_info info;
};

struct cgroup_item {
	struct taskhold_item item;
	struct taskhold_cgroup_stat stat;
};

struct totals_item {
	struct taskhold_item item;
	struct taskhold_totals totals;
};

struct policy_item {
	struct taskhold_item item;
	struct taskhold_policy_stats stats;
};

static __always_inline void lost_item(void)
{
	__sync_fetch_and_add(&ring_lost, 1);
}

static __always_inline __u64 wake_flags(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wake_at ? BPF_RB_FORCE_WAKEUP :
									BPF_RB_NO_WAKEUP;
}

/*
 * Put the name of @id into the ring buffer unless it is there: that of a
 * record, or with @rec NULL that of a cgroup that the policy has sums of.
 * Returns true if it is there.
 */
static bool put_name(struct taskhold_rec *rec, struct names *cpu, __u64 id, __u32 what)
{
	struct name_key key = { .id = id, .what = what };
	struct name_item *out = &cpu->scratch;
	__u32 size;
	__u8 one = 1;
	int len;

	if (bpf_map_lookup_elem(&named, &key))
		return true;

	if (!rec)
		len = taskhold_totals_path(slot, id, out->text, sizeof(out->text));
	else if (what == TASKHOLD_NAME_CGROUP)
		len = taskhold_rec_cgroup_path(rec, out->text, sizeof(out->text));
	else
		len = taskhold_rec_exe_path(rec, out->text, sizeof(out->text));
	if (len < 0 || len >= TASKHOLD_PATH_MAX)
		return false;

	/* recording_put_raw() sees to the padding */
	size = __builtin_offsetof(struct name_item, text) + len;
	out->item.len = size;
	out->item.kind = TASKHOLD_ITEM_NAME;
	out->id = id;
	out->what = what;
	out->len = len;
	if (bpf_ringbuf_output(&ring, out, size, BPF_RB_NO_WAKEUP)) {
		lost_item();
		return false;
	}
	bpf_map_update_elem(&named, &key, &one, BPF_ANY);
	return true;
}

static __always_inline void put_names(__u32 user, struct taskhold_rec *rec, __u64 cgroup_id,
				      __u64 exe_id)
{
	struct names *cpu;

	cpu = bpf_map_lookup_elem(&names, &user);
	if (!cpu)
		return;
	if (cgroup_id && cgroup_id != cpu->cgroup_id &&
	    put_name(rec, cpu, cgroup_id, TASKHOLD_NAME_CGROUP))
		cpu->cgroup_id = cgroup_id;
	if (exe_id && exe_id != cpu->exe_id && put_name(rec, cpu, exe_id, TASKHOLD_NAME_EXE))
		cpu->exe_id = exe_id;
}

SEC("struct_ops/finish")
int BPF_PROG(finish, struct taskhold_rec *rec, struct task_struct *task)
{
	struct info_item *out;

	if (!policy_name[0])
		return TASKHOLD_KEEP;
	out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out)
		return TASKHOLD_FOLD;

	out->item.len = sizeof(*out);
	out->item.kind = TASKHOLD_ITEM_FINISHED;
	if (taskhold_rec_snapshot(rec, &out->info, sizeof(out->info), 0)) {
		bpf_ringbuf_discard(out, BPF_RB_NO_WAKEUP);
		return TASKHOLD_FOLD;
	}
	put_names(NAMES_FINISH, rec, out->info.cgroup_id, out->info.exe_id);
	bpf_ringbuf_submit(out, wake_flags());
	return TASKHOLD_DROP;
}

static __always_inline void put_cgroup(struct cgroup *cgrp, __u32 when)
{
	__u64 usage_ns = taskhold_cgroup_cpu(cgrp);
	struct cgroup_item *out;

	if (usage_ns == ~0ULL)
		return;
	out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out) {
		lost_item();
		return;
	}
	out->item.len = sizeof(*out);
	out->item.kind = TASKHOLD_ITEM_CGROUP;
	out->stat.cgroup_id = cgrp->kn->id;
	out->stat.usage_ns = usage_ns;
	out->stat.time_ns = bpf_ktime_get_boot_ns();
	out->stat.when = when;
	out->stat.reserved = 0;
	bpf_ringbuf_submit(out, wake_flags());
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_rmdir, struct cgroup *cgrp, const char *path)
{
	put_cgroup(cgrp, TASKHOLD_CGROUP_RMDIR);
	return 0;
}

SEC("tp_btf/cgroup_release")
int BPF_PROG(on_release, struct cgroup *cgrp, const char *path)
{
	put_cgroup(cgrp, TASKHOLD_CGROUP_RELEASE);
	return 0;
}

/* Find the slot of this policy. */
SEC("syscall")
int find(void *ctx)
{
	struct taskhold_policy_stats stats = {};
	__u32 i, j;

	slot = TASKHOLD_MAX_POLICIES;
	bpf_for(i, 0, TASKHOLD_MAX_POLICIES) {
		bool same = true;

		if (taskhold_policy_stats_read(i, &stats, sizeof(stats)))
			continue;
		for (j = 0; j < TASKHOLD_NAME_LEN; j++)
			same = same && stats.name[j] == policy_name[j];
		if (same)
			slot = i;
	}
	return slot == TASKHOLD_MAX_POLICIES ? -2 /* ENOENT */ : 0;
}

/*
 * Where sample() goes on: so many records had been seen when the ring buffer
 * was full, and so many had finished then; of processes and of threads, as the
 * walk yields both. User space sets both to 0 to begin.
 */
__u64 sample_from;
__u64 sample_finished;
__u64 sample_put;	/* records that the call before had room for */

/* Set by user space before load: so many records may be finishing at a moment. */
const volatile __u32 nr_cpus = 1;

/* Of one call: in memory, where the verifier does not follow how it counts. */
static __u64 sample_seen;

/*
 * Put what runs now into the ring buffer.
 *
 * Returns 0 when all are in; 1 to be called again after the ring buffer has
 * been drained; else a negative error.
 */
SEC("syscall")
int sample(void *ctx)
{
	struct taskhold_policy_stats stats = {};
	struct taskhold_rec *rec;
	__u64 from, gone;
	struct info_item *out;
	int full = 0, err;

	err = taskhold_policy_stats_read(slot, &stats, sizeof(stats));
	if (err)
		return err;
	/*
	 * The order of the walk is fixed, but each record that has finished
	 * since may have moved the others one place forward: go back so many,
	 * and those that are not counted as finished yet, and see some twice
	 * rather than miss one.
	 */
	gone = stats.finished - sample_finished;
	/* never so far that a small ring buffer gets nowhere */
	gone += nr_cpus < sample_put / 2 ? nr_cpus : sample_put / 2;
	from = sample_from > gone ? sample_from - gone : 0;

	sample_seen = 0;
	sample_put = 0;
	bpf_rcu_read_lock();
	bpf_for_each(taskhold_rec, rec, slot, 0) {
		if (sample_seen++ < from)
			continue;
		out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
		if (!out) {
			full = 1;
			break;
		}
		out->item.len = sizeof(*out);
		out->item.kind = TASKHOLD_ITEM_LIVE;
		err = taskhold_rec_snapshot(rec, &out->info, sizeof(out->info), 0);
		if (err || out->info.flags & TASKHOLD_INFO_FINISHED) {
			if (err)
				lost_item();
			bpf_ringbuf_discard(out, BPF_RB_NO_WAKEUP);
			continue;
		}
		put_names(NAMES_PROCESS, rec, out->info.cgroup_id, out->info.exe_id);
		bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
		sample_put++;
	}
	bpf_rcu_read_unlock();
	sample_from = full ? sample_seen - 1 : 0;
	sample_finished = stats.finished;
	return full;
}

/* Where sum() goes on; user space sets it to 0 to begin. */
__u64 totals_cursor;

/* Put the policy's sums and counters into the ring buffer; returns as sample(). */
SEC("syscall")
int sum(void *ctx)
{
	struct totals_item *totals;
	struct policy_item *policy;
	__u64 cursor;
	int i;

	bpf_for(i, 0, TASKHOLD_MAX_TOTALS + 1) {
		totals = bpf_ringbuf_reserve(&ring, sizeof(*totals), 0);
		if (!totals)
			return 1;
		totals->item.len = sizeof(*totals);
		totals->item.kind = TASKHOLD_ITEM_TOTALS;
		cursor = totals_cursor;
		if (taskhold_totals_next(slot, &cursor, &totals->totals, sizeof(totals->totals))) {
			bpf_ringbuf_discard(totals, BPF_RB_NO_WAKEUP);
			break;
		}
		totals_cursor = cursor;
		/* a folded record was not named: there was no room for it */
		if (totals->totals.cgroup_id)
			put_names(NAMES_PROCESS, NULL, totals->totals.cgroup_id, 0);
		bpf_ringbuf_submit(totals, BPF_RB_NO_WAKEUP);
	}

	policy = bpf_ringbuf_reserve(&ring, sizeof(*policy), 0);
	if (!policy)
		return 1;
	policy->item.len = sizeof(*policy);
	policy->item.kind = TASKHOLD_ITEM_POLICY;
	if (taskhold_policy_stats_read(slot, &policy->stats, sizeof(policy->stats)))
		bpf_ringbuf_discard(policy, BPF_RB_NO_WAKEUP);
	else
		bpf_ringbuf_submit(policy, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Counters of this policy, for a line of progress. */
struct taskhold_policy_stats progress;

SEC("syscall")
int look(void *ctx)
{
	struct taskhold_policy_stats stats = {};
	int err;

	err = taskhold_policy_stats_read(slot, &stats, sizeof(stats));
	if (!err)
		progress = stats;
	return err;
}

/* Wait until every process and thread that is dead and reaped has been finished. */
SEC("syscall")
int settle(void *ctx)
{
	return taskhold_settle();
}

/* The policy itself; user space sets name, flags and max_held before load. */
#define RECORDER_POLICY(...)					\
	SEC(".struct_ops.link")					\
	struct taskhold_ops policy = {				\
		.finish = (void *)finish,			\
		__VA_ARGS__					\
	};							\
	char _license[] SEC("license") = "GPL"

#endif /* _RECORDER_BPF_H */
