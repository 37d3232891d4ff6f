/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that take and drop references to tasks: the same for vmlinux's pair of
 * kfuncs and for the module's. Who includes this defines
 *
 *	ACQUIRE, RELEASE	the two
 *	ACQUIRE_NAME		the name of the first, as a string
 *	RELEASE_NAME		and of the second
 *	__no_kfunc		what a kernel says that lacks them
 */
#include "objects.h"

#define NULL_ARG	"Possibly NULL pointer passed to trusted arg0"
#define NO_STRUCT	"arg#0 pointer type STRUCT task_struct must point"
#define NOT_ALLOWED	"calling kernel function " ACQUIRE_NAME " is not allowed"

struct held {
	struct task_struct __kptr *task;
	struct task_struct __kptr_untrusted *unref;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct owner {
	struct task_struct __kptr *task;
	__u64 value;
};

__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* ---- what can be acquired ---- */

SEC("tp_btf/task_newtask")
__why("an argument of a tracepoint is trusted")
__success __no_kfunc
int BPF_PROG(acquire_argument, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task = ACQUIRE(new);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("syscall")
__why("so is the running task")
__success __no_kfunc
int acquire_current(void *ctx)
{
	struct task_struct *task = ACQUIRE(bpf_get_current_task_btf());

	if (task)
		RELEASE(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("so is a field of a trusted task's that the kernel knows to be as good")
__success __no_kfunc
int BPF_PROG(acquire_trusted_walked, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task = ACQUIRE(new->group_leader);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("iter/task")
__why("so is what an iterator shows, once it is checked")
__success __no_kfunc
int acquire_from_iterator(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	task = ACQUIRE(task);
	if (task)
		RELEASE(task);
	return 0;
}

SEC("lsm/task_alloc")
__why("so is an argument of most hooks of LSM")
__success __no_kfunc
int BPF_PROG(acquire_from_lsm, struct task_struct *new, unsigned long clone_flags)
{
	struct task_struct *task = ACQUIRE(new);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("struct_ops/admit")
__why("so is an argument of a policy's")
__success __no_kfunc
int BPF_PROG(acquire_from_ops, struct task_struct *new, struct task_struct *parent, __u32 event)
{
	struct task_struct *task = ACQUIRE(new);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("syscall")
__why("a reference can be taken once more")
__success __no_kfunc
int acquire_acquired(void *ctx)
{
	struct task_struct *task, *again;

	task = ACQUIRE(bpf_get_current_task_btf());
	if (!task)
		return 0;
	again = ACQUIRE(task);
	RELEASE(task);
	if (again)
		RELEASE(again);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("what a map has can be acquired where RCU protects it")
__success __no_kfunc
int BPF_PROG(acquire_from_map, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (!task)
		return 0;
	task = ACQUIRE(task);
	if (task)
		RELEASE(task);
	return 0;
}

SEC("syscall")
__why("which a program that may sleep asks for")
__success __no_kfunc
int acquire_from_map_locked(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	task = v->task;
	if (task) {
		task = ACQUIRE(task);
		if (task)
			RELEASE(task);
	}
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a reference is put into a map and stays there")
__success __no_kfunc
int BPF_PROG(leave_in_map, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = ACQUIRE(new);
	if (!task)
		return 0;
	task = bpf_kptr_xchg(&v->task, task);
	if (task)
		RELEASE(task);
	return 0;
}

SEC("syscall")
__why("a reference goes with the program's object that has it")
__success __no_kfunc
int leave_in_object(void *ctx)
{
	struct owner *owner = bpf_obj_new(struct owner);
	struct task_struct *task;

	if (!owner)
		return 0;
	task = ACQUIRE(bpf_get_current_task_btf());
	if (task) {
		task = bpf_kptr_xchg(&owner->task, task);
		if (task)
			RELEASE(task);
	}
	bpf_obj_drop(owner);
	return 0;
}

/* ---- what cannot ---- */

SEC("tp_btf/task_newtask")
__why("what a map has may be NULL")
__failure __msg(NULL_ARG) __no_kfunc
int BPF_PROG(acquire_untrusted, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = ACQUIRE(v->task);
	if (task)
		RELEASE(task);
	return 0;
}

SEC("syscall")
__why("without RCU a task in a map may go at any time")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int acquire_from_map_unlocked(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (!task)
		return 0;
	task = ACQUIRE(task);
	if (task)
		RELEASE(task);
	return 0;
}

SEC("syscall")
__why("what was found under RCU is nothing behind its end")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int acquire_after_unlock(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	task = v->task;
	bpf_rcu_read_unlock();
	if (!task)
		return 0;
	task = ACQUIRE(task);
	if (task)
		RELEASE(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nobody holds what an unreferenced kptr points to")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int BPF_PROG(acquire_unref, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->unref;
	if (!task)
		return 0;
	task = ACQUIRE(task);
	if (task)
		RELEASE(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("an address on the stack is no task")
__failure __msg(NO_STRUCT) __no_kfunc
int BPF_PROG(acquire_fp, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *on_stack = new, *task;

	task = ACQUIRE((struct task_struct *)&on_stack);
	if (task)
		RELEASE(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("NULL is none")
__failure __msg(NULL_ARG) __no_kfunc
int BPF_PROG(acquire_null, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task = ACQUIRE(NULL);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a field that nothing protects is not trusted, whatever it was read from")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int BPF_PROG(acquire_walked, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task = ACQUIRE(new->last_wakee);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor is a trusted field of such a one")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int BPF_PROG(acquire_walked_twice, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task = ACQUIRE(new->last_wakee->group_leader);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a part of a task is none")
__failure __msg("expected pointer to STRUCT task_struct but R1 has a pointer to STRUCT")
__no_kfunc
int BPF_PROG(acquire_member, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *task = ACQUIRE((struct task_struct *)&new->se);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("a cgroup is none")
__failure __msg("expected pointer to STRUCT task_struct but R1 has a pointer to STRUCT cgroup")
__no_kfunc
int BPF_PROG(acquire_cgroup, struct cgroup *cgrp, const char *path)
{
	struct task_struct *task = ACQUIRE((struct task_struct *)cgrp);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("fentry/wake_up_new_task")
__why("an argument of a function that is traced is not trusted")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int BPF_PROG(acquire_from_fentry, struct task_struct *new)
{
	struct task_struct *task = ACQUIRE(new);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("fexit/wake_up_new_task")
__why("at its end even less")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int BPF_PROG(acquire_from_fexit, struct task_struct *new)
{
	struct task_struct *task = ACQUIRE(new);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("lsm/task_free")
__why("LSM is told of a task that is being freed")
__failure __msg("R1 must be a rcu pointer") __no_kfunc
int BPF_PROG(acquire_from_lsm_task_free, struct task_struct *old)
{
	struct task_struct *task = ACQUIRE(old);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("struct_ops/admit")
__why("an argument of a policy's that may be NULL is checked first")
__failure __msg(NULL_ARG) __no_kfunc
int BPF_PROG(acquire_from_ops_unchecked, struct task_struct *new, struct task_struct *parent,
	     __u32 event)
{
	struct task_struct *task = ACQUIRE(parent);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("iter/task")
__why("so is what an iterator shows")
__failure __msg(NULL_ARG) __no_kfunc
int acquire_from_iterator_unchecked(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ACQUIRE(ctx->task);

	if (task)
		RELEASE(task);
	return 0;
}

SEC("kretprobe/free_task")
__why("programs on probes have no kfuncs on tasks")
__failure __msg(NOT_ALLOWED) __no_kfunc
int acquire_in_kretprobe(void *ctx)
{
	struct task_struct *task = ACQUIRE(bpf_get_current_task_btf());

	if (task)
		RELEASE(task);
	return 0;
}

SEC("kprobe/free_task")
__why("under RCU neither")
__failure __msg(NOT_ALLOWED) __no_kfunc
int acquire_in_kprobe_under_rcu(void *ctx)
{
	struct task_struct *task;

	bpf_rcu_read_lock();
	task = ACQUIRE(bpf_get_current_task_btf());
	if (task)
		RELEASE(task);
	bpf_rcu_read_unlock();
	return 0;
}

/* ---- what must be released, and what can be ---- */

SEC("tp_btf/task_newtask")
__why("what was acquired must be released")
__failure __msg("Unreleased reference") __no_kfunc
int BPF_PROG(acquire_unreleased, struct task_struct *new, u64 clone_flags)
{
	seen = !!ACQUIRE(new);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("what was taken out of a map must be released")
__failure __msg("Unreleased reference") __no_kfunc
int BPF_PROG(xchg_unreleased, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = ACQUIRE(new);
	if (!task)
		return 0;
	seen = !!bpf_kptr_xchg(&v->task, task);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("acquiring may fail")
__failure __msg(NULL_ARG) __no_kfunc
int BPF_PROG(release_unchecked, struct task_struct *new, u64 clone_flags)
{
	RELEASE(ACQUIRE(new));
	return 0;
}

SEC("tp_btf/task_newtask")
__why("what was taken out of a map may be NULL")
__failure __msg(NULL_ARG) __no_kfunc
int BPF_PROG(release_null, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = ACQUIRE(new);
	if (!task)
		return 0;
	RELEASE(bpf_kptr_xchg(&v->task, task));
	return 0;
}

SEC("tp_btf/task_newtask")
__why("what a map has may be NULL, and is not the program's to release")
__failure __msg(NULL_ARG) __no_kfunc
int BPF_PROG(release_untrusted, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		RELEASE(v->task);
	return 0;
}

SEC("syscall")
__why("what a map still has is the map's to release, also under RCU")
__failure __msg("R1 must be referenced or trusted") __no_kfunc
int release_in_map(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	task = v->task;
	if (task)
		RELEASE(task);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tp_btf/task_newtask")
__why("an address on the stack is no task to release")
__failure __msg(NO_STRUCT) __no_kfunc
int BPF_PROG(release_fp, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *on_stack = new;

	RELEASE((struct task_struct *)&on_stack);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a trusted argument is not the program's to release")
__failure __msg("release kernel function " RELEASE_NAME " expects") __no_kfunc
int BPF_PROG(release_unacquired, struct task_struct *new, u64 clone_flags)
{
	RELEASE(new);
	return 0;
}

SEC("syscall")
__why("a reference is released once")
__failure __msg(NO_STRUCT) __no_kfunc
int release_twice(void *ctx)
{
	struct task_struct *task = ACQUIRE(bpf_get_current_task_btf());

	if (!task)
		return 0;
	RELEASE(task);
	RELEASE(task);
	return 0;
}

SEC("syscall")
__why("what was put into a map is not the program's any more")
__failure __msg(NO_STRUCT) __no_kfunc
int release_after_xchg(void *ctx)
{
	struct task_struct *task, *old;
	struct held *v = first();

	if (!v)
		return 0;
	task = ACQUIRE(bpf_get_current_task_btf());
	if (!task)
		return 0;
	old = bpf_kptr_xchg(&v->task, task);
	if (old)
		RELEASE(old);
	RELEASE(task);
	return 0;
}

SEC("syscall")
__why("a reference to a part is none")
__failure __msg("R1 must have zero offset when passed to release func") __no_kfunc
int release_offset(void *ctx)
{
	struct task_struct *task = ACQUIRE(bpf_get_current_task_btf());

	if (!task)
		return 0;
	RELEASE((struct task_struct *)((void *)task + 8));
	return 0;
}

/* One for each of the two members above; the loader picks what belongs together. */
SEC(".struct_ops.link")
struct taskhold_ops acquire_ops = {
	.name = "acquire",
	.admit = (void *)acquire_from_ops,
};

SEC(".struct_ops.link")
struct taskhold_ops acquire_ops_unchecked = {
	.name = "unchecked",
	.admit = (void *)acquire_from_ops_unchecked,
};

char LICENSE[] SEC("license") = "GPL";
