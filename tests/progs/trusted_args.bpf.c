// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kfuncs that take trusted arguments, KF_TRUSTED_ARGS: what counts as such, and
 * what does not; and what is read from fields of it, by instructions and helpers.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

#define UNTRUSTED "R1 must be referenced or trusted"

struct held {
	struct cgroup __kptr *cgrp;
	struct cgroup __kptr_untrusted *unref;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;

extern struct cgroup *bpf_cgroup_from_id(u64 id) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgrp) __ksym;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* ---- what is trusted ---- */

SEC("tp_btf/cgroup_mkdir")
__why("an argument of a tracepoint")
__success
int BPF_PROG(argument, struct cgroup *cgrp, const char *path)
{
	seen = taskhold_cgroup_cpu(cgrp);
	return 0;
}

SEC("syscall")
__why("a reference")
__success
int acquired(void *ctx)
{
	struct cgroup *cgrp = bpf_cgroup_from_id(1);

	if (!cgrp)
		return 0;
	seen = taskhold_cgroup_cpu(cgrp);
	bpf_cgroup_release(cgrp);
	return 0;
}

SEC("syscall")
__why("what is taken out of a map, which is a reference")
__success
int exchanged(void *ctx)
{
	struct held *v = first();
	struct cgroup *cgrp;

	if (!v)
		return 0;
	cgrp = bpf_kptr_xchg(&v->cgrp, NULL);
	if (!cgrp)
		return 0;
	seen = taskhold_cgroup_cpu(cgrp);
	bpf_cgroup_release(cgrp);
	return 0;
}

SEC("iter/cgroup")
__why("what an iterator shows, once it is checked")
__success
int shown(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;

	if (cgrp)
		seen = taskhold_cgroup_cpu(cgrp);
	return 0;
}

/* ---- what is not ---- */

SEC("iter/cgroup")
__why("at its end an iterator shows NULL")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int shown_unchecked(struct bpf_iter__cgroup *ctx)
{
	seen = taskhold_cgroup_cpu(ctx->cgroup);
	return 0;
}

SEC("fentry/cgroup_path_ns")
__why("an argument of a function may be on its way out")
__failure __msg(UNTRUSTED)
int BPF_PROG(of_function, struct cgroup *cgrp, char *buf, size_t buflen,
	     struct cgroup_namespace *ns)
{
	seen = taskhold_cgroup_cpu(cgrp);
	return 0;
}

SEC("fexit/cgroup_path_ns")
__why("also at the function's end")
__failure __msg(UNTRUSTED)
int BPF_PROG(of_function_at_end, struct cgroup *cgrp, char *buf, size_t buflen,
	     struct cgroup_namespace *ns, int ret)
{
	seen = taskhold_cgroup_cpu(cgrp);
	return 0;
}

SEC("fentry/__put_task_struct")
__why("and so is what is found from there")
__failure __msg(UNTRUSTED)
int BPF_PROG(found_from_function, struct task_struct *task)
{
	seen = taskhold_cgroup_cpu(task->cgroups->dfl_cgrp);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("RCU alone protects what a field names: that is not enough")
__failure __msg(UNTRUSTED)
int BPF_PROG(walked, struct task_struct *task, u64 clone_flags)
{
	seen = taskhold_cgroup_cpu(task->cgroups->dfl_cgrp);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("nor is it for what a map has")
__failure __msg(UNTRUSTED)
int BPF_PROG(in_map, struct cgroup *cgrp, const char *path)
{
	struct held *v = first();

	if (!v)
		return 0;
	cgrp = v->cgrp;
	if (cgrp)
		seen = taskhold_cgroup_cpu(cgrp);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
__why("an unreferenced kptr has nothing that is trusted")
__failure __msg(UNTRUSTED)
int BPF_PROG(unref, struct cgroup *cgrp, const char *path)
{
	struct held *v = first();

	if (!v)
		return 0;
	cgrp = v->unref;
	if (cgrp)
		seen = taskhold_cgroup_cpu(cgrp);
	return 0;
}

SEC("syscall")
__why("a reference is trusted until it is released")
__failure __msg("arg#0 pointer type STRUCT cgroup must point")
int released(void *ctx)
{
	struct cgroup *cgrp = bpf_cgroup_from_id(1);

	if (!cgrp)
		return 0;
	bpf_cgroup_release(cgrp);
	seen = taskhold_cgroup_cpu(cgrp);
	return 0;
}

/* ---- fields that helpers read ---- */

SEC("tp_btf/task_newtask")
__why("a field of a trusted task's is memory that a helper reads")
__success
int BPF_PROG(field_to_helper, struct task_struct *task, u64 clone_flags)
{
	seen = bpf_strncmp(task->comm, 12, "name") +
	       bpf_strncmp(task->comm, 16, "name") +
	       bpf_strncmp(&task->comm[8], 4, "name");
	return 0;
}

SEC("tp_btf/task_newtask")
__why("to its end and not behind it")
__failure __msg("access beyond the end of member comm")
int BPF_PROG(behind_field_to_helper, struct task_struct *task, u64 clone_flags)
{
	seen = bpf_strncmp(task->comm, 17, "name");
	return 0;
}

SEC("tp_btf/task_newtask")
__why("wherever it begins")
__failure __msg("access beyond the end of member comm")
int BPF_PROG(across_field_to_helper, struct task_struct *task, u64 clone_flags)
{
	seen = bpf_strncmp(task->comm + 1, 16, "name");
	return 0;
}

SEC("tp_btf/task_newtask")
__why("a helper does not write there")
__failure __msg("write into memory")
int BPF_PROG(write_by_helper, struct task_struct *task, u64 clone_flags)
{
	bpf_probe_read_kernel(task->comm, 16, task->comm);
	return 0;
}

SEC("fentry/__set_task_comm")
__why("nor reads what is not trusted, which only instructions may")
__failure __msg("R1 type=ptr_ expected")
int BPF_PROG(untrusted_field_to_helper, struct task_struct *task, const char *buf, bool exec)
{
	seen = bpf_strncmp(task->comm, 16, "name");
	return 0;
}

SEC("fentry/__set_task_comm")
__why("as here")
__success
int BPF_PROG(untrusted_field, struct task_struct *task, const char *buf, bool exec)
{
	seen = task->comm[0];
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
