// SPDX-License-Identifier: GPL-2.0-only
/*
 * References to tasks, counted: in rcu_users, which both vmlinux's kfuncs and the
 * module's count in, while references are taken, put into maps, objects and
 * storage, and go from there. tests/verifier/task_refs_test.c says what must come
 * of it.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "objects.h"

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;

/* Of vmlinux's kfunc by other names, of which libbpf takes what is after ___ away. */
extern struct task_struct *bpf_task_acquire___same(struct task_struct *task) __ksym __weak;
extern struct task_struct *bpf_task_acquire___more(struct task_struct *task, void *ctx)
	__ksym __weak;
extern struct task_struct *bpf_task_acquire___other(void *ctx) __ksym __weak;

struct held {
	struct task_struct __kptr *task;
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

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct held);
} storage SEC(".maps");

struct owner {
	struct task_struct __kptr *task;
	__u64 value;
};

/* Which pair of kfuncs. */
const volatile bool by_module;
/* Whom: a process, and for what is told of processes, who started it. */
__s32 pid;
__s32 root_pid;
bool in_hash;

/* What was seen. */
__s64 ret;
__u32 refs;	/* of the task, without the program's own */
__u32 during;
__s32 number;
__u64 dead;	/* tasks that were seen to go; of each it was tried to take a reference, */
__u64 risen;	/* which was had */

/* at the start of a process */
__u32 of_argument;
__u32 of_current;
__u32 of_leader;
bool same_by_number;

static __always_inline struct task_struct *acquire(struct task_struct *task)
{
	return by_module ? taskhold_task_acquire(task) : bpf_task_acquire(task);
}

static __always_inline void release(struct task_struct *task)
{
	if (by_module)
		taskhold_task_release(task);
	else
		bpf_task_release(task);
}

static __always_inline __u32 count(struct task_struct *task)
{
	return task->rcu_users.refs.counter;
}

static struct held *lookup(void)
{
	__u32 zero = 0;

	if (in_hash)
		return bpf_map_lookup_elem(&hash, &zero);
	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
int count_refs(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);

	ret = -1;
	if (!task)
		return 0;
	refs = count(task) - 1;
	number = task->pid;
	bpf_task_release(task);
	ret = 0;
	return 0;
}

SEC("syscall")
int acquire_and_release(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid), *again;

	ret = -1;
	if (!task)
		return 0;
	again = acquire(task);
	during = count(task) - 1;
	if (again) {
		release(again);
		ret = 0;
	}
	refs = count(task) - 1;
	bpf_task_release(task);
	return 0;
}

/* Numbers that no process can have. */
SEC("syscall")
int from_invalid(void *ctx)
{
	const __s32 numbers[] = { -1, 0, 0x7fffffff };
	struct task_struct *task;
	int i;

	ret = 0;
	for (i = 0; i < 3; i++) {
		task = bpf_task_from_pid(numbers[i]);
		if (task) {
			bpf_task_release(task);
			ret++;
		}
	}
	return 0;
}

/* Of several prototypes for one kfunc the right one is found, and no other. */
SEC("syscall")
int by_other_names(void *ctx)
{
	struct task_struct *task;

	ret = 0;
	if (bpf_ksym_exists(bpf_task_acquire___more))
		ret |= 1;
	if (bpf_ksym_exists(bpf_task_acquire___other))
		ret |= 2;
	if (!bpf_ksym_exists(bpf_task_acquire___same)) {
		ret |= 4;
		return 0;
	}
	task = bpf_task_acquire___same(bpf_get_current_task_btf());
	if (task)
		bpf_task_release(task);
	else
		ret |= 8;
	return 0;
}

/* ---- maps ---- */

SEC("syscall")
int put(void *ctx)
{
	struct task_struct *found = bpf_task_from_pid(pid), *task;
	struct held *v = lookup();

	ret = -1;
	if (!found)
		return 0;
	task = acquire(found);
	bpf_task_release(found);
	if (!task)
		return 0;
	ret = -2;
	if (!v) {
		release(task);
		return 0;
	}
	task = bpf_kptr_xchg(&v->task, task);
	if (task)
		release(task);
	ret = 0;
	return 0;
}

SEC("syscall")
int take(void *ctx)
{
	struct held *v = lookup();
	struct task_struct *task;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	task = bpf_kptr_xchg(&v->task, NULL);
	if (!task)
		return 0;
	number = task->pid;
	refs = count(task) - 1;
	release(task);
	ret = 0;
	return 0;
}

/*
 * A reference to what the map has, and keeps: as a policy takes it that is to run
 * on both kinds of kernels.
 */
static struct task_struct *get_from(struct held *v)
{
	struct task_struct *task;

	if (by_module && taskhold_has(taskhold_task_kptr_get))
		return taskhold_task_kptr_get(&v->task);
	bpf_rcu_read_lock();
	task = v->task;
	if (task)
		task = bpf_task_acquire(task);
	bpf_rcu_read_unlock();
	return task;
}

SEC("syscall")
int get(void *ctx)
{
	struct held *v = lookup();
	struct task_struct *task;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	task = get_from(v);
	if (!task)
		return 0;
	number = task->pid;
	during = count(task);
	release(task);
	ret = 0;
	return 0;
}

/* ---- objects of the program's ---- */

SEC("syscall")
int leave_in_object(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid), *mine;
	struct owner *owner;

	ret = -1;
	if (!task)
		return 0;
	owner = bpf_obj_new(struct owner);
	if (!owner) {
		bpf_task_release(task);
		return 0;
	}
	mine = acquire(task);
	if (mine)
		mine = bpf_kptr_xchg(&owner->task, mine);
	if (mine)
		release(mine);
	during = count(task) - 1;
	bpf_obj_drop(owner);
	refs = count(task) - 1;
	bpf_task_release(task);
	ret = 0;
	return 0;
}

/* ---- storage of a task that a map has ---- */

/* The caller itself into the storage of process @pid. */
SEC("syscall")
int put_into_storage(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid), *mine;
	struct held *v;

	ret = -1;
	if (!task)
		return 0;
	v = bpf_task_storage_get(&storage, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	bpf_task_release(task);
	if (!v)
		return 0;
	mine = acquire(bpf_get_current_task_btf());
	if (mine)
		mine = bpf_kptr_xchg(&v->task, mine);
	if (mine)
		release(mine);
	ret = 0;
	return 0;
}

/* Who is in the storage of the task that the map has? */
SEC("syscall")
int get_from_storage(void *ctx)
{
	struct held *v = lookup(), *stored;
	struct task_struct *task, *in_storage;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	task = get_from(v);
	if (!task)
		return 0;
	ret = -3;
	stored = bpf_task_storage_get(&storage, task, 0, 0);
	if (stored) {
		in_storage = get_from(stored);
		if (in_storage) {
			number = in_storage->pid;
			release(in_storage);
			ret = 0;
		}
	}
	release(task);
	return 0;
}

/* ---- as processes come and go ---- */

SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork, struct task_struct *new, u64 clone_flags)
{
	struct task_struct *current = bpf_get_current_task_btf(), *task;
	__u32 before;

	if (current->tgid != root_pid)
		return 0;
	before = count(new);
	task = acquire(new);
	if (task) {
		of_argument = count(new) - before;
		release(task);
	}
	before = count(current);
	task = acquire(current);
	if (task) {
		of_current = count(current) - before;
		release(task);
	}
	task = acquire(new->group_leader);
	if (task) {
		of_leader = count(new) - count(task) + 1;
		release(task);
	}
	task = bpf_task_from_pid(new->pid);
	if (task) {
		same_by_number = task == new && task->pid == new->pid;
		bpf_task_release(task);
	}
	return 0;
}

/* Its last reference of this kind has gone, and a grace period has passed. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *old)
{
	struct task_struct *task;

	if (old->pid != pid)
		return 0;
	task = acquire(old);
	if (task) {
		__sync_fetch_and_add(&risen, 1);
		release(task);
	}
	__sync_fetch_and_add(&dead, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
