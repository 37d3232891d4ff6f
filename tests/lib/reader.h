/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module says, through the programs of tests/progs/reader.bpf.c. */
#ifndef _TASKHOLD_TESTS_READER_H
#define _TASKHOLD_TESTS_READER_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <taskhold/types.h>

#include "lib/guest.h"
#include "../progs/sizes.h"
#include "reader.skel.h"

/* The newest BPF map and program, as the kernel counts them: one that is made later
 * has a higher number.
 */
struct bpf_newest {
	__u32 map;
	__u32 prog;
};

static inline struct bpf_newest bpf_newest(void)
{
	struct bpf_newest newest = {};

	while (!bpf_map_get_next_id(newest.map, &newest.map))
		;
	while (!bpf_prog_get_next_id(newest.prog, &newest.prog))
		;
	return newest;
}

/* How many maps and programs the kernel has that were made later. What another test
 * has left, and is going yet, is none of them.
 */
static inline int bpf_made_since(struct bpf_newest newest)
{
	int n = 0;

	while (!bpf_map_get_next_id(newest.map, &newest.map))
		n++;
	while (!bpf_prog_get_next_id(newest.prog, &newest.prog))
		n++;
	return n;
}

static inline struct reader *reader_open(void)
{
	struct reader *r = reader__open_and_load();

	if (!r)
		die("load reader.bpf.o");
	return r;
}

static inline void reader_run(struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	if (err || opts.retval)
		die("run %s: %d, returned %u", bpf_program__name(prog), err, opts.retval);
}

static inline const struct taskhold_stats *reader_stats(struct reader *r)
{
	reader_run(r->progs.read_stats);
	if (r->bss->ret)
		die("taskhold_stats_read: %d", r->bss->ret);
	return &r->bss->stats;
}

/* The counters of a policy, or NULL if there is none in that slot. */
static inline const struct taskhold_policy_stats *reader_policy(struct reader *r, __u32 slot)
{
	r->bss->slot = slot;
	reader_run(r->progs.read_policy);
	return r->bss->ret ? NULL : &r->bss->policy;
}

/* How a policy has ended, the last for 0; NULL where no more are known. */
static inline const struct taskhold_exit_info *reader_exit_info(struct reader *r, __u32 nth)
{
	r->bss->nth = nth;
	reader_run(r->progs.read_exit_info);
	if (r->bss->ret && r->bss->ret != -ENOENT)
		die("taskhold_exit_info_read: %d", r->bss->ret);
	return r->bss->ret ? NULL : &r->bss->exit_info;
}

/* The slot of a policy by its name, -1 if it is not attached. */
static inline int reader_slot(struct reader *r, const char *name)
{
	const struct taskhold_policy_stats *stats;
	__u32 slot;

	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		stats = reader_policy(r, slot);
		if (stats && !strcmp(stats->name, name))
			return slot;
	}
	return -1;
}

static inline bool reader_has_ended(struct reader *r, const char *name)
{
	const struct taskhold_exit_info *info = reader_exit_info(r, 0);

	/* its slot is empty before it has ended */
	return info && !strcmp(info->stats.name, name) && reader_slot(r, name) < 0;
}

/* Waits until a policy is attached no more, and is the last that has ended; how it did. */
static inline const struct taskhold_exit_info *reader_ended(struct reader *r, const char *name)
{
	if (!until(10, reader_has_ended(r, name)))
		die("policy %s does not end", name);
	return reader_exit_info(r, 0);
}

/* All records of a policy into r->bss->infos; how many. */
static inline __u32 reader_records(struct reader *r, __u32 slot)
{
	r->bss->slot = slot;
	reader_run(r->progs.read_records);
	if (r->bss->nr_infos > READER_INFOS)
		die("%u records, room for %u", r->bss->nr_infos, READER_INFOS);
	return r->bss->nr_infos;
}

/* The record of a process, the newest if pids were reused; NULL if there is none. */
static inline const struct taskhold_info *reader_find(struct reader *r, __u32 slot, pid_t pid)
{
	const struct taskhold_info *found = NULL;
	__u32 n = reader_records(r, slot), i;

	for (i = 0; i < n; i++) {
		const struct taskhold_info *info = &r->bss->infos[i];

		if ((pid_t)info->tgid == pid && !(info->flags & TASKHOLD_INFO_THREAD) &&
		    (!found || info->id > found->id))
			found = info;
	}
	return found;
}

/* The record of a thread, likewise. */
static inline const struct taskhold_info *reader_find_thread(struct reader *r, __u32 slot,
							     pid_t tid)
{
	const struct taskhold_info *found = NULL;
	__u32 n = reader_records(r, slot), i;

	for (i = 0; i < n; i++) {
		const struct taskhold_info *info = &r->bss->infos[i];

		if ((pid_t)info->tid == tid && info->flags & TASKHOLD_INFO_THREAD &&
		    (!found || info->id > found->id))
			found = info;
	}
	return found;
}

/* Sums of a policy by cgroup into r->bss->totals; how many. */
static inline __u32 reader_totals(struct reader *r, __u32 slot)
{
	r->bss->slot = slot;
	reader_run(r->progs.read_totals);
	return r->bss->nr_totals;
}

static inline const struct taskhold_totals *reader_totals_of(struct reader *r, __u32 slot,
							     __u64 cgroup_id)
{
	__u32 n = reader_totals(r, slot), i;

	for (i = 0; i < n; i++) {
		if (r->bss->totals[i].cgroup_id == cgroup_id)
			return &r->bss->totals[i];
	}
	return NULL;
}

/* Waits until all that has been reaped, and is off the CPU, is finished. */
static inline void reader_settle(struct reader *r)
{
	reader_run(r->progs.settle);
}

/*
 * Waits until no more than @live records are those of running processes, and
 * whatever comes of the others has been done. Who has been reaped may still
 * be on its way off the CPU, and reader_settle() does not wait for that.
 */
static inline void reader_finish(struct reader *r, __u64 live)
{
	if (!until(10, (reader_settle(r), reader_stats(r)->live <= live)))
		die("%llu processes of %llu have not finished", r->bss->stats.live - live,
		    r->bss->stats.live);
	/* the count goes down before finish() has returned */
	reader_settle(r);
}

#endif /* _TASKHOLD_TESTS_READER_H */
