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
 * done, and not before:
 *	rm /sys/fs/bpf/census_stat
 * Where the pin goes earlier, and no process has the map open, no look comes any more.
 * Then nobody else is held, once ten looks and five seconds are over (stalled); what is
 * held is let go of by detach().
 *
 * There can be one census at a time, under whatever name, as there is one timer: to
 * attach a second fails with EBUSY. Nor can it be updated, as that does not call
 * attach(), which arms the timer: new programs whose attach() was not called have
 * admit() return -EOPNOTSUPP. By that they are at fault, and the module detaches the
 * policy ("admit() returned -95, want 0 or more"). So detach it and attach the other,
 * where it is to be replaced or given other knobs.
 *
 * Cost: a look-up and an update of a hash for each process; every refresh_ms a walk of
 * what is held, with all threads, in a softirq. A task that is held is not freed, nor
 * its signal_struct, cgroup and credentials; its memory and files are. Records of
 * other policies and recordings finish when it is let go of, up to refresh_ms later.
 *
 * Bounds: CENSUS_TASKS tasks and CENSUS_CGROUPS cgroups; what is beyond is not held,
 * or in no cgroup's sums, and is counted (full, cgroups_full). CENSUS_THREADS threads
 * of a process are looked at. A process whose pid is another's before a look has seen
 * it dead is in no cgroup's sums (unseen).
 *
 * A dead process's time is that of its first task to the nanosecond, and of its other
 * threads up to their release, which is a few microseconds before they stop. Nobody
 * waits for a process whose parent ignores SIGCHLD: it releases its first task itself,
 * and if it has had other threads that one's time as well is that up to its release.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"
#include "owner.bpf.h"

#define CENSUS_TASKS	4096
#define CENSUS_CGROUPS	1024
#define CENSUS_THREADS	1024
#define CENSUS_TRIES	4	/* to have a row to oneself */

/* Of the kernel's <linux/sched.h>, which vmlinux.h has no macros of. */
#define EXIT_DEAD	0x10
#define TASK_DEAD	0x80

#define ENOENT		2
#define E2BIG		7
#define EOPNOTSUPP	95

/* vmlinux's own: the threads of a process. */
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
			     unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;

const volatile __u64 root_cgroup;
const volatile __u32 refresh_ms = 1000;

struct census_task {
	struct task_struct __kptr *task;
	__u64 lock;		/* see lock_row() */
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
	struct timer_owner owner;
	__u64 attached_ns;	/* CLOCK_BOOTTIME */
	__u64 looked_ns;	/* the newest look */
	__u64 looks;
	__u64 held;		/* tasks, now */
	__u64 ended;		/* tasks that were let go of as they will not run again */
	__u64 unseen;		/* likewise, as another process has their pid: in no sums */
	__u64 full;		/* tasks that found census_tasks full */
	__u64 missed;		/* tasks whose row was in use: not held until they call exec */
	__u64 stalled;		/* tasks that were not held as no look comes any more */
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

static __u64 row_free(__u32 pid)
{
	return (__u64)pid << 1;
}

static bool try_lock_row(struct census_task *v, __u32 pid)
{
	return __sync_val_compare_and_swap(&v->lock, row_free(pid), row_free(pid) | 1) ==
	       row_free(pid);
}

static void unlock_row(struct census_task *v, __u32 pid)
{
	__sync_lock_test_and_set(&v->lock, row_free(pid));
}

/*
 * The row of a pid, made if need be, locked; NULL if there is none to be had.
 *
 * A row that has been deleted is another pid's at once, while who has found it before
 * may still be about to put a task there. So the task of a row is exchanged, and the row
 * deleted, by who has it locked: by a number that has the pid, and that stays locked
 * when the row is deleted, until it is written anew with all of the value.
 */
static struct census_task *lock_row(struct census_stat *stat, __u32 pid)
{
	struct census_task fresh = { .lock = row_free(pid) }, *v;
	long err;
	int i;

	for (i = 0; i < CENSUS_TRIES; i++) {
		v = bpf_map_lookup_elem(&census_tasks, &pid);
		if (!v) {
			err = bpf_map_update_elem(&census_tasks, &pid, &fresh, BPF_NOEXIST);
			if (err == -E2BIG) {
				__sync_fetch_and_add(&stat->full, 1);
				return NULL;
			}
			v = bpf_map_lookup_elem(&census_tasks, &pid);
		}
		if (v && try_lock_row(v, pid))
			return v;
	}
	__sync_fetch_and_add(&stat->missed, 1);
	return NULL;
}

/* Put a reference to @task into the map, for what was there under its pid, if any. */
static void hold(struct census_stat *stat, struct task_struct *task)
{
	struct task_struct *ours;
	struct census_task *v;
	__u32 pid = task->pid;

	v = bpf_map_lookup_elem(&census_tasks, &pid);
	/* called exec, or was moved */
	if (v && v->task == task)
		return;
	ours = taskhold_hold_task(task);
	/* about to be freed */
	if (!ours)
		return;
	v = lock_row(stat, pid);
	if (!v) {
		taskhold_put_task(ours);
		return;
	}
	__sync_fetch_and_add(&stat->held, 1);
	ours = kptr_xchg(&v->task, ours);
	unlock_row(v, pid);
	if (!ours)
		return;
	/* a first thread whose place has been taken by another that called exec, or else of
	 * a process that is gone and whose pid is this one's now
	 */
	if (ours->signal != task->signal)
		__sync_fetch_and_add(&stat->unseen, 1);
	put(stat, ours);
}

/* Never says that the process is to be held: there are no records. */
SEC("struct_ops/admit")
int BPF_PROG(admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	struct census_stat *stat = status();

	if (!stat || !owner_is_self(&stat->owner))
		return -EOPNOTSUPP;
	if (root_cgroup && !taskhold_task_in_cgroup(task, root_cgroup))
		return 0;
	if (owner_is_late(&stat->owner, stat->looked_ns, refresh_ms))
		__sync_fetch_and_add(&stat->stalled, 1);
	else
		hold(stat, task);
	return 0;
}

/* CPU time of the threads that are there; @threads are so many. */
static __u64 cpu_of_threads(struct census_stat *stat, struct task_struct *task)
{
	struct task_struct *thread;
	__u64 cpu_ns = 0;

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
	__u64 own, sum;
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

	/*
	 * Time of the threads that have been released. It is read before exit_state: of
	 * one that is not EXIT_DEAD after that it does not have the time yet.
	 */
	barrier();
	sum = task->signal->sum_sched_runtime;
	barrier();
	if (task->exit_state != EXIT_DEAD) {
		/*
		 * It is on the list of its threads, and of its parent's children:
		 * EXIT_DEAD comes before it is taken out, and what is freed then stays
		 * for the RCU section that this timer is.
		 */
		v->ppid = task->real_parent->tgid;
		v->cpu_ns = sum + cpu_of_threads(stat, task);
		v->threads = threads;
		return dead;
	}
	/* just being released: its time comes to the sum, and then the thread is counted down */
	if (task->signal->nr_threads)
		return false;
	barrier();
	/* its time up to its release is in the sum; its own is final, and later */
	sum = task->signal->sum_sched_runtime;
	own = task->se.sum_exec_runtime;
	v->cpu_ns = sum < own ? own : sum;
	v->threads = 0;
	return dead;
}

/*
 * Let go of a task that has been found dead. False if it is in the row no more, or
 * another's is just being put there.
 */
static bool let_go_of_dead(struct census_stat *stat, __u32 pid, struct census_task *v,
			   struct task_struct *task)
{
	struct task_struct *ours = NULL;

	if (!try_lock_row(v, pid))
		return false;
	if (v->task == task)
		ours = kptr_xchg(&v->task, NULL);
	if (!ours) {
		unlock_row(v, pid);
		return false;
	}
	put(stat, ours);
	/* locked, for who has found it */
	bpf_map_delete_elem(&census_tasks, &pid);
	return true;
}

static long look_at_slot(struct bpf_map *map, const __u32 *pid, struct census_task *v, void *unused)
{
	struct census_stat *stat = status();
	struct census_cgroup *row;
	struct task_struct *task;
	__u64 cgroup_id, cpu_ns;
	bool dead;

	if (!stat)
		return 1;
	task = taskhold_get_task(&v->task);
	if (!task)
		return 0;
	dead = look_at(stat, v, task);
	cgroup_id = v->cgroup_id;
	cpu_ns = v->cpu_ns;
	/* counted once, by who takes it out: hold() may be about to, for another's pid */
	if (dead && !let_go_of_dead(stat, *pid, v, task)) {
		taskhold_put_task(task);
		return 0;
	}
	taskhold_put_task(task);

	if (dead)
		stat->ended++;
	row = cgroup_row(stat, cgroup_id);
	if (!row)
		return 0;
	if (dead) {
		row->ended++;
		row->ended_cpu_ns += cpu_ns;
	} else {
		row->next_running++;
		row->next_running_cpu_ns += cpu_ns;
	}
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
	look_at_all(stat);
	owner_rearm(&stat->timer, refresh_ms);
	return 0;
}

SEC("struct_ops/attach")
int BPF_PROG(attach)
{
	struct census_stat *stat = status();
	int err;

	if (!stat)
		return -ENOENT;
	err = owner_take(&stat->owner);
	if (err)
		return err;
	/* what an earlier policy has left in the map that is pinned */
	stat->looked_ns = 0;
	stat->looks = 0;
	stat->held = 0;
	stat->ended = 0;
	stat->unseen = 0;
	stat->full = 0;
	stat->missed = 0;
	stat->stalled = 0;
	stat->cgroups_full = 0;
	stat->cut = 0;
	stat->by_module = taskhold_has(taskhold_task_acquire);
	stat->attached_ns = bpf_ktime_get_boot_ns();

	err = owner_arm(&stat->timer, &census_stat, look);
	if (err)
		owner_release(&stat->owner);
	return err;
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

/*
 * A last look, for who has ended since the one before; then no task is held any more.
 * After an update the tasks are in the map of the programs that were there before, and go
 * with these, whose timer this is.
 */
SEC("struct_ops/detach")
void BPF_PROG(detach, const struct taskhold_exit_info *info)
{
	struct census_stat *stat = status();

	if (!stat || !owner_is(&stat->owner, &info->stats))
		return;
	bpf_timer_cancel(&stat->timer);
	look_at_all(stat);
	bpf_for_each_map_elem(&census_tasks, let_go, NULL, 0);
	owner_release(&stat->owner);
}

SEC(".struct_ops.link")
struct taskhold_ops census = {
	.name = "census",
	.admit = (void *)admit,
	.attach = (void *)attach,
	.detach = (void *)detach,
};

char LICENSE[] SEC("license") = "GPL";
