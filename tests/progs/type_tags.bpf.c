// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers that the kernel's BTF says to be of user space or of per-CPU memory,
 * and what becomes of them: they go into their own kind of kptr, and no way makes
 * ordinary pointers of them. For kernels whose compiler writes type tags.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"

struct held {
	struct robust_list_head __kptr_user *list;
	struct sockaddr __kptr_user *addr;
	struct cgroup_rstat_cpu __kptr_percpu *rstat;
	struct task_struct __kptr_untrusted *task;
	struct cgroup __kptr_untrusted *cgroup;
	struct robust_list_head __kptr_untrusted *unref;
	struct cgroup_rstat_cpu __kptr_untrusted *unref_rstat;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;
char buf[sizeof(struct robust_list_head)];

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* ---- what is accepted ---- */

SEC("fentry/__sys_getsockname")
__why("an argument of user space goes in and comes out")
__success
int BPF_PROG(store_argument, int fd, struct sockaddr *addr)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->addr = addr;
	addr = v->addr;
	if (addr)
		bpf_probe_read_user(buf, 2, addr);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("so does a field of a task")
__success
int BPF_PROG(store_field, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->list = task->robust_list;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("and one of a task that is not trusted")
__success
int BPF_PROG(store_field_of_untrusted, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (task)
		v->list = task->robust_list;
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("per-CPU memory that a field points to")
__success
int BPF_PROG(store_percpu_field, struct cgroup *cgrp, const char *path)
{
	struct cgroup_rstat_cpu *rstat;
	struct held *v = first();

	if (!v)
		return 0;
	v->rstat = cgrp->rstat_cpu;
	rstat = v->rstat;
	if (!rstat)
		return 0;
	rstat = bpf_per_cpu_ptr(rstat, 0);
	if (rstat)
		seen = rstat->bstat.cputime.sum_exec_runtime;
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("the same found through what is not trusted")
__success
int BPF_PROG(store_percpu_field_of_untrusted, struct cgroup *new, const char *path)
{
	struct held *v = first();
	struct cgroup *cgrp;

	if (!v)
		return 0;
	cgrp = v->cgroup;
	if (cgrp)
		v->rstat = cgrp->rstat_cpu;
	return 0;
}

/* ---- what must not become an ordinary pointer ---- */

SEC("fentry/__sys_getsockname")
__why("an argument of user space is not followed")
__failure __msg("access user memory")
int BPF_PROG(follow_argument, int fd, struct sockaddr *addr)
{
	seen = addr->sa_family;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor is a field of a task")
__failure __msg("access user memory")
int BPF_PROG(follow_field, struct task_struct *task, u64 clone_flags)
{
	seen = task->robust_list->futex_offset;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor one of a task that is not trusted")
__failure __msg("access user memory")
int BPF_PROG(follow_field_of_untrusted, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (task)
		seen = task->robust_list->futex_offset;
	return 0;
}

SEC("syscall")
__why("nor outside of an RCU section")
__failure __msg("access user memory")
int follow_field_while_sleepable(void *ctx)
{
	seen = bpf_get_current_task_btf()->robust_list->futex_offset;
	return 0;
}

SEC("fentry/do_exit")
__why("nor one of a pointer of the old kind")
__failure __msg("access user memory")
int BPF_PROG(follow_field_of_walked, long code)
{
	seen = bpf_get_current_task_btf()->last_wakee->robust_list->futex_offset;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("it is not stored as an ordinary pointer")
__failure __msg("type=user_ptr_ expected=ptr_robust_list_head or untrusted_ptr_robust_list_head")
int BPF_PROG(store_field_as_ordinary, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->unref = task->robust_list;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor is one of a task that is not trusted")
__failure __msg("type=user_untrusted_ptr_ expected=ptr_robust_list_head")
int BPF_PROG(store_field_of_untrusted_as_ordinary, struct task_struct *new, u64 clone_flags)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = v->task;
	if (task)
		v->unref = task->robust_list;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor exchanged for one")
__failure __msg("type=user_ptr_ expected=ptr_robust_list_head")
int BPF_PROG(exchange_field_as_ordinary, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		seen = !!kptr_xchg_insn(&v->unref, task->robust_list);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("user space is not per-CPU memory")
__failure __msg("type=user_ptr_ expected=percpu_ptr_cgroup_rstat_cpu")
int BPF_PROG(store_user_as_percpu, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->rstat = (struct cgroup_rstat_cpu *)task->robust_list;
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("nor the other way around")
__failure __msg("type=percpu_ptr_ expected=user_ptr_robust_list_head")
int BPF_PROG(store_percpu_as_user, struct cgroup *cgrp, const char *path)
{
	struct held *v = first();

	if (v)
		v->list = (struct robust_list_head *)cgrp->rstat_cpu;
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("per-CPU memory of what is not trusted is not followed")
__failure __msg("access percpu memory")
int BPF_PROG(follow_percpu_of_untrusted, struct cgroup *new, const char *path)
{
	struct held *v = first();
	struct cgroup *cgrp;

	if (!v)
		return 0;
	cgrp = v->cgroup;
	if (cgrp)
		seen = cgrp->rstat_cpu->bstat.cputime.sum_exec_runtime;
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("nor stored as an ordinary pointer")
__failure __msg("type=percpu_untrusted_ptr_ expected=ptr_cgroup_rstat_cpu")
int BPF_PROG(store_percpu_of_untrusted_as_ordinary, struct cgroup *new, const char *path)
{
	struct held *v = first();
	struct cgroup *cgrp;

	if (!v)
		return 0;
	cgrp = v->cgroup;
	if (cgrp)
		v->unref_rstat = cgrp->rstat_cpu;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a pointer of user space is no per-CPU one to the helpers")
__failure __msg("R1 type=user_ptr_ expected=percpu_ptr_")
int BPF_PROG(user_to_percpu_helper, struct task_struct *task, u64 clone_flags)
{
	struct robust_list_head *list = bpf_this_cpu_ptr(task->robust_list);

	seen = list->futex_offset;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("no kfunc takes one for an object of the kernel's")
__failure __msg("R1 must be a rcu pointer\n")
int BPF_PROG(user_to_kfunc, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_task_in_cgroup((void *)task->robust_list, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a helper does not write through it")
__failure __msg("R1 type=user_ptr_ expected=fp")
int BPF_PROG(user_to_helper, struct task_struct *task, u64 clone_flags)
{
	bpf_get_current_comm(task->robust_list, 8);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
