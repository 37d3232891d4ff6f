// SPDX-License-Identifier: GPL-2.0-only
/* What the verifier must refuse and accept of the members of a policy. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

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

SEC("struct_ops/exit")
__why("a record is read only")
__failure __msg("only read is supported")
void BPF_PROG(exit_writes, struct taskhold_rec *rec, struct task_struct *task)
{
	rec->info.tgid = 0;
}

SEC("struct_ops/exit")
__why("so is a task")
__failure __msg("only read is supported")
void BPF_PROG(exit_writes_task, struct taskhold_rec *rec, struct task_struct *task)
{
	task->tgid = 0;
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
POLICY(finish_unchecked, finish);
POLICY(finish_checked, finish);
POLICY(overflow_unchecked, overflow);
POLICY(overflow_checked, overflow);
POLICY(exec_reads, exec);
POLICY(exit_writes, exit);
POLICY(exit_writes_task, exit);
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
