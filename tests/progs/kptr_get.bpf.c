// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs that take a reference to what a map's kptr points to: what the verifier
 * accepts of them, and what it must refuse.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

#define __no_kfunc __stock_failure __stock_msg("is referenced but wasn't resolved")

struct local {
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;

struct held {
	struct taskhold_rec __kptr *rec;
	struct task_struct __kptr *task;
	struct task_struct __kptr_untrusted *unref;
	struct local __kptr *local;
	__u64 mark;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { [0] = &inner },
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct held);
} lru SEC(".maps");

/* An object of the program's that has a kptr. */
struct owner {
	struct task_struct __kptr *task;
	__u64 value;
};

__u32 which;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* ---- what is accepted ---- */

SEC("syscall")
__why("the record in an array")
__success __no_kfunc
int get_rec(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_rec_kptr_get(&v->rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("the task in an array, released by vmlinux's own kfunc")
__success __no_kfunc
int BPF_PROG(get_task, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = taskhold_task_kptr_get(&v->task);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("the record in the value of a map in a map")
__success __no_kfunc
int get_from_inner(void *ctx)
{
	struct taskhold_rec *rec;
	struct held *v;
	__u32 zero = 0;
	void *map;

	map = bpf_map_lookup_elem(&outer, &zero);
	if (!map)
		return 0;
	v = bpf_map_lookup_elem(map, &zero);
	if (!v)
		return 0;
	rec = taskhold_rec_kptr_get(&v->rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("the record in this processor's value")
__success __no_kfunc
int get_from_percpu(void *ctx)
{
	struct taskhold_rec *rec;
	struct held *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&lru, &zero);
	if (!v)
		return 0;
	rec = taskhold_rec_kptr_get(&v->rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("what was got can be put into another slot")
__success __no_kfunc
int get_and_exchange(void *ctx)
{
	struct held *v = first(), *w;
	struct taskhold_rec *rec;
	__u32 one = 1;

	w = bpf_map_lookup_elem(&array, &one);
	if (!v || !w)
		return 0;
	rec = taskhold_rec_kptr_get(&v->rec);
	if (!rec)
		return 0;
	rec = bpf_kptr_xchg(&w->rec, rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

/* ---- what is released, and when ---- */

SEC("syscall")
__why("what was got must be released")
__failure __msg("Unreleased reference") __no_kfunc
int get_unreleased(void *ctx)
{
	struct held *v = first();

	return v && taskhold_rec_kptr_get(&v->rec);
}

SEC("syscall")
__why("the slot may be empty")
__failure __msg("Possibly NULL pointer passed to trusted arg0") __no_kfunc
int get_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		taskhold_rec_release(taskhold_rec_kptr_get(&v->rec));
	return 0;
}

SEC("syscall")
__why("what was got is released once")
__failure __msg("arg#0 pointer type STRUCT taskhold_rec must point to") __no_kfunc
int get_released_twice(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_rec_kptr_get(&v->rec);
	if (!rec)
		return 0;
	taskhold_rec_release(rec);
	taskhold_rec_release(rec);
	return 0;
}

/* ---- what is no slot ---- */

SEC("syscall")
__why("an address on the stack is in no map")
__failure __msg("arg#0 expected pointer to map value") __no_kfunc
int get_no_map_val(void *ctx)
{
	struct taskhold_rec *rec = NULL;

	rec = taskhold_rec_kptr_get(&rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("NULL is no slot")
__failure __msg("arg#0 expected pointer to map value") __no_kfunc
int get_null(void *ctx)
{
	struct taskhold_rec *rec = taskhold_rec_kptr_get(NULL);

	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("the value that was looked up may not be there")
__failure __msg("arg#0 expected pointer to map value") __no_kfunc
int get_no_null_map_val(void *ctx)
{
	struct taskhold_rec *rec = taskhold_rec_kptr_get(&first()->rec);

	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("an argument of the program is no slot")
__failure __msg("arg#0 expected pointer to map value") __no_kfunc
int BPF_PROG(get_argument, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task = taskhold_task_kptr_get((void *)new);

	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a reference is no slot")
__failure __msg("arg#0 expected pointer to map value") __no_kfunc
int get_acquired(void *ctx)
{
	struct task_struct *task, *got;

	task = bpf_task_acquire(bpf_get_current_task_btf());
	if (!task)
		return 0;
	got = taskhold_task_kptr_get((void *)task);
	if (got)
		bpf_task_release(got);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a slot in an object of the program's is nobody else's")
__failure __msg("arg#0 expected pointer to map value") __no_kfunc
int get_from_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = taskhold_task_kptr_get(&owner->task);
	if (task)
		bpf_task_release(task);
	bpf_obj_drop(owner);
	return 0;
}

SEC("syscall")
__why("the map itself is no value")
__failure __msg("arg#0 expected pointer to map value") __no_kfunc
int get_map(void *ctx)
{
	struct taskhold_rec *rec = taskhold_rec_kptr_get((void *)&array);

	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("other data of the value is no slot")
__failure __msg("arg#0 no referenced kptr at map value offset=32") __no_kfunc
int get_no_kptr(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_rec_kptr_get((void *)&v->mark);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("half of a slot is none")
__failure __msg("arg#0 no referenced kptr at map value offset=4") __no_kfunc
int get_misaligned(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_rec_kptr_get((void *)v + 4);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("nobody holds what an unreferenced kptr points to")
__failure __msg("arg#0 no referenced kptr at map value offset=16") __no_kfunc
int get_unref(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = taskhold_task_kptr_get((void *)&v->unref);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("an object of the program's is not of the kernel's type")
__failure __msg("arg#0 no referenced kptr at map value offset=24") __no_kfunc
int get_local(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = taskhold_task_kptr_get((void *)&v->local);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("a task is no record")
__failure __no_kfunc
__msg("taskhold_rec_kptr_get args#0 needs a kptr of STRUCT taskhold_rec, not of task_struct")
int get_bad_type(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;

	if (!v)
		return 0;
	rec = taskhold_rec_kptr_get((void *)&v->task);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
__why("nor is a record a task")
__failure __no_kfunc
__msg("taskhold_task_kptr_get args#0 needs a kptr of STRUCT task_struct, not of taskhold_rec")
int get_bad_type_of_module(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = taskhold_task_kptr_get((void *)&v->rec);
	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall")
__why("which slot it is must be known")
__failure __msg("arg#0 must have constant offset") __no_kfunc
int get_var_off(void *ctx)
{
	struct held *v = first();
	struct taskhold_rec *rec;
	__u32 i = which;

	if (!v || i > 8)
		return 0;
	rec = taskhold_rec_kptr_get((void *)v + i);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
