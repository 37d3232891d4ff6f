// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/struct_ops/versions_test.c: policies that were written for other versions
 * of struct taskhold_ops. Each is made only where the test asks for it.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

__s32 root_pid;
int admits, other_admits, finishes, futures;

static bool wanted(struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;

	return parent && parent->tgid == root_pid;
}

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task)
{
	if (!wanted(task))
		return 0;
	__sync_fetch_and_add(&admits, 1);
	return 1;
}

SEC("struct_ops/admit")
int BPF_PROG(on_other_admit, struct task_struct *task)
{
	if (wanted(task))
		__sync_fetch_and_add(&other_admits, 1);
	return 0;
}

SEC("struct_ops/finish")
int BPF_PROG(on_finish, struct taskhold_rec *rec)
{
	__sync_fetch_and_add(&finishes, 1);
	return TASKHOLD_DROP;
}

SEC("struct_ops/future")
int BPF_PROG(on_future, struct task_struct *task)
{
	futures++;
	return 0;
}

/* A version with fewer members, and in another order; of one the arguments were fewer. */
struct taskhold_ops___older {
	__u32 max_held;
	char name[TASKHOLD_NAME_LEN];
	int (*finish)(struct taskhold_rec *rec, struct task_struct *task);
	int (*admit)(struct task_struct *task);
};

/* One with more of them, at the end and in between. */
struct taskhold_ops___newer {
	int (*admit)(struct task_struct *task, struct task_struct *parent, __u32 event);
	int (*future)(struct task_struct *task);
	char name[TASKHOLD_NAME_LEN];
	__u64 budget;
	__u32 max_held;
	int (*finish)(struct taskhold_rec *rec, struct task_struct *task);
	__u32 options[4];
};

/* One in which a member has another size, and one in which it is of another kind. */
struct taskhold_ops___wider {
	int (*admit)(struct task_struct *task, struct task_struct *parent, __u32 event);
	char name[TASKHOLD_NAME_LEN];
	__u64 max_held;
};

struct taskhold_ops___kind {
	int (*admit)(struct task_struct *task, struct task_struct *parent, __u32 event);
	__u64 name;
};

/* A type that no version has. */
struct taskhold_none___newer {
	int (*admit)(struct task_struct *task, struct task_struct *parent, __u32 event);
	char name[TASKHOLD_NAME_LEN];
};

SEC("?.struct_ops.link")
struct taskhold_ops___older older = {
	.max_held = 11,
	.name = "older",
	.finish = (void *)on_finish,
	.admit = (void *)on_admit,
};

SEC("?.struct_ops.link")
struct taskhold_ops___newer newer = {
	.admit = (void *)on_admit,
	.name = "newer",
	.max_held = 12,
	.finish = (void *)on_finish,
};

SEC("?.struct_ops.link")
struct taskhold_ops___newer newer_data = {
	.admit = (void *)on_admit,
	.name = "newer-data",
	.budget = 1,
};

SEC("?.struct_ops.link")
struct taskhold_ops___newer newer_array = {
	.admit = (void *)on_admit,
	.name = "newer-array",
	.options = { 0, 0, 0, 1 },
};

SEC("?.struct_ops.link")
struct taskhold_ops___newer newer_function = {
	.admit = (void *)on_admit,
	.future = (void *)on_future,
	.name = "newer-function",
	.finish = (void *)on_finish,
};

SEC("?.struct_ops.link")
struct taskhold_ops___wider wider = {
	.admit = (void *)on_admit,
	.name = "wider",
	.max_held = 13,
};

SEC("?.struct_ops.link")
struct taskhold_ops___kind kind = {
	.admit = (void *)on_admit,
};

SEC("?.struct_ops.link")
struct taskhold_none___newer nowhere = {
	.admit = (void *)on_admit,
	.name = "nowhere",
};

/* The same version as the module's. */
SEC("?.struct_ops.link")
struct taskhold_ops same = {
	.admit = (void *)on_admit,
	.finish = (void *)on_finish,
	.name = "same",
	.max_held = 14,
};

/* Another function for whoever wants it; libbpf loads none that is for no map. */
SEC("?.struct_ops.link")
struct taskhold_ops other = {
	.admit = (void *)on_other_admit,
	.name = "other",
};

char LICENSE[] SEC("license") = "GPL";
