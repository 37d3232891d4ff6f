// SPDX-License-Identifier: GPL-2.0-only
/*
 * census: hold tasks themselves in a map, and say every so often who they are.
 *
 * No records: the map has a reference to each process's first task (struct
 * task_struct __kptr), taken when the process is born, calls exec or comes into the
 * cgroup, and a timer of the policy's looks at them: name, cgroup, threads, CPU time.
 * So nothing is written down as things happen, and nothing is missed that a pid
 * would not lead to any more: a task that is dead by then is still there to be
 * asked, also for its cgroup, after it has been reaped. It is let go of once it will
 * not run again and its numbers are final.
 *
 * Knobs:
 *	root_cgroup	only what is in this cgroup or below, by its id; 0, if not said:
 *			everything
 *	refresh_ms	1000 if not said, 10 at least
 *
 *	bpftool struct_ops register census.bpf.o /sys/fs/bpf/policies
 *	taskhold policy attach census.bpf.o --set refresh_ms=200 --pin /sys/fs/bpf/census
 *
 * Read out, by bpftool map dump name ...:
 *	census_tasks	a row for each task that is held, by its pid, as of the last
 *			look; the pointer itself is shown as 0
 *	census_cgroups	what runs in each cgroup now, and what has ended there since the
 *			policy was attached
 *	census_stat	when that was, and what was left out
 *
 * The programs take and drop references by the module's kfuncs where they are there
 * (on a kernel with the patches of kernel/patches), else by vmlinux's: the object is
 * the same, see taskhold.bpf.h.
 *
 * A struct_ops program may arm a timer, on 6.12 as well, and attach() does; but a
 * timer goes with the last user of its map. census_stat, which has it, is pinned
 * under this name when the object is loaded. It stays when the policy has gone. When
 * done:
 *	rm /sys/fs/bpf/census_stat
 * The timer is armed by attach(), which an update of the link does not call. So detach
 * it and attach the other, where it is to be replaced or given other knobs.
 *
 * Cost: a look-up and an update of a hash for each process; every refresh_ms a walk of
 * what is held, with all threads, in a softirq. A task that is held is not freed, nor
 * its signal_struct, cgroup and credentials; its memory and files are. Records of
 * other policies and recordings finish when it is let go of, up to refresh_ms later.
 *
 * Bounds: CENSUS_TASKS tasks and CENSUS_CGROUPS cgroups; what is beyond is not held,
 * or in no cgroup's sums, and is counted (full, cgroups_full). CENSUS_THREADS threads
 * of a process are looked at. A dead process's time is that of its first task to the
 * nanosecond, and of its other threads up to their release, which is a few
 * microseconds before they stop.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#define NSEC_PER_MSEC	1000000ULL
#define CENSUS_TASKS	4096
#define CENSUS_CGROUPS	1024
#define CENSUS_THREADS	1024

/* Of the kernel's <linux/sched.h>, which vmlinux.h has no macros of. */
#define EXIT_DEAD	0x10
#define TASK_DEAD	0x80

#define EBUSY		16
#define ENOENT		2
#define CLOCK_BOOTTIME	7

/* vmlinux's own: the threads of a process. */
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
			     unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;

const volatile __u64 root_cgroup;
const volatile __u32 refresh_ms = 1000;

struct census_task {
	struct task_struct __kptr *task;
	__u64 start_ns;		/* CLOCK_BOOTTIME */
	__u64 cgroup_id;
	__u64 cpu_ns;		/* of all threads, those that have ended included */
	__u32 ppid;		/* tgid of its parent now */
	__u32 threads;		/* looked at; 0: it is dead */
	char comm[TASKHOLD_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CENSUS_TASKS);
	__type(key, __u32);
	__type(value, struct census_task);
} census_tasks SEC(".maps");

struct census_cgroup {
	__u64 running;		/* processes at the last look */
	__u64 running_cpu_ns;
	__u64 ended;		/* processes, ever */
	__u64 ended_cpu_ns;
	__u64 next_running;	/* of the look that is under way */
	__u64 next_running_cpu_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CENSUS_CGROUPS);
	__type(key, __u64);
	__type(value, struct census_cgroup);
} census_cgroups SEC(".maps");

struct census_stat {
	struct bpf_timer timer;
	__u64 attached_ns;	/* CLOCK_BOOTTIME */
	__u64 looked_ns;	/* the newest look */
	__u64 looks;
	__u64 held;		/* tasks, now */
	__u64 ended;		/* tasks that were let go of as they will not run again */
	__u64 full;		/* tasks that found census_tasks full */
	__u64 cgroups_full;	/* times that a task found census_cgroups full */
	__u64 cut;		/* times that a process had more than CENSUS_THREADS threads */
	__u64 by_module;	/* 1: references are taken by the module's kfuncs */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct census_stat);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} census_stat SEC(".maps");

static __u32 threads;	/* of one process: in memory, where the verifier does not follow it */

static struct census_stat *status(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&census_stat, &zero);
}

/* Drop a reference that was in the map. */
static void put(struct census_stat *stat, struct task_struct *task)
{
	__sync_fetch_and_add(&stat->held, -1);
	taskhold_put_task(task);
}

/* Put a reference to @task into the map, for what was there under its pid, if any. */
static void hold(struct census_stat *stat, struct task_struct *task)
{
	struct census_task fresh = {}, *v;
	struct task_struct *ours;
	__u32 pid = task->pid;

	v = bpf_map_lookup_elem(&census_tasks, &pid);
	if (!v) {
		bpf_map_update_elem(&census_tasks, &pid, &fresh, BPF_NOEXIST);
		v = bpf_map_lookup_elem(&census_tasks, &pid);
		if (!v) {
			__sync_fetch_and_add(&stat->full, 1);
			return;
		}
	} else if (v->task == task) {
		/* called exec, or was moved */
		return;
	}
	ours = taskhold_hold_task(task);
	if (!ours)
		return;
	__sync_fetch_and_add(&stat->held, 1);
	ours = kptr_xchg(&v->task, ours);
	/* of a process that is gone and whose pid is this one's now, or a first thread
	 * whose place has been taken by another that called exec
	 */
	if (ours)
		put(stat, ours);
}

/* Never says that the process is to be held: there are no records. */
SEC("struct_ops/admit")
int BPF_PROG(admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	struct census_stat *stat = status();

	if (stat && (!root_cgroup || taskhold_task_in_cgroup(task, root_cgroup)))
		hold(stat, task);
	return 0;
}

/* CPU time of a process that is not dead: of the threads that are there, and of the rest. */
static __u64 cpu_of_threads(struct census_stat *stat, struct task_struct *task)
{
	struct task_struct *thread;
	__u64 cpu_ns = task->signal->sum_sched_runtime;

	threads = 0;
	bpf_for_each(task, thread, task, BPF_TASK_ITER_PROC_THREADS) {
		if (threads >= CENSUS_THREADS) {
			stat->cut++;
			break;
		}
		threads++;
		cpu_ns += thread->se.sum_exec_runtime;
	}
	return cpu_ns;
}

static struct census_cgroup *cgroup_row(struct census_stat *stat, __u64 id)
{
	struct census_cgroup fresh = {}, *row;

	row = bpf_map_lookup_elem(&census_cgroups, &id);
	if (row)
		return row;
	bpf_map_update_elem(&census_cgroups, &id, &fresh, BPF_NOEXIST);
	row = bpf_map_lookup_elem(&census_cgroups, &id);
	if (!row)
		stat->cgroups_full++;
	return row;
}

/* Fill in a row; true if the task will not run again, nor will any thread of its process. */
static bool look_at(struct census_stat *stat, struct census_task *v, struct task_struct *task)
{
	struct census_cgroup *row;
	__u64 own;
	bool dead;

	/*
	 * No thread that has not entered exit, none but this one that has not been
	 * released, and this one off its CPU for good: on_cpu, which is looked at last,
	 * goes down when the switch away from a task in TASK_DEAD is done. A first
	 * thread that another one has replaced by exec is not that: live is 1.
	 */
	dead = !task->signal->live.counter && task->signal->nr_threads <= 1 &&
	       task->__state == TASK_DEAD && !task->on_cpu;

	bpf_probe_read_kernel_str(v->comm, sizeof(v->comm), task->comm);
	v->start_ns = task->start_boottime;
	v->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	if (task->exit_state != EXIT_DEAD) {
		/*
		 * It is on the list of its threads, and of its parent's children:
		 * EXIT_DEAD comes before it is taken out, and what is freed then stays
		 * for the RCU section that this timer is.
		 */
		v->ppid = task->real_parent->tgid;
		v->cpu_ns = cpu_of_threads(stat, task);
		v->threads = threads;
	} else {
		/* its time up to its release is in the sum; its own is final, and later */
		own = task->se.sum_exec_runtime;
		v->cpu_ns = task->signal->sum_sched_runtime;
		if (v->cpu_ns < own)
			v->cpu_ns = own;
		v->threads = 0;
	}

	row = cgroup_row(stat, v->cgroup_id);
	if (!row)
		return dead;
	if (dead) {
		row->ended++;
		row->ended_cpu_ns += v->cpu_ns;
	} else {
		row->next_running++;
		row->next_running_cpu_ns += v->cpu_ns;
	}
	return dead;
}

static long look_at_slot(struct bpf_map *map, const __u32 *pid, struct census_task *v, void *unused)
{
	struct census_stat *stat = status();
	struct task_struct *task;
	__u32 key = *pid;
	bool dead;

	if (!stat)
		return 1;
	task = taskhold_get_task(&v->task);
	if (!task)
		return 0;
	dead = look_at(stat, v, task);
	taskhold_put_task(task);
	if (!dead)
		return 0;

	/*
	 * Its pid may be another's by now, who comes into the map at this very moment,
	 * and goes with the element: who is met by that is not in the census, until it
	 * calls exec.
	 */
	task = kptr_xchg(&v->task, NULL);
	if (task) {
		stat->ended++;
		put(stat, task);
	}
	bpf_map_delete_elem(&census_tasks, &key);
	return 0;
}

static long show_running(struct bpf_map *map, const __u64 *id, struct census_cgroup *row,
			 void *unused)
{
	row->running = row->next_running;
	row->running_cpu_ns = row->next_running_cpu_ns;
	row->next_running = 0;
	row->next_running_cpu_ns = 0;
	return 0;
}

static void look_at_all(struct census_stat *stat)
{
	bpf_for_each_map_elem(&census_tasks, look_at_slot, NULL, 0);
	bpf_for_each_map_elem(&census_cgroups, show_running, NULL, 0);
	stat->looked_ns = bpf_ktime_get_boot_ns();
	stat->looks++;
}

static int look(void *map, __u32 *key, struct census_stat *stat)
{
	__u32 ms = refresh_ms < 10 ? 10 : refresh_ms;

	look_at_all(stat);
	bpf_timer_start(&stat->timer, ms * NSEC_PER_MSEC, 0);
	return 0;
}

SEC("struct_ops/attach")
int BPF_PROG(attach)
{
	struct census_stat *stat = status();
	int err;

	if (!stat)
		return -ENOENT;
	/* what an earlier policy has left in the map that is pinned */
	stat->looked_ns = 0;
	stat->looks = 0;
	stat->held = 0;
	stat->ended = 0;
	stat->full = 0;
	stat->cgroups_full = 0;
	stat->cut = 0;
	stat->by_module = taskhold_has(taskhold_task_acquire);
	stat->attached_ns = bpf_ktime_get_boot_ns();

	err = bpf_timer_init(&stat->timer, &census_stat, CLOCK_BOOTTIME);
	/* an earlier policy has made it */
	if (err && err != -EBUSY)
		return err;
	err = bpf_timer_set_callback(&stat->timer, look);
	if (err)
		return err;
	return bpf_timer_start(&stat->timer, 0, 0);
}

static long let_go(struct bpf_map *map, const __u32 *pid, struct census_task *v, void *unused)
{
	struct census_stat *stat = status();
	struct task_struct *task;
	__u32 key = *pid;

	task = kptr_xchg(&v->task, NULL);
	if (task) {
		if (stat)
			put(stat, task);
		else
			taskhold_put_task(task);
	}
	bpf_map_delete_elem(&census_tasks, &key);
	return 0;
}

/* A last look, for who has ended since the one before; then no task is held any more. */
SEC("struct_ops/detach")
void BPF_PROG(detach)
{
	struct census_stat *stat = status();

	if (!stat)
		return;
	bpf_timer_cancel(&stat->timer);
	look_at_all(stat);
	bpf_for_each_map_elem(&census_tasks, let_go, NULL, 0);
}

SEC(".struct_ops.link")
struct taskhold_ops census = {
	.name = "census",
	.admit = (void *)admit,
	.attach = (void *)attach,
	.detach = (void *)detach,
};

char LICENSE[] SEC("license") = "GPL";
