// SPDX-License-Identifier: GPL-2.0-only
/* What the verifier must accept of a program that calls the kfuncs. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

struct held {
	struct taskhold_rec __kptr *rec;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} recs SEC(".maps");

struct taskhold_info info;
struct taskhold_stats stats;
struct taskhold_totals totals;
struct taskhold_policy_stats policy;
struct taskhold_exit_info ended;
char path[64];
__u64 cursor;

SEC("syscall")
__why("each kfunc once, used well")
__success
int each_kfunc(void *ctx)
{
	struct bpf_iter_taskhold_rec it;
	struct task_struct *task;
	struct taskhold_rec *rec, *other;

	taskhold_settle();
	taskhold_stats_read(&stats, sizeof(stats));
	taskhold_policy_stats_read(0, &policy, sizeof(policy));
	taskhold_totals_next(0, &cursor, &totals, sizeof(totals));
	taskhold_totals_path(0, 1, path, sizeof(path));
	taskhold_exit_info_read(0, &ended, sizeof(ended));
	taskhold_task_in_cgroup(bpf_get_current_task_btf(), 1);

	rec = taskhold_rec_lookup_in(bpf_get_current_task_btf(), taskhold_policy_slot("a policy"));
	if (rec)
		taskhold_rec_release(rec);
	rec = taskhold_rec_lookup(bpf_get_current_task_btf());
	if (rec) {
		taskhold_rec_snapshot(rec, &info, sizeof(info), 0);
		taskhold_rec_cgroup_path(rec, path, sizeof(path));
		taskhold_rec_exe_path(rec, path, sizeof(path));
		task = taskhold_rec_task(rec);
		if (task)
			bpf_task_release(task);
		other = taskhold_rec_acquire(rec);
		if (other)
			taskhold_rec_release(other);
		taskhold_rec_release(rec);
	}

	bpf_rcu_read_lock();
	bpf_iter_taskhold_rec_new(&it, 0, 0);
	while ((rec = bpf_iter_taskhold_rec_next(&it))) {
		taskhold_rec_snapshot(rec, &info, sizeof(info), 0);
		other = taskhold_rec_acquire(rec);
		if (other)
			taskhold_rec_release(other);
	}
	bpf_iter_taskhold_rec_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("a reference may go into a map, and what was there comes out")
__success
int exchanged(void *ctx)
{
	struct taskhold_rec *rec;
	struct held *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&recs, &zero);
	if (!v)
		return 0;
	rec = taskhold_rec_lookup(bpf_get_current_task_btf());
	if (!rec)
		return 0;
	rec = bpf_kptr_xchg(&v->rec, rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("fields of a record in a map may be read, but not trusted")
__success
int loaded_fields(void *ctx)
{
	struct taskhold_rec *rec;
	struct held *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&recs, &zero);
	if (!v)
		return 0;
	rec = v->rec;
	return rec ? rec->info.tgid : 0;
}

#define ACCEPTED(section, name)								\
SEC(section)										\
__why("kfuncs for " section)								\
__success										\
int name(void *ctx)									\
{											\
	struct taskhold_rec *rec = taskhold_rec_lookup(bpf_get_current_task_btf());	\
											\
	if (rec)									\
		taskhold_rec_release(rec);						\
	return 0;									\
}

ACCEPTED("tp_btf/sched_process_exit", in_tp_btf)
ACCEPTED("tp/sched/sched_process_exit", in_tp)
ACCEPTED("fentry/bpf_fentry_test1", in_fentry)
ACCEPTED("lsm/task_alloc", in_lsm)
ACCEPTED("iter/task", in_iter)
ACCEPTED("struct_ops/exec", in_struct_ops)

SEC(".struct_ops.link")
struct taskhold_ops ops = {
	.name = "accept",
	.exec = (void *)in_struct_ops,
};

char LICENSE[] SEC("license") = "GPL";
