// SPDX-License-Identifier: GPL-2.0-only
/* What the verifier must refuse of a program that calls the kfuncs. */
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
__u32 size = sizeof(info);
__u64 cursor;

static struct held *first_slot(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&recs, &zero);
}

static struct taskhold_rec *own(void)
{
	return taskhold_rec_lookup(bpf_get_current_task_btf());
}

/* ---- references ---- */

SEC("syscall")
__why("a record that was looked up must be released")
__failure __msg("Unreleased reference")
int lookup_unreleased(void *ctx)
{
	return !!own();
}

SEC("struct_ops/exec")
__why("a record that was acquired must be released")
__failure __msg("Unreleased reference")
int BPF_PROG(acquire_unreleased, struct taskhold_rec *rec, struct task_struct *task)
{
	return !!taskhold_rec_acquire(rec);
}

SEC("syscall")
__why("a record is released once")
__failure __msg("arg#0 pointer type STRUCT taskhold_rec must point to")
int release_twice(void *ctx)
{
	struct taskhold_rec *rec = own();

	if (!rec)
		return 0;
	taskhold_rec_release(rec);
	taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("a record is not used after its release")
__failure __msg("arg#0 pointer type STRUCT taskhold_rec must point to")
int snapshot_released(void *ctx)
{
	struct taskhold_rec *rec = own();

	if (!rec)
		return 0;
	taskhold_rec_release(rec);
	return taskhold_rec_snapshot(rec, &info, sizeof(info), 0);
}

SEC("struct_ops/exec")
__why("a record that was passed in is not the program's to release")
__failure __msg("release kernel function taskhold_rec_release expects refcounted PTR_TO_BTF_ID")
void BPF_PROG(release_unacquired, struct taskhold_rec *rec, struct task_struct *task)
{
	taskhold_rec_release(rec);
}

SEC("syscall")
__why("NULL is no record to release")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int release_null(void *ctx)
{
	taskhold_rec_release(NULL);
	return 0;
}

SEC("syscall")
__why("a record read from a map by a load is nobody's reference")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int release_loaded(void *ctx)
{
	struct held *v = first_slot();

	if (v)
		taskhold_rec_release(v->rec);
	return 0;
}

SEC("syscall")
__why("nor is it where it was checked for NULL")
__failure __msg("R1 must be referenced or trusted")
int release_loaded_checked(void *ctx)
{
	struct held *v = first_slot();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = v->rec;
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("what the lookup returns may be NULL")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int lookup_unchecked(void *ctx)
{
	taskhold_rec_release(own());
	return 0;
}

SEC("syscall")
__why("a task of a record must be released")
__failure __msg("Unreleased reference")
int task_unreleased(void *ctx)
{
	struct taskhold_rec *rec = own();
	int ret = 0;

	if (rec) {
		ret = !!taskhold_rec_task(rec);
		taskhold_rec_release(rec);
	}
	return ret;
}

SEC("syscall")
__why("a record may have no task any more")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int task_unchecked(void *ctx)
{
	struct taskhold_rec *rec = own();
	struct task_struct *task;

	if (!rec)
		return 0;
	task = taskhold_rec_task(rec);
	taskhold_rec_release(rec);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a task is not released as a record")
__failure __msg("pointer to STRUCT taskhold_rec but R1 has a pointer to STRUCT task_struct")
int task_released_as_record(void *ctx)
{
	struct taskhold_rec *rec = own();
	struct task_struct *task;

	if (!rec)
		return 0;
	task = taskhold_rec_task(rec);
	taskhold_rec_release(rec);
	if (task)
		taskhold_rec_release((void *)task);
	return 0;
}

SEC("syscall")
__why("what comes out of a map by exchange must be released")
__failure __msg("Unreleased reference")
int exchange_unreleased(void *ctx)
{
	struct held *v = first_slot();

	return v && bpf_kptr_xchg(&v->rec, NULL);
}

SEC("syscall")
__why("a reference that went into a map is gone")
__failure __msg("arg#0 pointer type STRUCT taskhold_rec must point to")
int used_after_exchange(void *ctx)
{
	struct held *v = first_slot();
	struct taskhold_rec *rec, *old;

	if (!v)
		return 0;
	rec = own();
	if (!rec)
		return 0;
	old = bpf_kptr_xchg(&v->rec, rec);
	if (old)
		taskhold_rec_release(old);
	return taskhold_rec_snapshot(rec, &info, sizeof(info), 0);
}

SEC("syscall")
__why("only a reference of one's own goes into a map")
__failure __msg("R2 must be referenced")
int exchange_unacquired(void *ctx)
{
	struct held *v = first_slot();
	struct bpf_iter_taskhold_rec it;
	struct taskhold_rec *rec, *old = NULL;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_taskhold_rec_new(&it, 0, 0);
	rec = bpf_iter_taskhold_rec_next(&it);
	if (rec)
		old = bpf_kptr_xchg(&v->rec, rec);
	if (old)
		taskhold_rec_release(old);
	bpf_iter_taskhold_rec_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("a plain store would lose the reference that the map has")
__failure __msg("store to referenced kptr disallowed")
int stored_plainly(void *ctx)
{
	struct held *v = first_slot();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = own();
	if (!rec)
		return 0;
	v->rec = rec;
	taskhold_rec_release(rec);
	return 0;
}

/* ---- arguments ---- */

SEC("syscall")
__why("a record read from a map by a load may be gone: no snapshot")
__failure __msg("R1 must be a rcu pointer")
int snapshot_loaded(void *ctx)
{
	struct held *v = first_slot();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = v->rec;
	return rec ? taskhold_rec_snapshot(rec, &info, sizeof(info), 0) : 0;
}

SEC("syscall")
__why("nor a reference to it")
__failure __msg("R1 must be a rcu pointer")
int acquire_loaded(void *ctx)
{
	struct held *v = first_slot();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = v->rec;
	rec = rec ? taskhold_rec_acquire(rec) : NULL;
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("memory on the stack is no record")
__failure __msg("arg#0 pointer type STRUCT taskhold_rec must point to")
int snapshot_forged(void *ctx)
{
	struct taskhold_rec forged = {};

	return taskhold_rec_snapshot(&forged, &info, sizeof(info), 0);
}

SEC("syscall")
__why("a record may have a neighbour, but a program has no pointer to it")
__failure __msg("R1 must have zero offset")
int release_with_offset(void *ctx)
{
	struct taskhold_rec *rec = own();

	if (rec)
		taskhold_rec_release((void *)((char *)rec + 8));
	return 0;
}

SEC("syscall")
__why("a snapshot does not fit into a smaller buffer")
__failure __msg(" to stack R2 off=")
int snapshot_overruns(void *ctx)
{
	struct taskhold_rec *rec = own();
	__u64 small[2];
	int ret;

	if (!rec)
		return 0;
	ret = taskhold_rec_snapshot(rec, small, sizeof(info), 0);
	taskhold_rec_release(rec);
	return ret + !!small[0];
}

SEC("syscall")
__why("the size of a buffer must be bounded")
__failure __msg("unbounded memory access")
int snapshot_unbounded(void *ctx)
{
	struct taskhold_rec *rec = own();
	int ret;

	if (!rec)
		return 0;
	ret = taskhold_rec_snapshot(rec, &info, size, 0);
	taskhold_rec_release(rec);
	return ret;
}

/*
 * Memory that is not there: a number, NULL, and a map value that was not
 * checked; for each kfunc that writes to memory.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[4096]);
} memory SEC(".maps");

static void *unchecked_value(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&memory, &zero);
}

#define NOWHERE(name, call, message)							\
SEC("syscall")										\
__why("a number is no memory to write to")						\
__failure __msg(" type=scalar expected=fp\n")						\
int name##_number(void *ctx)								\
{											\
	void *out = (void *)8;								\
											\
	return call;									\
}											\
											\
SEC("syscall")										\
__why("nor is NULL")									\
__failure __msg(message)								\
int name##_null(void *ctx)								\
{											\
	void *out = NULL;								\
											\
	return call;									\
}											\
											\
SEC("syscall")										\
__why("a map value that was not checked may be NULL")					\
__failure __msg(message)								\
int name##_unchecked(void *ctx)								\
{											\
	void *out = unchecked_value();							\
											\
	return call;									\
}

NOWHERE(totals_cursor, taskhold_totals_next(0, out, &totals, sizeof(totals)),
	"Possibly NULL pointer passed to trusted arg1")
NOWHERE(totals_out, taskhold_totals_next(0, &cursor, out, sizeof(totals)),
	"Possibly NULL pointer passed to trusted arg2")
NOWHERE(totals_path, taskhold_totals_path(0, 1, out, 64),
	"Possibly NULL pointer passed to trusted arg2")
NOWHERE(stats, taskhold_stats_read(out, sizeof(stats)),
	"Possibly NULL pointer passed to trusted arg0")
NOWHERE(policy_stats, taskhold_policy_stats_read(0, out, sizeof(policy)),
	"Possibly NULL pointer passed to trusted arg1")

SEC("syscall")
__why("a task reached through an unprotected pointer may be gone")
__failure __msg("R1 must be a rcu pointer")
int lookup_walked_task(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct taskhold_rec *rec = taskhold_rec_lookup(task->last_wakee);

	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("likewise for the cgroup that it is in")
__failure __msg("R1 must be a rcu pointer")
int in_cgroup_walked_task(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return taskhold_task_in_cgroup(task->last_wakee, 1);
}

SEC("fentry/bpf_fentry_test1")
__why("a number is no cgroup")
__failure __msg("arg#0 pointer type STRUCT cgroup must point to")
int BPF_PROG(cgroup_cpu_of_number, int a)
{
	return !!taskhold_cgroup_cpu((struct cgroup *)(long)a);
}

/* ---- the iterator ---- */

SEC("syscall")
__why("a walk must be ended")
__failure __msg("Unreleased reference")
int iter_not_destroyed(void *ctx)
{
	struct bpf_iter_taskhold_rec it;

	bpf_rcu_read_lock();
	bpf_iter_taskhold_rec_new(&it, 0, 0);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("a walk must be begun")
__failure __msg("expected an initialized iter_taskhold_rec as arg #0")
int iter_not_begun(void *ctx)
{
	struct bpf_iter_taskhold_rec it;
	int ret;

	bpf_rcu_read_lock();
	ret = !!bpf_iter_taskhold_rec_next(&it);
	bpf_rcu_read_unlock();
	return ret;
}

SEC("syscall")
__why("a walk is begun once")
__failure __msg("expected uninitialized iter_taskhold_rec as arg #0")
int iter_begun_twice(void *ctx)
{
	struct bpf_iter_taskhold_rec it;

	bpf_rcu_read_lock();
	bpf_iter_taskhold_rec_new(&it, 0, 0);
	bpf_iter_taskhold_rec_new(&it, 0, 0);
	bpf_iter_taskhold_rec_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall")
__why("a program that may sleep walks in an RCU section: records may go meanwhile")
__failure __msg("expected an RCU CS when using")
int iter_outside_rcu(void *ctx)
{
	struct bpf_iter_taskhold_rec it;

	bpf_iter_taskhold_rec_new(&it, 0, 0);
	bpf_iter_taskhold_rec_destroy(&it);
	return 0;
}

SEC("syscall")
__why("what the walk returned is not used after the section that protects it")
__failure __msg("R1 must be a rcu pointer")
int iter_rec_after_section(void *ctx)
{
	struct bpf_iter_taskhold_rec it;
	struct taskhold_rec *rec;

	bpf_rcu_read_lock();
	bpf_iter_taskhold_rec_new(&it, 0, 0);
	rec = bpf_iter_taskhold_rec_next(&it);
	bpf_iter_taskhold_rec_destroy(&it);
	bpf_rcu_read_unlock();
	if (rec)
		rec = taskhold_rec_acquire(rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("what the walk returned may be NULL, and be on its way out")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int iter_acquire_unchecked(void *ctx)
{
	struct bpf_iter_taskhold_rec it;
	struct taskhold_rec *rec;

	bpf_rcu_read_lock();
	bpf_iter_taskhold_rec_new(&it, 0, 0);
	rec = bpf_iter_taskhold_rec_next(&it);
	if (rec) {
		rec = taskhold_rec_acquire(rec);
		taskhold_rec_release(rec);
	}
	bpf_iter_taskhold_rec_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

/* ---- contexts ---- */

SEC("tp_btf/task_newtask")
__why("who may have interrupted the owner of a lock does not take it")
__failure __msg("calling kernel function taskhold_totals_next is not allowed")
int BPF_PROG(totals_in_tracing, struct task_struct *task, __u64 flags)
{
	return taskhold_totals_next(0, &cursor, &totals, sizeof(totals));
}

SEC("fentry/bpf_fentry_test1")
__why("nor for a path")
__failure __msg("calling kernel function taskhold_totals_path is not allowed")
int BPF_PROG(totals_path_in_tracing, int a)
{
	char path[16];

	return taskhold_totals_path(0, 1, path, sizeof(path));
}

SEC("tp_btf/task_newtask")
__why("nor for how policies have ended")
__failure __msg("calling kernel function taskhold_exit_info_read is not allowed")
int BPF_PROG(exit_info_in_tracing, struct task_struct *task, __u64 flags)
{
	struct taskhold_exit_info ended;

	return taskhold_exit_info_read(0, &ended, sizeof(ended));
}

SEC("syscall")
__why("a name is a constant")
__failure __msg("arg#0 doesn't point to a const string")
int slot_of_what_changes(void *ctx)
{
	char name[16] = "a policy";

	return taskhold_policy_slot(name);
}

SEC("syscall")
__why("a record of one policy is a reference like any other")
__failure __msg("Unreleased reference")
int lookup_in_unreleased(void *ctx)
{
	return !taskhold_rec_lookup_in(bpf_get_current_task_btf(), 0);
}

SEC("tp_btf/task_newtask")
__why("who must not sleep cannot wait")
__failure __msg("calling kernel function taskhold_settle is not allowed")
int BPF_PROG(settle_atomic, struct task_struct *task, __u64 flags)
{
	return taskhold_settle();
}

SEC("struct_ops.s/detach")
__why("a policy that lets itself be detached must not wait for what waits for it")
__failure __msg("calling kernel function taskhold_settle is not allowed")
void BPF_PROG(settle_in_detach)
{
	taskhold_settle();
}

SEC("lsm.s/task_alloc")
__why("nor who may sleep, but under the kernel's locks")
__failure __msg("calling kernel function taskhold_settle is not allowed")
int BPF_PROG(settle_in_lsm, struct task_struct *task, unsigned long flags, int ret)
{
	return taskhold_settle();
}

SEC("syscall")
__why("nor who is in an RCU section")
__failure __msg("kernel func taskhold_settle is sleepable within rcu_read_lock region")
int settle_under_rcu(void *ctx)
{
	int ret;

	bpf_rcu_read_lock();
	ret = taskhold_settle();
	bpf_rcu_read_unlock();
	return ret;
}

SEC(".struct_ops.link")
struct taskhold_ops policy_a = {
	.name = "reject-a",
	.exec = (void *)acquire_unreleased,
};

SEC(".struct_ops.link")
struct taskhold_ops policy_b = {
	.name = "reject-b",
	.exec = (void *)release_unacquired,
	.detach = (void *)settle_in_detach,
};

char LICENSE[] SEC("license") = "GPL";
