// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers that are read from fields of kernel objects: refused as ever, and
 * where the kernel can, the log says that it is for that reason, and of no other
 * pointer.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"

/* What the log says behind a refusal, and what the state of such a register has. */
#define WALKED		"is walked: it was read from a field of a kernel object"
#define IN_STATE	"ptr_task_struct(walked"

/* Neither, of any pointer in the program; in a state it may be the second word. */
#define __not_walked	__no_msg("is walked") __no_msg("(walked") __no_msg(",walked")

/* A kernel without the patches refuses it in the same words, and says no more. */
#define __says_walked(text)							\
	__failure __msg(text) __msg(WALKED)					\
	__stock_failure __stock_msg(text) __stock_no_msg("walked:")

extern void *bpf_rdonly_cast(const void *obj__ign, __u32 btf_id__k) __ksym;

struct held {
	struct task_struct __kptr *task;
	struct task_struct __kptr_untrusted *unref;
	struct cgroup __kptr_untrusted *cgroup;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* ---- to kfuncs ---- */

SEC("tp_btf/task_newtask")
__why("a task that a task points to is not trusted")
__says_walked("R1 must be a rcu pointer")
int BPF_PROG(walked_to_kfunc, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_task_in_cgroup(task->last_wakee, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("it is the argument that is named, and the state shows it")
__failure __msg(IN_STATE) __msg("R1 must be a rcu pointer") __msg("R1 " WALKED)
__stock_failure __stock_msg("R1 must be a rcu pointer")
int BPF_PROG(walked_in_state, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_task_in_cgroup(task->last_wakee, 1);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("a kfunc that wants more than RCU says so as well")
__says_walked("R1 must be referenced or trusted")
int BPF_PROG(walked_to_trusting_kfunc, struct cgroup *cgrp, const char *path)
{
	seen = taskhold_cgroup_cpu(cgrp->dom_cgrp);
	return 0;
}

SEC("syscall")
__why("so it is where any field is untrusted, outside of an RCU section")
__says_walked("R1 must be a rcu pointer")
int walked_while_sleepable(void *ctx)
{
	seen = taskhold_task_in_cgroup(bpf_get_current_task_btf()->real_parent, 1);
	return 0;
}

SEC("syscall")
__why("and where the object was untrusted")
__says_walked("R1 must be a rcu pointer")
int walked_from_untrusted(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->unref;
	if (task)
		seen = taskhold_task_in_cgroup(task->last_wakee, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("it is remembered where the pointer was kept on the stack")
__says_walked("R1 must be a rcu pointer")
int BPF_PROG(walked_and_spilled, struct task_struct *task, u64 clone_flags)
{
	struct task_struct *volatile spilled = task->last_wakee;

	seen = taskhold_task_in_cgroup(spilled, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a map is a kernel object as well")
__says_walked("R1 must be referenced or trusted")
int BPF_PROG(walked_from_map, struct task_struct *task, u64 clone_flags)
{
	struct bpf_map *map = (struct bpf_map *)&array;

	seen = taskhold_cgroup_cpu((void *)map->btf);
	return 0;
}

/* ---- to helpers ---- */

SEC("tp_btf/task_newtask")
__why("a helper has no use for it as memory")
__says_walked("R1 type=ptr_ expected=fp")
int BPF_PROG(walked_to_helper, struct task_struct *task, u64 clone_flags)
{
	bpf_get_current_comm(task->last_wakee, 8);
	return 0;
}

SEC("syscall")
__why("nor for an untrusted one as a value of a kptr")
__says_walked("R2 type=untrusted_ptr_ expected=ptr_")
int walked_to_exchange(void *ctx)
{
	struct held *v = first();
	struct task_struct *old;

	if (!v)
		return 0;
	old = bpf_kptr_xchg(&v->task, bpf_get_current_task_btf()->last_wakee);
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor as a reference, which its type does not tell")
__failure __msg(IN_STATE) __msg("R2 must be referenced when passed to release function")
__msg("R2 " WALKED)
__stock_failure __stock_msg("R2 must be referenced") __stock_no_msg("walked:")
int BPF_PROG(walked_to_map, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *old;

	if (!v)
		return 0;
	old = bpf_kptr_xchg(&v->task, task->last_wakee);
	if (old)
		bpf_task_release(old);
	return 0;
}

/* ---- to kptrs ---- */

SEC("tp_btf/task_newtask")
__why("a kptr of another type does not take it")
__says_walked("type=ptr_task_struct expected=ptr_cgroup or untrusted_ptr_cgroup")
int BPF_PROG(walked_to_slot, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->cgroup = (void *)task->last_wakee;
	return 0;
}

SEC("syscall")
__why("nor does one that owns what it has, by the instruction")
__failure __msg("type=untrusted_ptr_ expected=ptr_task_struct") __msg(WALKED)
__stock_failure __stock_msg("kptr in map can only be accessed using")
int walked_to_xchg_insn(void *ctx)
{
	struct held *v = first();
	struct task_struct *old;

	if (!v)
		return 0;
	old = kptr_xchg_insn(&v->task, bpf_get_current_task_btf()->last_wakee);
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor if its type is the right one, as it is no reference")
__failure __msg("must be referenced") __msg(WALKED)
__stock_failure __stock_msg("kptr in map can only be accessed using")
int BPF_PROG(walked_to_map_by_insn, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *old;

	if (!v)
		return 0;
	old = kptr_xchg_insn(&v->task, task->last_wakee);
	if (old)
		bpf_task_release(old);
	return 0;
}

/* ---- what is not walked, whether it is accepted or refused ---- */

SEC("tp_btf/task_newtask")
__why("a field that is known to be safe is accepted under RCU")
__success __msg("=rcu_ptr_task_struct(") __not_walked
int BPF_PROG(safe_field, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_task_in_cgroup(task->real_parent, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("where it is refused, that is not for the field")
__failure __msg("R1 must be referenced or trusted") __not_walked
int BPF_PROG(safe_field_to_trusting_kfunc, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_cgroup_cpu(task->cgroups->dfl_cgrp);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor where it is of another type than the kptr")
__failure __msg("type=rcu_ptr_task_struct expected=ptr_cgroup or untrusted_ptr_cgroup")
__not_walked
int BPF_PROG(safe_field_to_slot, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->cgroup = (void *)task->real_parent;
	return 0;
}

SEC("syscall")
__why("nor where the RCU section has ended")
__failure __msg("R1 must be a rcu pointer") __not_walked
int safe_field_and_unlocked(void *ctx)
{
	struct task_struct *task;

	bpf_rcu_read_lock();
	task = bpf_get_current_task_btf()->real_parent;
	bpf_rcu_read_unlock();
	seen = taskhold_task_in_cgroup(task, 1);
	return 0;
}

SEC("iter/task")
__why("a field that is trusted is accepted anywhere")
__success __msg("=trusted_ptr_seq_file(") __not_walked
int trusted_field(struct bpf_iter__task *ctx)
{
	bpf_seq_write(ctx->meta->seq, "x", 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("an argument was not read from a field")
__failure __msg("type=trusted_ptr_task_struct expected=ptr_cgroup or untrusted_ptr_cgroup")
__not_walked
int BPF_PROG(argument_to_slot, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->cgroup = (void *)task;
	return 0;
}

SEC("fentry/wake_up_new_task")
__why("nor was one that is not trusted")
__failure __msg("R1 must be a rcu pointer") __msg("=ptr_task_struct(") __not_walked
int BPF_PROG(argument_to_kfunc, struct task_struct *task)
{
	seen = taskhold_task_in_cgroup(task, 1);
	return 0;
}

SEC("syscall")
__why("what is loaded from a map was not")
__failure __msg("R1 must be a rcu pointer") __not_walked
int loaded_to_kfunc(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->unref;
	if (task)
		seen = taskhold_task_in_cgroup(task, 1);
	return 0;
}

SEC("syscall")
__why("nor what a map owns, without RCU")
__failure __msg("R1 must be a rcu pointer") __not_walked
int loaded_reference_to_kfunc(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (task)
		seen = taskhold_task_in_cgroup(task, 1);
	return 0;
}

SEC("syscall")
__why("nor where it goes to a helper")
__failure __msg("R2 type=untrusted_ptr_or_null_ expected=ptr_") __not_walked
int loaded_to_exchange(void *ctx)
{
	struct held *v = first();
	struct task_struct *old;

	if (!v)
		return 0;
	old = bpf_kptr_xchg(&v->task, v->unref);
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("syscall")
__why("nor where it goes to another kptr")
__failure __msg("type=untrusted_ptr_or_null_task_struct expected=ptr_cgroup or untrusted_ptr_")
__not_walked
int loaded_to_slot(void *ctx)
{
	struct held *v = first();

	if (v)
		v->cgroup = (void *)v->unref;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor what a kfunc returned, whatever it was made of")
__failure __msg("R1 must be a rcu pointer") __no_msg("is walked")
int BPF_PROG(returned_to_kfunc, struct task_struct *task, u64 clone_flags)
{
	task = bpf_rdonly_cast(task->last_wakee, bpf_core_type_id_kernel(struct task_struct));
	seen = taskhold_task_in_cgroup(task, 1);
	return 0;
}

/* ---- and it does not matter to what is accepted ---- */

SEC("tp_btf/task_newtask")
__why("a pointer that was read from a field can be followed as ever")
__success
int BPF_PROG(walked_on, struct task_struct *task, u64 clone_flags)
{
	seen = task->last_wakee->pid;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("and kept in a slot that does not own it")
__success
int BPF_PROG(walked_and_kept, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->unref = task->last_wakee;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
