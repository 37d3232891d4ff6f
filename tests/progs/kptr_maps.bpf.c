// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records as referenced kptrs in the kinds of map that take them, but for the
 * storage of sockets and inodes, which is the same code as that of tasks and
 * cgroups. put() and get() work on the map and key that user space chose;
 * on_finish() stores the record of a process that is gone.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "record_of.h"

extern struct cgroup *bpf_cgroup_from_id(u64 cgid) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgrp) __ksym;

struct held {
	struct taskhold_rec __kptr *rec;
	__u64 mark;
};

#include "held_maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct held);
} storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct held);
} cgroup_storage SEC(".maps");

/* in */
__s32 pid;	/* put: whose record */
__s32 owner;	/* whose storage */
__u64 cgroup_id;	/* likewise, of a cgroup */
bool store_finished;

/* out */
int ret;
struct taskhold_info info;

/* Put a reference into @v, or release it. */
static int keep(struct held *v, struct taskhold_rec *rec)
{
	if (!v) {
		taskhold_rec_release(rec);
		return -2;
	}
	rec = bpf_kptr_xchg(&v->rec, rec);
	if (rec)
		taskhold_rec_release(rec);
	return 0;
}

SEC("syscall")
int put(void *ctx)
{
	struct taskhold_rec *rec = record_of(pid);

	ret = -1;
	if (rec)
		ret = keep(lookup(), rec);
	return 0;
}

SEC("syscall")
int put_into_storage(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(owner);
	struct taskhold_rec *rec;

	ret = -1;
	if (!task)
		return 0;
	rec = record_of(pid);
	if (rec)
		ret = keep(bpf_task_storage_get(&storage, task, 0,
						BPF_LOCAL_STORAGE_GET_F_CREATE), rec);
	bpf_task_release(task);
	return 0;
}

/* Take the reference out, look at it, put it back. */
static int look(struct held *v)
{
	struct taskhold_rec *rec;
	int err;

	if (!v)
		return -2;
	rec = bpf_kptr_xchg(&v->rec, NULL);
	if (!rec)
		return -3;
	err = taskhold_rec_snapshot(rec, &info, sizeof(info), 0);
	rec = bpf_kptr_xchg(&v->rec, rec);
	if (rec)
		taskhold_rec_release(rec);
	return err;
}

SEC("syscall")
int get(void *ctx)
{
	ret = look(lookup());
	return 0;
}

SEC("syscall")
int get_from_storage(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(owner);

	ret = -1;
	if (!task)
		return 0;
	ret = look(bpf_task_storage_get(&storage, task, 0, 0));
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
int delete_from_storage(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(owner);

	ret = -1;
	if (!task)
		return 0;
	ret = bpf_task_storage_delete(&storage, task);
	bpf_task_release(task);
	return 0;
}

SEC("syscall")
int put_into_cgroup(void *ctx)
{
	struct cgroup *cgrp = bpf_cgroup_from_id(cgroup_id);
	struct taskhold_rec *rec;

	ret = -1;
	if (!cgrp)
		return 0;
	rec = record_of(pid);
	if (rec)
		ret = keep(bpf_cgrp_storage_get(&cgroup_storage, cgrp, 0,
						BPF_LOCAL_STORAGE_GET_F_CREATE), rec);
	bpf_cgroup_release(cgrp);
	return 0;
}

SEC("syscall")
int get_from_cgroup(void *ctx)
{
	struct cgroup *cgrp = bpf_cgroup_from_id(cgroup_id);

	ret = -1;
	if (!cgrp)
		return 0;
	ret = look(bpf_cgrp_storage_get(&cgroup_storage, cgrp, 0, 0));
	bpf_cgroup_release(cgrp);
	return 0;
}

SEC("syscall")
int delete_from_cgroup(void *ctx)
{
	struct cgroup *cgrp = bpf_cgroup_from_id(cgroup_id);

	ret = -1;
	if (!cgrp)
		return 0;
	ret = bpf_cgrp_storage_delete(&cgroup_storage, cgrp);
	bpf_cgroup_release(cgrp);
	return 0;
}

SEC("struct_ops/finish")
int BPF_PROG(on_finish, struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_rec *ref;

	if (!store_finished)
		return TASKHOLD_DROP;
	ref = taskhold_rec_acquire(rec);
	if (ref)
		ret = keep(lookup(), ref);
	return TASKHOLD_DROP;
}

__s32 root_pid;

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return parent && parent->tgid == root_pid;
}

SEC(".struct_ops.link")
struct taskhold_ops ops = {
	.name = "kptr-maps",
	.admit = (void *)on_admit,
	.finish = (void *)on_finish,
};

char LICENSE[] SEC("license") = "GPL";
