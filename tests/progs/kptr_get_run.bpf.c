// SPDX-License-Identifier: GPL-2.0-only
/* A record in a map value, to which references are taken while it stays there. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "record_of.h"

struct held {
	struct taskhold_rec __kptr *rec;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__s32 pid;
__s32 root_pid;
__s64 ret;
struct taskhold_info info;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
int put(void *ctx)
{
	struct taskhold_rec *rec = record_of(pid);
	struct held *v = first();

	ret = -1;
	if (!rec)
		return 0;
	if (v) {
		rec = bpf_kptr_xchg(&v->rec, rec);
		ret = 0;
	}
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int take(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	rec = bpf_kptr_xchg(&v->rec, NULL);
	if (rec) {
		taskhold_rec_release(rec);
		ret = 0;
	}
	return 0;
}

/* Two references, the first of which is released while the other is used. */
SEC("syscall")
int get(void *ctx)
{
	struct taskhold_rec *rec, *again;
	struct held *v = first();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	rec = taskhold_rec_kptr_get(&v->rec);
	if (!rec)
		return 0;
	ret = -3;
	again = taskhold_rec_kptr_get(&v->rec);
	taskhold_rec_release(rec);
	if (!again)
		return 0;
	ret = taskhold_rec_snapshot(again, &info, sizeof(info), 0);
	taskhold_rec_release(again);
	return 0;
}

/* A reference that is longer there than the slot has its own. */
SEC("syscall")
int get_and_take(void *ctx)
{
	struct taskhold_rec *rec, *old;
	struct held *v = first();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	rec = taskhold_rec_kptr_get(&v->rec);
	if (!rec)
		return 0;
	old = bpf_kptr_xchg(&v->rec, NULL);
	if (old)
		taskhold_rec_release(old);
	ret = taskhold_rec_snapshot(rec, &info, sizeof(info), 0);
	taskhold_rec_release(rec);
	return 0;
}

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return parent && parent->tgid == root_pid;
}

SEC("struct_ops/finish")
int BPF_PROG(on_finish, struct taskhold_rec *rec, struct task_struct *task)
{
	return TASKHOLD_DROP;
}

SEC(".struct_ops.link")
struct taskhold_ops ops = {
	.name = "kptr-get",
	.admit = (void *)on_admit,
	.finish = (void *)on_finish,
};

char LICENSE[] SEC("license") = "GPL";
