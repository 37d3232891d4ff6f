// SPDX-License-Identifier: GPL-2.0-only
/*
 * One object for kernels with and without the patches of kernel/patches: tasks and
 * records in a map, by the functions of taskhold.bpf.h and kptr.bpf.h that take
 * whichever way there is. Which one it was ask() tells; nothing else differs.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "meet.h"

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;

struct held {
	struct task_struct __kptr *task;
	struct taskhold_rec __kptr *rec;
	__u64 exchanged;	/* the number of an exchange of @rec, or of a get */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct held);
} slots SEC(".maps");

/* in */
__u32 key;
__s32 pid;		/* of whom to put the task or the record */
__s32 root_pid;		/* whose children are held */
__u32 rounds;

/* out */
int ret;
__s32 number;
struct taskhold_info info;
__u64 got, missed, put;
__u32 finished_with;	/* calls of finish() that got a record from the slot */
bool by_task_kptr_get, by_task_acquire, by_rec_kptr_get, by_insn;

static struct held *lookup(void)
{
	__u32 k = key;

	return bpf_map_lookup_elem(&slots, &k);
}

SEC("syscall")
int ask(void *ctx)
{
	by_task_kptr_get = taskhold_has(taskhold_task_kptr_get);
	by_task_acquire = taskhold_has(taskhold_task_acquire);
	by_rec_kptr_get = taskhold_has(taskhold_rec_kptr_get);
	by_insn = kptr_kinds();
	return 0;
}

/* ---- tasks ---- */

SEC("syscall")
int put_task(void *ctx)
{
	struct task_struct *found, *task;
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	found = bpf_task_from_pid(pid);
	if (!found)
		return 0;
	task = taskhold_hold_task(found);
	taskhold_put_task(found);
	if (!task)
		return 0;
	task = kptr_xchg(&v->task, task);
	if (task)
		taskhold_put_task(task);
	ret = 0;
	return 0;
}

SEC("syscall")
int get_task(void *ctx)
{
	struct task_struct *task;
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	task = taskhold_get_task(&v->task);
	if (!task)
		return 0;
	number = task->pid;
	taskhold_put_task(task);
	ret = 0;
	return 0;
}

SEC("syscall")
int drop_task(void *ctx)
{
	struct task_struct *task;
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	task = kptr_xchg(&v->task, NULL);
	if (!task)
		return 0;
	taskhold_put_task(task);
	ret = 0;
	return 0;
}

/* ---- records ---- */

/* The record of process @pid into the slot. */
static int put_record(struct held *v)
{
	struct taskhold_rec *rec;
	struct task_struct *task;
	__u64 number;

	task = bpf_task_from_pid(pid);
	if (!task)
		return -2;
	rec = taskhold_rec_lookup(task);
	taskhold_put_task(task);
	if (!rec)
		return -3;
	number = meet_take_number();
	rec = kptr_xchg(&v->rec, rec);
	meet_leave_number(&v->exchanged, number);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int put_rec(void *ctx)
{
	struct held *v = lookup();

	ret = v ? put_record(v) : -1;
	return 0;
}

SEC("syscall")
int get_rec(void *ctx)
{
	struct taskhold_rec *rec;
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	rec = taskhold_get_rec(&v->rec);
	if (!rec)
		return 0;
	ret = taskhold_rec_snapshot(rec, &info, sizeof(info), 0);
	taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int drop_rec(void *ctx)
{
	struct taskhold_rec *rec;
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	rec = kptr_xchg(&v->rec, NULL);
	if (!rec)
		return 0;
	taskhold_rec_release(rec);
	ret = 0;
	return 0;
}

/* ---- many times, on several processors ---- */

SEC("syscall")
int get_many(void *ctx)
{
	struct taskhold_rec *rec;
	struct held *v = lookup();
	__u64 number;
	int i;

	if (!v)
		return 0;
	bpf_for(i, 0, rounds) {
		number = meet_take_number();
		rec = taskhold_get_rec(&v->rec);
		meet_look(&v->exchanged, number);
		meet_leave_number(&v->exchanged, number);
		if (rec) {
			__sync_fetch_and_add(&got, 1);
			taskhold_rec_release(rec);
		} else {
			__sync_fetch_and_add(&missed, 1);
		}
	}
	return 0;
}

SEC("syscall")
int put_many(void *ctx)
{
	struct held *v = lookup();
	int i;

	if (!v)
		return 0;
	bpf_for(i, 0, rounds) {
		if (!put_record(v))
			__sync_fetch_and_add(&put, 1);
	}
	return 0;
}

/* ---- the policy ---- */

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return parent && parent->tgid == root_pid;
}

SEC("struct_ops/finish")
int BPF_PROG(on_finish, struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_rec *other;
	struct held *v = lookup();

	if (!v)
		return TASKHOLD_DROP;
	other = taskhold_get_rec(&v->rec);
	if (other) {
		__sync_fetch_and_add(&finished_with, 1);
		taskhold_rec_release(other);
	}
	return TASKHOLD_DROP;
}

SEC(".struct_ops.link")
struct taskhold_ops ops = {
	.name = "both-kernels",
	.admit = (void *)on_admit,
	.finish = (void *)on_finish,
};

char LICENSE[] SEC("license") = "GPL";
