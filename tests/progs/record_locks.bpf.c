// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last reference to a record that is dropped where next to nothing may be done:
 * by a program on the function that unlocks a lock, whichever that is, and on one
 * that a CPU calls when it takes no interrupts any more.
 */
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

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} hash SEC(".maps");

/* in */
__s32 root_pid;
__s32 pid;		/* put: whose record */
bool by_element;	/* it goes with its element, by the destructor */
__u32 tid;		/* drop where a lock is held: by whom, 0: nobody */
bool at_offline;	/* drop where a CPU goes offline */

/* out */
int ret;
__u64 dropped;
__u64 callbacks;	/* that were queued for RCU meanwhile, on the same CPU */

static __u32 dropping;	/* on which CPU, counted from 1; 0: on none */

static struct held *lookup(void)
{
	__u32 zero = 0;

	if (by_element)
		return bpf_map_lookup_elem(&hash, &zero);
	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
int put(void *ctx)
{
	struct taskhold_rec *rec = record_of(pid);
	struct held *v = lookup();

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

/* Interrupts are off, so that nobody else does anything on this CPU. */
static __always_inline void drop(void)
{
	struct held *v = lookup();
	struct taskhold_rec *rec;
	__u32 zero = 0;

	if (!v)
		return;
	if (by_element) {
		dropping = bpf_get_smp_processor_id() + 1;
		if (!bpf_map_delete_elem(&hash, &zero))
			__sync_fetch_and_add(&dropped, 1);
		dropping = 0;
		return;
	}
	rec = bpf_kptr_xchg(&v->rec, NULL);
	if (!rec)
		return;
	dropping = bpf_get_smp_processor_id() + 1;
	taskhold_rec_release(rec);
	dropping = 0;
	__sync_fetch_and_add(&dropped, 1);
}

SEC("fentry/_raw_spin_unlock_irqrestore")
int BPF_PROG(on_unlock)
{
	if (tid && (__u32)bpf_get_current_pid_tgid() == tid)
		drop();
	return 0;
}

/* A lock of RCU's is held where one of its functions calls the one above. */
SEC("fentry/call_rcu")
int BPF_PROG(on_call_rcu)
{
	if (dropping == bpf_get_smp_processor_id() + 1)
		__sync_fetch_and_add(&callbacks, 1);
	return 0;
}

/* In the stopper of the CPU, after it has done what interrupts were raised for. */
SEC("fentry/sched_cpu_dying")
int BPF_PROG(on_offline)
{
	if (at_offline)
		drop();
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
	.name = "record-locks",
	.admit = (void *)on_admit,
	.finish = (void *)on_finish,
};

char LICENSE[] SEC("license") = "GPL";
