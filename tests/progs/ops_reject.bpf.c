// SPDX-License-Identifier: GPL-2.0-only
/* What the verifier must refuse and accept of the members of a policy. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

struct held {
	struct taskhold_rec __kptr *rec;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} recs SEC(".maps");

SEC("struct_ops/admit")
__why("there is no parent unless the event is a fork")
__failure __msg("invalid mem access 'trusted_ptr_or_null_'")
int BPF_PROG(admit_unchecked, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return parent->tgid == 1;
}

SEC("struct_ops/admit")
__why("a parent that was checked can be read")
__success
int BPF_PROG(admit_checked, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return parent && parent->tgid == 1;
}

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} stacks SEC(".maps");

SEC("struct_ops/admit")
__why("no helper but those of all programs")
__failure __msg("program of this type cannot use helper bpf_get_stackid#27")
int BPF_PROG(admit_helper, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return bpf_get_stackid(ctx, &stacks, 0);
}

SEC("struct_ops/finish")
__why("a task may have gone before its process did")
__failure __msg("invalid mem access 'trusted_ptr_or_null_'")
int BPF_PROG(finish_unchecked, struct taskhold_rec *rec, struct task_struct *task)
{
	return task->tgid == 1;
}

SEC("struct_ops/finish")
__why("a task that was checked can be read")
__success
int BPF_PROG(finish_checked, struct taskhold_rec *rec, struct task_struct *task)
{
	return task ? task->tgid == 1 : TASKHOLD_DROP;
}

SEC("struct_ops/overflow")
__why("what was lost may have had no record")
__failure __msg("pointer arithmetic on trusted_ptr_or_null_ prohibited, null-check it first")
void BPF_PROG(overflow_unchecked, struct taskhold_rec *rec, __u32 reason)
{
	if (rec->info.tgid == 1)
		bpf_printk("one");
}

SEC("struct_ops/overflow")
__why("a record that was checked can be read")
__success
void BPF_PROG(overflow_checked, struct taskhold_rec *rec, __u32 reason)
{
	if (rec && rec->info.tgid == 1)
		bpf_printk("one");
}

SEC("struct_ops/exec")
__why("the record and the task of exec are always there")
__success
void BPF_PROG(exec_reads, struct taskhold_rec *rec, struct task_struct *task)
{
	if (rec->info.tgid != (__u32)task->tgid)
		bpf_printk("two");
}

#define WRITABLE "a member of taskhold_ops can write to: data (8 bytes) of the taskhold_rec that it is given"

SEC("struct_ops/exit")
__why("what a record says is read only")
__failure __msg(WRITABLE)
void BPF_PROG(exit_writes, struct taskhold_rec *rec, struct task_struct *task)
{
	rec->info.tgid = 0;
}

SEC("struct_ops/exit")
__why("so is a task")
__failure __msg(WRITABLE)
void BPF_PROG(exit_writes_task, struct taskhold_rec *rec, struct task_struct *task)
{
	task->tgid = 0;
}

SEC("struct_ops/exit")
__why("the policy's own word in its record can be written")
__success
void BPF_PROG(exit_writes_data, struct taskhold_rec *rec, struct task_struct *task)
{
	rec->data = 1;
}

SEC("struct_ops/overflow")
__why("also where there may be no record, once that was checked")
__success
void BPF_PROG(overflow_writes_data, struct taskhold_rec *rec, __u32 reason)
{
	if (rec)
		rec->data += reason;
}

SEC("struct_ops/overflow")
__why("but not before")
__failure __msg("invalid mem access 'trusted_ptr_or_null_'")
void BPF_PROG(overflow_writes_unchecked, struct taskhold_rec *rec, __u32 reason)
{
	*(volatile __u64 *)&rec->data = reason;
}

SEC("struct_ops/exit")
__why("the word is written whole")
__failure __msg(WRITABLE)
void BPF_PROG(exit_writes_half, struct taskhold_rec *rec, struct task_struct *task)
{
	*(volatile __u32 *)&rec->data = 1;
}

SEC("struct_ops/exit")
__why("and nothing beside it")
__failure __msg(WRITABLE)
void BPF_PROG(exit_writes_beside, struct taskhold_rec *rec, struct task_struct *task)
{
	*(volatile __u64 *)((void *)__builtin_preserve_access_index(&rec->data) + 4) = 1;
}

SEC("struct_ops/exec")
__why("a record that was looked up may be another policy's")
__failure __msg(WRITABLE)
void BPF_PROG(exec_writes_looked_up, struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_rec *found = taskhold_rec_lookup(task);

	if (!found)
		return;
	found->data = 1;
	taskhold_rec_release(found);
}

SEC("struct_ops/exec")
__why("a record that is read from a map's slot may have gone")
__failure __msg("only read is supported")
void BPF_PROG(exec_writes_slot, struct taskhold_rec *rec, struct task_struct *task)
{
	__u32 key = 0;
	struct held *held = bpf_map_lookup_elem(&recs, &key);
	struct taskhold_rec *seen = held ? held->rec : NULL;

	if (seen)
		seen->data = 1;
}

SEC("struct_ops/exec")
__why("what a task leads to is not the policy's")
__failure __msg(WRITABLE)
void BPF_PROG(exec_writes_parent, struct taskhold_rec *rec, struct task_struct *task)
{
	task->real_parent->exit_code = 1;
}

SEC("struct_ops/admit")
__why("a walk takes as long as there are records: not inside a tracepoint")
__failure __msg("calling kernel function bpf_iter_taskhold_rec_new is not allowed")
int BPF_PROG(admit_walks, struct task_struct *task)
{
	struct bpf_iter_taskhold_rec it;

	bpf_iter_taskhold_rec_new(&it, 0, 0);
	bpf_iter_taskhold_rec_destroy(&it);
	return 1;
}

SEC("struct_ops/overflow")
__why("of which overflow, the last such member, is called too")
__failure __msg("calling kernel function bpf_iter_taskhold_rec_new is not allowed")
void BPF_PROG(overflow_walks, struct taskhold_rec *rec, __u32 reason)
{
	struct bpf_iter_taskhold_rec it;

	bpf_iter_taskhold_rec_new(&it, 0, 0);
	bpf_iter_taskhold_rec_destroy(&it);
}

SEC("struct_ops/attach")
__why("attach is called where it may take its time")
__success
int BPF_PROG(attach_walks)
{
	struct bpf_iter_taskhold_rec it;

	bpf_iter_taskhold_rec_new(&it, 0, 0);
	bpf_iter_taskhold_rec_destroy(&it);
	return 0;
}

SEC("struct_ops/finish")
__why("its own counters and slot a member may ask for anywhere")
__success
int BPF_PROG(finish_asks, struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_policy_stats stats;
	int slot = taskhold_policy_slot("reject");

	if (slot < 0 || taskhold_policy_stats_read(slot, &stats, sizeof(stats)))
		return TASKHOLD_FOLD;
	return stats.kept > 9 ? TASKHOLD_DROP : TASKHOLD_KEEP;
}

SEC("struct_ops/detach")
__why("how others have ended only SYSCALL programs may ask")
__failure __msg("calling kernel function taskhold_exit_info_read is not allowed")
void BPF_PROG(detach_asks, const struct taskhold_exit_info *info)
{
	struct taskhold_exit_info other;

	taskhold_exit_info_read(0, &other, sizeof(other));
}

SEC("struct_ops/detach")
__why("why it ended it is told")
__success
void BPF_PROG(detach_reads, const struct taskhold_exit_info *info)
{
	if (info->kind >= TASKHOLD_EXIT_RETVAL)
		bpf_printk("%s %llu %lld", info->text, info->stats.admitted, info->code);
}

SEC("struct_ops/detach")
__why("and can change nothing in it")
__failure __msg(WRITABLE)
void BPF_PROG(detach_writes, struct taskhold_exit_info *info)
{
	info->kind = 0;
}

#define SLEEPS(member, name, proto, ret)						\
SEC("struct_ops.s/" #member)								\
__why(#member " must not sleep")							\
__failure __msg("attach to unsupported member " #member " of struct taskhold_ops")	\
proto											\
{											\
	ret;										\
}

SLEEPS(admit, admit_sleeps, int BPF_PROG(admit_sleeps, struct task_struct *task), return 0)
SLEEPS(exec, exec_sleeps, void BPF_PROG(exec_sleeps, struct taskhold_rec *rec), return)
SLEEPS(exit, exit_sleeps, void BPF_PROG(exit_sleeps, struct taskhold_rec *rec), return)
SLEEPS(finish, finish_sleeps, int BPF_PROG(finish_sleeps, struct taskhold_rec *rec), return 0)
SLEEPS(overflow, overflow_sleeps, void BPF_PROG(overflow_sleeps, struct taskhold_rec *rec), return)

SEC("struct_ops.s/attach")
__why("attach may sleep")
__success
int BPF_PROG(attach_sleeps)
{
	return 0;
}

SEC("struct_ops.s/detach")
__why("detach may sleep")
__success
void BPF_PROG(detach_sleeps)
{
}

SEC("struct_ops/attach")
__why("attach need not sleep")
__success
int BPF_PROG(attach_plain)
{
	return 0;
}

static __u64 cursor;
static struct taskhold_totals totals;

SEC("struct_ops/attach")
__why("nobody that has a lock is interrupted by attach, or by a timer that it arms")
__success
int BPF_PROG(attach_sums)
{
	taskhold_totals_next(0, &cursor, &totals, sizeof(totals));
	return 0;
}

SEC("struct_ops/detach")
__why("nor by detach")
__success
void BPF_PROG(detach_sums)
{
	taskhold_totals_next(0, &cursor, &totals, sizeof(totals));
}

SEC("struct_ops/finish")
__why("a member that runs inside a tracepoint has no time for sums")
__failure __msg("calling kernel function taskhold_totals_next is not allowed")
int BPF_PROG(finish_sums, struct taskhold_rec *rec, struct task_struct *task)
{
	taskhold_totals_next(0, &cursor, &totals, sizeof(totals));
	return TASKHOLD_KEEP;
}

#define POLICY(prog, member)					\
SEC(".struct_ops.link")						\
struct taskhold_ops policy_##prog = {				\
	.name = "reject",					\
	.member = (void *)prog,					\
}

POLICY(admit_unchecked, admit);
POLICY(admit_checked, admit);
POLICY(admit_helper, admit);
POLICY(finish_unchecked, finish);
POLICY(finish_checked, finish);
POLICY(overflow_unchecked, overflow);
POLICY(overflow_checked, overflow);
POLICY(exec_reads, exec);
POLICY(exit_writes, exit);
POLICY(exit_writes_task, exit);
POLICY(exit_writes_data, exit);
POLICY(overflow_writes_data, overflow);
POLICY(overflow_writes_unchecked, overflow);
POLICY(exit_writes_half, exit);
POLICY(exit_writes_beside, exit);
POLICY(exec_writes_looked_up, exec);
POLICY(exec_writes_slot, exec);
POLICY(exec_writes_parent, exec);
POLICY(admit_walks, admit);
POLICY(overflow_walks, overflow);
POLICY(attach_walks, attach);
POLICY(finish_asks, finish);
POLICY(detach_asks, detach);
POLICY(detach_reads, detach);
POLICY(detach_writes, detach);
POLICY(admit_sleeps, admit);
POLICY(exec_sleeps, exec);
POLICY(exit_sleeps, exit);
POLICY(finish_sleeps, finish);
POLICY(overflow_sleeps, overflow);
POLICY(attach_sleeps, attach);
POLICY(detach_sleeps, detach);
POLICY(attach_plain, attach);
POLICY(attach_sums, attach);
POLICY(detach_sums, detach);
POLICY(finish_sums, finish);

char LICENSE[] SEC("license") = "GPL";
