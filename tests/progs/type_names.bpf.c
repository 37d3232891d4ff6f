// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the log names pointers that are several things at once: each flag has its
 * own word, and none hides another.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"
#include "objects.h"

struct local {
	__u64 value;
};

struct held {
	struct task_struct __kptr *task;
	struct task_struct __kptr_untrusted *unref;
	struct local __kptr *local;
	struct local __percpu_kptr *percpu;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local *local_in_btf __hidden;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ringbuf SEC(".maps");

__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("tp_btf/task_newtask")
__why("under RCU, and perhaps NULL")
__failure __msg("invalid mem access 'rcu_ptr_or_null_'")
int BPF_PROG(rcu_or_null, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		seen = v->task->pid;
	return 0;
}

SEC("syscall")
__why("untrusted, and perhaps NULL")
__failure __msg("invalid mem access 'untrusted_ptr_or_null_'")
int untrusted_or_null(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = v->task->pid;
	return 0;
}

SEC("iter/task")
__why("trusted, and perhaps NULL")
__failure __msg("invalid mem access 'trusted_ptr_or_null_'")
int trusted_or_null(struct bpf_iter__task *ctx)
{
	seen = ctx->task->pid;
	return 0;
}

SEC("syscall")
__why("the program's own, and perhaps NULL")
__failure __msg("invalid mem access 'ptr_or_null_'")
int owned_or_null(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);

	seen = local->value;
	if (local)
		bpf_obj_drop(local);
	return 0;
}

SEC("syscall")
__why("of each processor, and perhaps NULL")
__failure __msg("type=percpu_ptr_or_null_ expected=percpu_ptr_")
int percpu_or_null(void *ctx)
{
	struct local __percpu_kptr *percpu = bpf_percpu_obj_new(struct local);
	struct local *local = bpf_this_cpu_ptr(percpu);

	seen = local->value;
	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("tc")
__why("of each processor, under RCU, and perhaps NULL")
__failure __msg("type=percpu_rcu_ptr_or_null_ expected=percpu_ptr_")
int percpu_rcu_or_null(void *ctx)
{
	struct held *v = first();
	struct local *local;

	if (!v)
		return 0;
	local = bpf_this_cpu_ptr(v->percpu);
	seen = local->value;
	return 0;
}

SEC("syscall")
__why("of a ring buffer, and perhaps NULL")
__failure __msg("invalid mem access 'ringbuf_mem_or_null'")
int ringbuf_or_null(void *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&ringbuf, sizeof(*record), 0);

	*record = 1;
	if (record)
		bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("trusted")
__failure __msg("only read is supported") __msg("=trusted_ptr_task_struct")
__attribute__((naked)) int trusted_in_state(void)
{
	asm volatile ("r1 = *(u64 *)(r1 + 0);"
		      "*(u64 *)(r1 + 0) = r1;"
		      "r0 = 0;"
		      "exit;"
		      ::: "r0", "r1", "memory");
}

char LICENSE[] SEC("license") = "GPL";
