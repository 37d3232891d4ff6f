// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of single threads, for policies that want them.
 *
 * The record of a process counts all of its threads, these too: the record of a
 * thread only says how much of that was the thread's.  So it is given up where
 * there is no room or no memory for it, and no sum is wrong.
 *
 * A first thread has none.  Another one's is found by the address of its
 * task_struct, from its start (or from the attachment of its policy) until
 * sched_process_free, which comes once for each task_struct before the memory
 * can be used again; or until the thread calls exec, by which it becomes the
 * first.
 */
#include <linux/bottom_half.h>
#include <linux/cgroup.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "live.h"
#include "policy.h"
#include "record.h"
#include "slots.h"
#include "thread_record.h"

/* Threads of one process that are held at a time while interrupts are off. */
#define HOLD_IRQS_OFF	1024

/*
 * Hold @task for a policy that holds its process.  It cannot be freed meanwhile:
 * it has not run yet, or it was found on the list of its process's threads.
 */
static void hold(struct taskhold_policy *policy, const struct taskhold_rec *process_rec,
		 struct task_struct *task, bool is_older)
{
	struct taskhold_rec *rec;

	/* a new policy's walk and the thread's start may find it both */
	if (taskhold_live_find_thread(task, policy->slot))
		return;
	if (READ_ONCE(process_rec->info.flags) & TASKHOLD_INFO_FOLDED)
		goto lost;
	rec = taskhold_record_alloc_thread(task, process_rec);
	if (!rec)
		goto lost;
	if (is_older && taskhold_record_set_older(rec, task)) {
		taskhold_record_put(rec);
		goto lost;
	}
	/* counted before anybody can find it, and finish it */
	if (!taskhold_policy_take_thread(policy)) {
		taskhold_record_put(rec);
		return;
	}
	if (!taskhold_live_insert(rec, task)) {
		/* at once, even */
		taskhold_policy_untake_thread(policy);
		taskhold_record_put(rec);
		return;
	}
	/*
	 * It may be calling exec: then it has become the first before it looked
	 * for its record.  Pairs with taskhold_thread_record_exec(): one of the
	 * two sees what the other did.
	 */
	smp_mb();
	if (thread_group_leader(task) && taskhold_live_remove(rec)) {
		taskhold_policy_untake_thread(policy);
		taskhold_record_take_out(rec);
		taskhold_record_put(rec);
	}
	return;

lost:
	taskhold_policy_lost(policy, NULL, TASKHOLD_FOLD_THREAD);
}

/**
 * taskhold_thread_record_start - a thread has been made
 * @task: the thread, which has not run yet
 *
 * Context: task_newtask, under rcu_read_lock().
 */
void taskhold_thread_record_start(struct task_struct *task)
{
	struct taskhold_policy *policy;
	struct taskhold_rec *rec;

	for_each_record(rec, task) {
		policy = taskhold_slots_policy(rec->slot);
		if (policy && policy->flags & TASKHOLD_POLICY_THREADS)
			hold(policy, rec, task, false);
	}
}

/**
 * taskhold_thread_record_hold_older - hold the threads that a process has already
 * @policy: a policy that wants records of threads
 * @process_rec: its record of the process, in the live index
 * @task: a thread of the process
 *
 * A thread that is not on the list yet finds @process_rec when it starts.  Where
 * interrupts are off, as in cgroup_attach_task, the first HOLD_IRQS_OFF have to
 * do: of the others their process has the numbers.
 *
 * Context: any but NMI, under rcu_read_lock().
 */
void taskhold_thread_record_hold_older(struct taskhold_policy *policy,
				       const struct taskhold_rec *process_rec,
				       struct task_struct *task)
{
	unsigned int left = irqs_disabled() ? HOLD_IRQS_OFF : UINT_MAX;
	struct task_struct *thread;

	for_each_thread(task, thread) {
		/* what is dead has used up all of its time before */
		if (thread_group_leader(thread) || READ_ONCE(thread->exit_state))
			continue;
		if (left) {
			left--;
			hold(policy, process_rec, thread, true);
		} else {
			taskhold_policy_lost(policy, NULL, TASKHOLD_FOLD_THREAD);
		}
	}
}

/* The numbers of @rec, which is out of the index, are final: tell its policy. */
static void finish(struct taskhold_rec *rec, struct task_struct *task, struct task_struct *shown)
{
	struct taskhold_policy *policy;

	taskhold_record_finish(rec, task);
	policy = taskhold_slots_policy(rec->slot);
	if (policy)
		taskhold_policy_finish(policy, rec, shown);
	/* readers, the caller's walk too, look at it until a grace period has passed */
	taskhold_record_put(rec);
}

/**
 * taskhold_thread_record_exec - a thread has become the first of its process by exec
 * @task: the thread, the current task
 *
 * Context: sched_process_exec, under rcu_read_lock().
 */
void taskhold_thread_record_exec(struct task_struct *task)
{
	struct taskhold_rec *rec;

	/* pairs with hold() */
	smp_mb();
	for_each_thread_record(rec, task) {
		if (!taskhold_live_remove(rec))
			continue;
		taskhold_record_end_by_exec(rec, task);
		/* finish() is promised to come with softirqs off, as all others do */
		local_bh_disable();
		finish(rec, task, NULL);
		local_bh_enable();
	}
}

/**
 * taskhold_thread_record_exit - a thread has entered exit
 * @task: the thread, the current task
 *
 * Context: sched_process_exit, under rcu_read_lock().
 */
void taskhold_thread_record_exit(struct task_struct *task)
{
	struct taskhold_policy *policy;
	struct taskhold_rec *rec;

	for_each_thread_record(rec, task) {
		if (!taskhold_record_mark_exited(rec))
			continue;
		policy = taskhold_slots_policy(rec->slot);
		if (policy)
			taskhold_policy_exit(policy, rec, task);
	}
}

/**
 * taskhold_thread_record_free - a task will not run again
 * @task: the task, about to be freed, with its final numbers
 *
 * Context: the RCU callback that frees it, under rcu_read_lock().
 */
void taskhold_thread_record_free(struct task_struct *task)
{
	struct taskhold_rec *rec;

	for_each_thread_record(rec, task) {
		taskhold_record_end_thread(rec, task, true);
		if (taskhold_live_remove(rec))
			finish(rec, task, task);
	}
}

/* @to: set to the path of @dst where it is needed first */
static void move(struct cgroup *dst, struct task_struct *task, struct taskhold_path **to)
{
	struct taskhold_path *from;
	struct taskhold_rec *rec;

	/* who is exiting stays where it was */
	if (task_dfl_cgroup(task) != dst)
		return;
	for_each_thread_record(rec, task) {
		if (!*to)
			*to = taskhold_path_of_cgroup(dst);
		/* the sums of the cgroup that it left have its process's numbers */
		taskhold_record_move(rec, cgroup_id(dst), taskhold_path_get(*to), &from);
		taskhold_path_put(from);
	}
}

/**
 * taskhold_thread_record_move - threads have changed their cgroup
 * @dst: where they are now
 * @task: the thread, or the first of the process
 * @threadgroup: all threads of the process?
 *
 * Context: cgroup_attach_task, under rcu_read_lock(); @task is alive.
 */
void taskhold_thread_record_move(struct cgroup *dst, struct task_struct *task, bool threadgroup)
{
	struct taskhold_path *to = NULL;
	struct task_struct *thread;

	if (threadgroup) {
		for_each_thread(task, thread)
			move(dst, thread, &to);
	} else {
		move(dst, task, &to);
	}
	taskhold_path_put(to);
}
