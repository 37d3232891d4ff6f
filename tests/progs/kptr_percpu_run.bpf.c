// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pointer to the kernel's own per-CPU memory and an unreferenced kptr, stored,
 * loaded and exchanged by the instruction.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "kptr_percpu_run.h"

extern const struct rq runqueues __ksym;

struct held {
	struct rq __kptr_percpu *rq;
	struct task_struct __kptr_untrusted *task;
	__u64 mark;
};

#include "held_maps.h"

/* in */
__u32 cpu;

/* out */
int ret;
int cpu_seen;
__s32 pid_seen;

SEC("raw_tp/sys_enter")
int store(void *ctx)
{
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	v->rq = (struct rq *)&runqueues;
	v->task = bpf_get_current_task_btf();
	ret = 0;
	return 0;
}

/* Returned, as nobody may be there to see the variables. */
SEC("raw_tp/sys_enter")
int look(void *ctx)
{
	struct held *v = lookup();

	if (!v)
		return HELD_MISSING;
	return (v->rq ? PERCPU_RQ : 0) | (v->task ? PERCPU_TASK : 0);
}

SEC("raw_tp/sys_enter")
int update(void *ctx)
{
	__u64 value[sizeof(struct held) / 8];
	int i;

	for (i = 0; i < sizeof(struct held) / 8; i++)
		value[i] = HELD_BY_PROGRAM;
	return replace(value);
}

/* Whose run queue a processor has, by the run queue. */
SEC("raw_tp/sys_enter")
int load(void *ctx)
{
	struct held *v = lookup();
	struct rq *rq;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	rq = v->rq;
	if (!rq)
		return 0;
	ret = -3;
	rq = bpf_per_cpu_ptr(rq, cpu);
	if (!rq)
		return 0;
	cpu_seen = rq->cpu;
	ret = 0;
	return 0;
}

/* Take both out. */
SEC("raw_tp/sys_enter")
int exchange(void *ctx)
{
	struct held *v = lookup();
	struct task_struct *task;
	struct rq *rq;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	rq = kptr_xchg_insn(&v->rq, NULL);
	task = kptr_xchg_insn(&v->task, NULL);
	if (!rq || !task)
		return 0;
	pid_seen = task->pid;
	rq = bpf_this_cpu_ptr(rq);
	cpu_seen = rq->cpu;
	ret = 0;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
