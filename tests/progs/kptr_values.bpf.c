// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values with kptrs of all the kinds that stock kernels have, several of each,
 * in arrays and structs of their own, between ordinary data. What the programs
 * do is chosen by user space, by the variables below and those of held_maps.h.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "exchange.bpf.h"
#include "kptr_values.h"
#include "objects.h"

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void *bpf_rdonly_cast(const void *obj__ign, __u32 btf_id__k) __ksym;

struct local {
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;

struct nested {
	struct task_struct __kptr *task;
	__u64 mark;
};

/* struct values_seen is how user space sees it. */
struct held {
	__u64 head;
	struct task_struct __kptr *task;
	__u64 mark;
	struct task_struct __kptr_untrusted *unref;
	struct task_struct __kptr *more[3];
	struct nested nested[2];
	struct local __kptr *local;
	struct local __percpu_kptr *percpu;
	__u64 tail;
};

_Static_assert(sizeof(struct held) == sizeof(struct values_seen), "as user space sees it");

#include "held_maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct held);
} sk_storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct held);
} inode_storage SEC(".maps");

/* in */
__s32 pid;	/* whose task */
__s32 caller;	/* whose calls put tasks into storage */
__u64 address;	/* of a task that is none */
__u64 number;	/* of an object of the program's */

/* out */
int ret;
__s32 seen_pid;
__u64 numbers[VALUES_CPUS];
__u64 released;	/* calls of the destructor of tasks */
__u64 dropped;	/* objects of programs that went, by whatever way */

/* Put another reference to the task into a slot. */
#define put(slot)						\
do {								\
	struct task_struct *put_task = bpf_task_from_pid(pid);	\
								\
	if (!put_task)						\
		return -2;					\
	put_task = exchange(slot, put_task);		\
	if (put_task)						\
		bpf_task_release(put_task);			\
} while (0)

/* All kptrs of a value: VALUES_REFS references to the task, two objects. */
static __always_inline int fill_value(struct held *v)
{
	struct local __percpu_kptr *percpu;
	struct task_struct *task;
	struct local *local;

	if (!v)
		return -1;
	put(&v->task);
	put(&v->more[0]);
	put(&v->more[1]);
	put(&v->more[2]);
	put(&v->nested[0].task);
	put(&v->nested[1].task);

	task = bpf_task_from_pid(pid);
	if (!task)
		return -2;
	v->unref = task;
	bpf_task_release(task);

	local = bpf_obj_new(struct local);
	if (!local)
		return -3;
	local->value = number;
	local = exchange(&v->local, local);
	if (local)
		bpf_obj_drop(local);

	percpu = bpf_percpu_obj_new(struct local);
	if (!percpu)
		return -4;
	percpu = exchange(&v->percpu, percpu);
	if (percpu)
		bpf_percpu_obj_drop(percpu);
	return 0;
}

SEC("syscall")
int fill(void *ctx)
{
	ret = fill_value(lookup());
	return 0;
}

/*
 * Which kptrs a value has, a bit for each, VALUES_MISSING without a value. It is
 * returned, as nobody may be there to see the variables.
 */
static __always_inline int look_value(struct held *v)
{
	int bits = 0;

	if (!v)
		return VALUES_MISSING;
	bits |= v->task ? 1 << 0 : 0;
	bits |= v->unref ? 1 << 1 : 0;
	bits |= v->more[0] ? 1 << 2 : 0;
	bits |= v->more[1] ? 1 << 3 : 0;
	bits |= v->more[2] ? 1 << 4 : 0;
	bits |= v->nested[0].task ? 1 << 5 : 0;
	bits |= v->nested[1].task ? 1 << 6 : 0;
	bits |= v->local ? 1 << 7 : 0;
	bits |= v->percpu ? 1 << 8 : 0;
	return bits;
}

SEC("syscall")
int look(void *ctx)
{
	return look_value(lookup());
}

/* References to the task that are not this program's. */
SEC("syscall")
int count(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);
	int refs;

	if (!task)
		return 0;
	refs = task->rcu_users.refs.counter - 1;
	bpf_task_release(task);
	return refs;
}

/* The value is written by a program, out of its own memory. */
SEC("syscall")
int update(void *ctx)
{
	__u64 value[sizeof(struct held) / 8];
	int i;

	for (i = 0; i < sizeof(struct held) / 8; i++)
		value[i] = VALUES_BY_PROGRAM;
	ret = replace(value);
	return 0;
}

/* ---- what is found in one ---- */

/* Follow the unreferenced kptr; the task may be gone. */
SEC("syscall")
int follow_unref(void *ctx)
{
	struct held *v = lookup();
	struct task_struct *task;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	task = v->unref;
	if (!task)
		return 0;
	seen_pid = task->pid;
	ret = 0;
	return 0;
}

/* Store an address where there is no task, or nothing at all. */
SEC("syscall")
int store_address(void *ctx)
{
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	v->unref = bpf_rdonly_cast((void *)address,
				   bpf_core_type_id_kernel(struct task_struct));
	ret = 0;
	return 0;
}

/* Store a task that nothing holds. */
SEC("syscall")
int store_task(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);
	struct held *v = lookup();

	ret = -1;
	if (!task)
		return 0;
	if (v) {
		v->unref = task;
		ret = 0;
	}
	bpf_task_release(task);
	return 0;
}

/* The task that a load finds under RCU is that which was put in. */
SEC("syscall")
int follow_ref(void *ctx)
{
	struct task_struct *task, *mine = NULL;
	struct held *v = lookup();

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	bpf_rcu_read_lock();
	task = v->nested[1].task;
	if (task)
		mine = bpf_task_acquire(task);
	bpf_rcu_read_unlock();
	if (!mine)
		return 0;
	seen_pid = mine->pid;
	bpf_task_release(mine);
	ret = 0;
	return 0;
}

SEC("syscall")
int follow_local(void *ctx)
{
	struct held *v = lookup();
	struct local *local;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	bpf_rcu_read_lock();
	local = v->local;
	if (local) {
		numbers[0] = local->value;
		ret = 0;
	}
	bpf_rcu_read_unlock();
	return 0;
}

/* Add to what this processor has, and see what each has. */
SEC("syscall")
int count_percpu(void *ctx)
{
	struct local __percpu_kptr *percpu;
	struct held *v = lookup();
	struct local *local;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	bpf_rcu_read_lock();
	percpu = v->percpu;
	if (percpu) {
		local = bpf_this_cpu_ptr((void *)percpu);
		local->value += number;
		local = bpf_per_cpu_ptr((void *)percpu, 0);
		if (local)
			numbers[0] = local->value;
		local = bpf_per_cpu_ptr((void *)percpu, 1);
		if (local)
			numbers[1] = local->value;
		/* there are not as many */
		local = bpf_per_cpu_ptr((void *)percpu, 1 << 20);
		ret = local ? -3 : 0;
	}
	bpf_rcu_read_unlock();
	return 0;
}

/* ---- storage of sockets and inodes ---- */

SEC("fentry/sock_common_getsockopt")
int BPF_PROG(fill_socket, struct socket *sock)
{
	if ((__s32)(bpf_get_current_pid_tgid() >> 32) != caller)
		return 0;
	ret = fill_value(bpf_sk_storage_get(&sk_storage, sock->sk, 0,
					    BPF_LOCAL_STORAGE_GET_F_CREATE));
	return 0;
}

SEC("lsm/file_permission")
int BPF_PROG(fill_inode, struct file *file, int mask)
{
	if ((__s32)(bpf_get_current_pid_tgid() >> 32) != caller)
		return 0;
	ret = fill_value(bpf_inode_storage_get(&inode_storage, file->f_inode, 0,
					       BPF_LOCAL_STORAGE_GET_F_CREATE));
	return 0;
}

/* ---- what is called when a kptr is released ---- */

SEC("fentry/bpf_task_release_dtor")
int BPF_PROG(on_release)
{
	__sync_fetch_and_add(&released, 1);
	return 0;
}

SEC("fentry/__bpf_obj_drop_impl")
int BPF_PROG(on_drop)
{
	__sync_fetch_and_add(&dropped, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
