// SPDX-License-Identifier: GPL-2.0-only
/*
 * kptrs in programs that are not translated: the exchange by an instruction, which
 * needs no call. Whatever calls a kfunc is refused then.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

struct held {
	struct task_struct __kptr_untrusted *task;
	struct taskhold_rec __kptr *rec;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

/* in */
bool clear;	/* exchange for NULL */

/* out */
__u64 old;
__u64 new;
__u64 found;
__s32 pid;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
int exchange(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf(), *was;
	struct held *v = first();

	if (!v)
		return 1;
	new = clear ? 0 : (__u64)task;
	if (clear)
		was = kptr_xchg_insn(&v->task, NULL);
	else
		was = kptr_xchg_insn(&v->task, task);
	old = (__u64)was;
	pid = was ? was->pid : 0;
	found = (__u64)v->task;
	return 0;
}

SEC("syscall")
int got(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec = v ? taskhold_rec_kptr_get(&v->rec) : NULL;

	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
