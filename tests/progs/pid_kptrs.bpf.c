// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs on pids that maps have: which programs may take them from there, and
 * which may only drop them. Kernels without the patches of kernel/patches have no
 * such map.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

#define NOT_ALLOWED(kfunc)	"calling kernel function " kfunc " is not allowed"

struct held {
	struct pid __kptr *pid;
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u64 seen;

static __always_inline struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* ---- into a map ---- */

SEC("syscall")
__why("what was put into a map needs no release")
__success
int put(void *ctx)
{
	struct held *v = first();
	struct pid *pid;

	if (!v)
		return 0;
	pid = taskhold_pid_of_task(bpf_get_current_task_btf());
	if (!pid)
		return 0;
	pid = bpf_kptr_xchg(&v->pid, pid);
	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("what was there before does")
__failure __msg("Unreleased reference")
int put_over(void *ctx)
{
	struct held *v = first();
	struct pid *pid;

	if (!v)
		return 0;
	pid = taskhold_pid_of_task(bpf_get_current_task_btf());
	if (pid)
		bpf_kptr_xchg(&v->pid, pid);
	return 0;
}

SEC("syscall")
__why("and what is in a map is not the program's to release")
__failure __msg("arg#0 pointer type STRUCT pid must point")
int put_and_released(void *ctx)
{
	struct held *v = first();
	struct pid *pid, *old;

	if (!v)
		return 0;
	pid = taskhold_pid_of_task(bpf_get_current_task_btf());
	if (!pid)
		return 0;
	old = bpf_kptr_xchg(&v->pid, pid);
	taskhold_pid_release(pid);
	if (old)
		taskhold_pid_release(old);
	return 0;
}

/* ---- out of it again: by any program ---- */

#define MAY_DROP(name, section, text)						\
SEC(section)									\
__why(text)									\
__success									\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	struct pid *pid;							\
										\
	if (!v)									\
		return 0;							\
	pid = bpf_kptr_xchg(&v->pid, NULL);					\
	if (!pid)								\
		return 0;							\
	seen = taskhold_pid_number(pid);					\
	taskhold_pid_release(pid);						\
	return 0;								\
}

MAY_DROP(dropped, "syscall", "a pid is taken out of a map and dropped")
MAY_DROP(dropped_at_tracepoint, "tp_btf/task_newtask", "also by a program on a tracepoint")
MAY_DROP(dropped_at_function, "fentry/wake_up_new_task", "by one on a function")
MAY_DROP(dropped_in_lsm, "lsm/file_open", "by one on a hook of LSM")
MAY_DROP(dropped_in_policy, "struct_ops/admit", "and by a policy")

SEC(".struct_ops.link")
struct taskhold_ops dropper = {
	.name = "dropper",
	.admit = (void *)dropped_in_policy,
};

#define MAY_NOT_DROP(name, section, text)					\
SEC(section)									\
__why(text)									\
__failure __msg(NOT_ALLOWED("taskhold_pid_release"))				\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	struct pid *pid;							\
										\
	if (!v)									\
		return 0;							\
	pid = bpf_kptr_xchg(&v->pid, NULL);					\
	if (pid)								\
		taskhold_pid_release(pid);					\
	return 0;								\
}

MAY_NOT_DROP(dropped_in_event, "perf_event", "but by no program of an event")
MAY_NOT_DROP(dropped_at_probe, "kprobe/wake_up_new_task", "nor by one on a probe")
MAY_NOT_DROP(dropped_in_filter, "tc", "nor for a packet")

/* ---- a reference more: as of a task ---- */

SEC("syscall")
__why("a reference to what a map has")
__success
int got(void *ctx)
{
	struct held *v = first();
	struct pid *pid;

	if (!v)
		return 0;
	pid = taskhold_pid_kptr_get(&v->pid);
	if (!pid)
		return 0;
	seen = taskhold_pid_number(pid);
	taskhold_pid_release(pid);
	return 0;
}

#define MAY_NOT_GET(name, section)						\
SEC(section)									\
__why("that allocates memory, and is for SYSCALL programs")			\
__failure __msg(NOT_ALLOWED("taskhold_pid_kptr_get"))				\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	struct pid *pid;							\
										\
	if (!v)									\
		return 0;							\
	pid = taskhold_pid_kptr_get(&v->pid);					\
	if (pid)								\
		taskhold_pid_release(pid);					\
	return 0;								\
}

MAY_NOT_GET(got_at_tracepoint, "tp_btf/task_newtask")
MAY_NOT_GET(got_at_function, "fentry/wake_up_new_task")
MAY_NOT_GET(got_in_lsm, "lsm/file_open")

SEC("tp_btf/task_newtask")
__why("so does a second reference to what is owned")
__failure __msg(NOT_ALLOWED("taskhold_pid_acquire"))
int acquired_at_tracepoint(void *ctx)
{
	struct held *v = first();
	struct pid *pid, *again;

	if (!v)
		return 0;
	pid = bpf_kptr_xchg(&v->pid, NULL);
	if (!pid)
		return 0;
	again = taskhold_pid_acquire(pid);
	if (again)
		taskhold_pid_release(again);
	taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("it may be gone, or never have been there")
__failure __msg("Possibly NULL pointer passed to trusted arg0")
int got_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		taskhold_pid_release(taskhold_pid_kptr_get(&v->pid));
	return 0;
}

SEC("syscall")
__why("and is released")
__failure __msg("Unreleased reference")
int got_unreleased(void *ctx)
{
	struct held *v = first();

	if (v)
		taskhold_pid_kptr_get(&v->pid);
	return 0;
}

SEC("syscall")
__why("a slot of tasks has none")
__failure __msg("needs a kptr of STRUCT pid, not of task_struct")
int got_of_tasks(void *ctx)
{
	struct held *v = first();
	struct pid *pid;

	if (!v)
		return 0;
	pid = taskhold_pid_kptr_get((void *)&v->task);
	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("what is read from a slot is not trusted, as put_pid() waits for nobody")
__failure __msg("R1 must be referenced or trusted")
int acquired_of_slot(void *ctx)
{
	struct held *v = first();
	struct pid *pid;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	pid = v->pid;
	if (pid)
		pid = taskhold_pid_acquire(pid);
	bpf_rcu_read_unlock();
	if (pid)
		taskhold_pid_release(pid);
	return 0;
}

SEC("syscall")
__why("nor has it a number")
__failure __msg("R1 must be referenced or trusted")
int number_of_slot(void *ctx)
{
	struct held *v = first();
	struct pid *pid;

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	pid = v->pid;
	if (pid)
		seen = taskhold_pid_number(pid);
	bpf_rcu_read_unlock();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
