// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two policies that hold the same processes, and what each sees and remembers of
 * them: its own records, and its own word in each of these.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "record_of.h"

/* in */
__s32 root_pid; /* its children are held by both, */
__s32 only_b;	/* this one by the second alone */
__s32 pid;	/* for look_up */

/* out, by policy */
__u64 first_word[2]; /* the word as exit() found it */
__u64 last_word[2];  /* and as finish() did */
int slot[2];
__u64 found[2];	     /* id of the record of pid, 0: none */
__u64 any;	     /* the same without a policy */
__u64 word[2];	     /* what it has in the record of pid */
__u64 beyond;	     /* of a slot that there is not */

static int admit(struct task_struct *task, bool is_b)
{
	struct task_struct *parent = task->real_parent;

	return parent && parent->tgid == root_pid && (is_b || task->tgid != only_b);
}

static void on_exec(struct taskhold_rec *rec, int who)
{
	rec->data = rec->info.tgid * 10ULL + who;
}

#define MEMBERS(who)									\
SEC("struct_ops/admit")									\
int BPF_PROG(admit_##who, struct task_struct *task)					\
{											\
	return admit(task, who);							\
}											\
											\
SEC("struct_ops/exec")									\
void BPF_PROG(exec_##who, struct taskhold_rec *rec)					\
{											\
	on_exec(rec, who);								\
}											\
											\
SEC("struct_ops/exit")									\
void BPF_PROG(exit_##who, struct taskhold_rec *rec)					\
{											\
	first_word[who] = rec->data;							\
	/* also by one instruction */							\
	if (who)									\
		__sync_fetch_and_add(&rec->data, 1000000000);				\
	else										\
		rec->data += 1000000000;						\
}											\
											\
SEC("struct_ops/finish")								\
int BPF_PROG(finish_##who, struct taskhold_rec *rec)					\
{											\
	last_word[who] = rec->data;							\
	return TASKHOLD_DROP;								\
}

MEMBERS(0)
MEMBERS(1)

static __u64 look(struct task_struct *task, __u32 at, __u64 *data)
{
	struct taskhold_rec *rec = taskhold_rec_lookup_in(task, at);
	__u64 id;

	if (!rec)
		return 0;
	id = rec->info.id;
	*data = rec->data;
	taskhold_rec_release(rec);
	return id;
}

SEC("syscall")
int look_up(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);
	struct taskhold_rec *rec;

	slot[0] = taskhold_policy_slot("own-a");
	slot[1] = taskhold_policy_slot("own-b");
	if (!task)
		return -1;
	found[0] = look(task, slot[0], &word[0]);
	found[1] = look(task, slot[1], &word[1]);
	beyond = look(task, TASKHOLD_MAX_POLICIES, &word[0]);
	rec = taskhold_rec_lookup(task);
	any = rec ? rec->info.id : 0;
	if (rec)
		taskhold_rec_release(rec);
	bpf_task_release(task);
	return 0;
}

SEC(".struct_ops.link")
struct taskhold_ops own_a = {
	.name = "own-a",
	.admit = (void *)admit_0,
	.exec = (void *)exec_0,
	.exit = (void *)exit_0,
	.finish = (void *)finish_0,
};

SEC(".struct_ops.link")
struct taskhold_ops own_b = {
	.name = "own-b",
	.admit = (void *)admit_1,
	.exec = (void *)exec_1,
	.exit = (void *)exit_1,
	.finish = (void *)finish_1,
};

char LICENSE[] SEC("license") = "GPL";
