// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that are given away as memory, to helpers and to global functions, which may
 * write there: of the latter, kernels without the patches of kernel/patches ask no more
 * than whether it could be read.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

extern const struct rq runqueues __ksym;

struct local {
	struct task_struct __kptr *task;
	__u64 value;
};

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct local *local_in_btf __hidden;
struct rq *rq_in_btf __hidden;

struct held {
	struct task_struct __kptr_untrusted *unref;
	struct local __kptr *local;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct held_percpu {
	struct rq __kptr_percpu *rq;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held_percpu);
} percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

static const __u32 zero;
__u64 address;
__u64 seen;

__noinline int takes_number(__u64 *number)
{
	if (number)
		*number = 0x41414141;
	return 0;
}

__noinline int takes_int(int *number)
{
	return number ? *number : 0;
}

__noinline int takes_task(struct task_struct *task __arg_trusted)
{
	return task->pid;
}

#define READ_ONLY	"only read is supported"

SEC("syscall")
__why("a global function may write, so it is not given what nobody may write to")
__failure __msg(READ_ONLY) __stock_success
int untrusted(void *ctx)
{
	struct held *v = bpf_map_lookup_elem(&array, &zero);

	if (v)
		takes_number((__u64 *)v->unref);
	return 0;
}

SEC("syscall")
__why("nor what is an object by the program's word alone")
__failure __msg(READ_ONLY) __stock_success
int cast(void *ctx)
{
	takes_number(bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct task_struct)));
	return 0;
}

SEC("syscall")
__why("nor an object in a slot that may be another's by now, with a slot of its own in it")
__failure __msg(READ_ONLY) __stock_success
int slot_of_object(void *ctx)
{
	struct held *v = bpf_map_lookup_elem(&array, &zero);
	struct local *local;

	if (!v)
		return 0;
	local = v->local;
	if (local)
		takes_number((__u64 *)&local->task);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor what a pointer to per-CPU memory leads to")
__failure __msg(READ_ONLY)
__stock_failure __stock_msg("R1 type=scalar expected=percpu_ptr_")
int of_this_cpu(void *ctx)
{
	struct held_percpu *v = bpf_map_lookup_elem(&percpu, &zero);
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->rq;
	if (!rq)
		return 0;
	/* without an offset, as it is not trusted */
	seen = takes_int(bpf_this_cpu_ptr(rq));
	return 0;
}

SEC("syscall")
__why("nor an object of the kernel's that is trusted, at whatever offset")
__failure __msg(READ_ONLY) __stock_success
int trusted(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	seen = takes_int(&task->pid);
	return 0;
}

SEC("syscall")
__why("which it takes by its type")
__success
int by_type(void *ctx)
{
	seen = takes_task(bpf_get_current_task_btf());
	return 0;
}

SEC("syscall")
__why("an object of the program's own is its own to write to")
__success
int own(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);

	if (!local)
		return 0;
	takes_number(&local->value);
	seen = local->value;
	bpf_obj_drop(local);
	return 0;
}

SEC("syscall")
__why("but for the slots in it")
__failure __msg("direct access to kptr is disallowed")
int slot_of_own(void *ctx)
{
	struct local *local = bpf_obj_new(struct local);

	if (!local)
		return 0;
	takes_number((__u64 *)&local->task);
	bpf_obj_drop(local);
	return 0;
}

SEC("syscall")
__why("a helper that may write is not given an object of the kernel's either")
__failure __msg("bpf_probe_read_kernel() may write into memory pointed by R1 type=trusted_ptr_")
int written_by_helper(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	bpf_probe_read_kernel(&task->start_time, sizeof(task->start_time), (void *)address);
	return 0;
}

SEC("syscall")
__why("one that reads alone is")
__success
int read_by_helper(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	bpf_ringbuf_output(&ring, &task->start_time, sizeof(task->start_time), 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
