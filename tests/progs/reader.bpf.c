// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module says, for tests: tests/lib/reader.h runs these programs and
 * looks at what they leave in memory. They are attached to nothing.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "record_of.h"
#include "sizes.h"

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

/* in */
__u32 slot;
__s32 pid;
__u64 id;	/* of a record, for read_paths */
__u32 nth;	/* of the policies that have ended */

/* out */
int ret;
struct taskhold_stats stats;
struct taskhold_policy_stats policy;
struct taskhold_exit_info exit_info;
struct taskhold_info infos[READER_INFOS];
__u32 nr_infos;	/* more than READER_INFOS: there was no room for the others */
struct taskhold_totals totals[READER_TOTALS];
__u32 nr_totals;
char cgroup_path[TASKHOLD_PATH_MAX];
char exe_path[TASKHOLD_PATH_MAX];
int cgroup_len, exe_len;

SEC("syscall")
int read_stats(void *ctx)
{
	ret = taskhold_stats_read(&stats, sizeof(stats));
	return 0;
}

SEC("syscall")
int read_policy(void *ctx)
{
	ret = taskhold_policy_stats_read(slot, &policy, sizeof(policy));
	return 0;
}

SEC("syscall")
int read_records(void *ctx)
{
	struct bpf_iter_taskhold_rec it;
	struct taskhold_rec *rec;
	__u32 n;

	nr_infos = 0;
	bpf_rcu_read_lock();
	ret = bpf_iter_taskhold_rec_new(&it, slot, 0);
	while ((rec = bpf_iter_taskhold_rec_next(&it))) {
		n = nr_infos++;
		if (n < READER_INFOS && taskhold_rec_snapshot(rec, &infos[n], sizeof(infos[n]), 0))
			ret = -1;
	}
	bpf_iter_taskhold_rec_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
int read_paths(void *ctx)
{
	struct bpf_iter_taskhold_rec it;
	struct taskhold_info info;
	struct taskhold_rec *rec;

	ret = -1;
	bpf_rcu_read_lock();
	bpf_iter_taskhold_rec_new(&it, slot, 0);
	while ((rec = bpf_iter_taskhold_rec_next(&it))) {
		if (taskhold_rec_snapshot(rec, &info, sizeof(info), 0) || info.id != id)
			continue;
		cgroup_len = taskhold_rec_cgroup_path(rec, cgroup_path, sizeof(cgroup_path));
		exe_len = taskhold_rec_exe_path(rec, exe_path, sizeof(exe_path));
		ret = 0;
	}
	bpf_iter_taskhold_rec_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
int read_totals(void *ctx)
{
	__u64 cursor = 0;
	__u32 i;

	nr_totals = 0;
	bpf_for(i, 0, READER_TOTALS) {
		if (taskhold_totals_next(slot, &cursor, &totals[i], sizeof(totals[i])))
			break;
		nr_totals++;
	}
	return 0;
}

/* infos[0] becomes what the record of a running process says. */
SEC("syscall")
int read_process(void *ctx)
{
	struct taskhold_rec *rec = record_of(pid);

	ret = -1;
	if (!rec)
		return 0;
	ret = taskhold_rec_snapshot(rec, &infos[0], sizeof(infos[0]), 0);
	taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int read_exit_info(void *ctx)
{
	ret = taskhold_exit_info_read(nth, &exit_info, sizeof(exit_info));
	return 0;
}

SEC("syscall")
int settle(void *ctx)
{
	ret = taskhold_settle();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
