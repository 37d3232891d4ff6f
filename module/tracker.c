// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task events -> records -> policies.
 *
 * Of a process the tracker sees: its birth (task_newtask), its threads
 * (task_newtask and sched_process_free of each), exec, the exit of its last
 * thread, changes of its cgroup, and the RCU callbacks that free its threads.
 * The numbers of a thread are final only in the last of these: it has been
 * switched away from for good.  The record of a process is final when that
 * has come for all of its threads.
 *
 * A process is known by its signal_struct, which all of its threads share and
 * which lives as long as the last task_struct of them: while a key is in the
 * live index it cannot be reused.  So pid reuse, exec by a thread (which
 * takes over the pid) and reparenting change nothing.  The low bits of the key
 * are the policy's slot and do not choose the bucket: one walk of a bucket
 * finds the records of all policies.
 *
 * Locks, outermost first: the BPF core's lock on updates of links, which is held
 * where it calls the type's members, but not where a link is freed; tracker_mutex
 * (attach, update, detach);
 * rcu_read_lock() (all probes, all kfuncs); taskhold_rec.lock; the lock of an
 * index bucket, of a policy's xarray, of a table of totals.  Of the last three
 * no two are held at a time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cgroup.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <trace/events/cgroup.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "compat.h"
#include "ended.h"
#include "ender.h"
#include "link.h"
#include "live.h"
#include "policy.h"
#include "pool.h"
#include "record.h"
#include "slots.h"
#include "thread_record.h"
#include "threads.h"
#include "tracker.h"

static DEFINE_MUTEX(tracker_mutex);

static atomic64_t finished_total = ATOMIC64_INIT(0);

/*
 * Hold the process of @task, its first thread, for a policy; @creator_rec is a
 * record of the process that made it, or NULL.  Under rcu_read_lock(), and that keeps the
 * process from being freed: see the callers.
 */
static void hold(struct taskhold_policy *policy, struct task_struct *task,
		 struct task_struct *parent, const struct taskhold_rec *creator_rec, bool is_older)
{
	struct task_struct *first;
	struct taskhold_rec *rec;

	rec = taskhold_record_alloc(task, parent, creator_rec, policy->slot);
	if (!rec)
		goto nomem;
	if (is_older) {
		if (taskhold_record_set_older(rec, task)) {
			taskhold_record_put(rec);
			goto nomem;
		}
		rec->first = task;
		rec->since_ns = U64_MAX;
	}

	if (!taskhold_live_insert(rec, task)) {
		/* a new policy's walk, and birth or exec, found it at once */
		taskhold_record_put(rec);
		return;
	}
	if (is_older) {
		taskhold_threads_count_older(rec, task);
		first = READ_ONCE(task->group_leader);
		if (unlikely(first != task)) {
			/* another thread called exec before the record was there to be found */
			taskhold_threads_change_first(rec, first);
			taskhold_record_change_task(rec, first);
		}
	}
	taskhold_policy_take(policy, rec);
	if (is_older && policy->flags & TASKHOLD_POLICY_THREADS)
		taskhold_thread_record_hold_older(policy, rec, task);
	return;

nomem:
	taskhold_policy_lost(policy, NULL, TASKHOLD_LOST_NOMEM);
}

/* Bits of the policies that hold the process of @task; @any is set to a record. */
static u8 holders(const struct task_struct *task, struct taskhold_rec **any)
{
	struct taskhold_rec *rec;
	u8 mask = 0;

	*any = NULL;
	for_each_record(rec, task) {
		mask |= 1U << rec->slot;
		*any = rec;
	}
	return mask;
}

/* Ask the policies in @mask about a process that has been running already. */
static void consider(struct task_struct *task, u8 mask, u32 event)
{
	struct task_struct *parent = rcu_dereference(task->real_parent);
	struct taskhold_policy *policy;
	struct taskhold_rec *rec;
	unsigned long bits;
	u8 held;

	held = holders(parent, &rec);
	for_each_policy(policy, bits, mask) {
		u32 flag = held & 1U << policy->slot ? TASKHOLD_EV_PARENT_HELD : 0;

		/* its executable need not be its parent's */
		if (taskhold_policy_admit(policy, task, NULL, event | flag))
			hold(policy, task, parent, NULL, true);
	}
}

/* ---- probes ---- */

static void probe_newtask(TASKHOLD_NEWTASK_PROTO)
{
	struct taskhold_policy *policy;
	struct taskhold_rec *creator_rec;
	struct task_struct *parent;
	unsigned long bits;
	u8 mask, held;

	rcu_read_lock();
	mask = taskhold_slots_mask();
	if (!mask)
		goto out;
	if (clone_flags & CLONE_THREAD) {
		taskhold_threads_start(task);
		if (taskhold_slots_want_threads())
			taskhold_thread_record_start(task);
		goto out;
	}

	/*
	 * @task has not run yet, so it can neither exit nor be freed.  It comes
	 * from who made it, and runs what that runs; with CLONE_PARENT its
	 * parent is another.
	 */
	parent = rcu_dereference(task->real_parent);
	held = holders(current, &creator_rec);
	for_each_policy(policy, bits, mask) {
		u32 flag = held & 1U << policy->slot ? TASKHOLD_EV_PARENT_HELD : 0;

		if (taskhold_policy_admit(policy, task, parent, TASKHOLD_EV_FORK | flag))
			hold(policy, task, parent, creator_rec, false);
	}
out:
	rcu_read_unlock();
}

static void probe_exec(void *data, struct task_struct *task, pid_t old_pid,
		       struct linux_binprm *bprm)
{
	struct taskhold_path *exe = NULL;
	struct taskhold_policy *policy;
	struct taskhold_rec *rec;
	u8 mask, held = 0;

	rcu_read_lock();
	mask = taskhold_slots_mask();
	if (!mask)
		goto out;

	if (old_pid != task->pid && taskhold_slots_want_threads())
		taskhold_thread_record_exec(task);
	for_each_record(rec, task) {
		if (!exe)
			exe = taskhold_path_of_exe(task);
		if (old_pid != task->pid && rec->since_ns)
			taskhold_threads_change_first(rec, task);
		taskhold_record_exec(rec, task, taskhold_path_get(exe));
		policy = taskhold_slots_policy(rec->slot);
		if (policy)
			taskhold_policy_exec(policy, rec, task);
		held |= 1U << rec->slot;
	}
	taskhold_path_put(exe);
	/* @task is the current task: it cannot be freed. */
	if (mask & ~held)
		consider(task, mask & ~held, TASKHOLD_EV_EXEC);
out:
	rcu_read_unlock();
}

static void probe_exit(TASKHOLD_EXIT_PROTO)
{
	struct taskhold_policy *policy;
	struct taskhold_rec *rec;

	/* do_exit() has counted this thread down: 0 means that none is left */
	bool is_last = !atomic_read(&tsk->signal->live);

	if (!is_last && !taskhold_slots_want_threads())
		return;

	rcu_read_lock();
	if (!taskhold_slots_mask())
		goto out;
	if (taskhold_slots_want_threads())
		taskhold_thread_record_exit(tsk);
	if (!is_last)
		goto out;
	for_each_record(rec, tsk) {
		policy = taskhold_record_mark_exited(rec) ? taskhold_slots_policy(rec->slot) :
							    NULL;
		if (policy)
			taskhold_policy_exit(policy, rec, tsk);
	}
out:
	rcu_read_unlock();
}

/*
 * From delayed_put_task_struct(), an RCU callback: @task will not run again.
 * Its signal_struct and cred, and its css_set, go with __put_task_struct().
 */
static void probe_free(void *data, struct task_struct *task)
{
	struct taskhold_policy *policy;
	struct taskhold_rec *rec;
	bool counted;

	rcu_read_lock();
	if (!taskhold_slots_mask())
		goto out;
	if (taskhold_slots_want_threads())
		taskhold_thread_record_free(task);
	for_each_record(rec, task) {
		counted = taskhold_threads_counted(rec, task);
		taskhold_record_end_thread(rec, task, counted);
		if (!counted)
			continue;
		/* orders the numbers added above before the sums made below */
		if (!atomic_dec_and_test(&rec->threads_left) || !taskhold_live_remove(rec))
			continue;

		taskhold_record_finish(rec, task);
		atomic64_inc(&finished_total);
		policy = taskhold_slots_policy(rec->slot);
		if (policy)
			taskhold_policy_finish(policy, rec,
					       thread_group_leader(task) ? task : NULL);
		/* readers, this walk too, look at it until a grace period has passed */
		taskhold_record_put(rec);
	}
out:
	rcu_read_unlock();
}

static void move_record(struct taskhold_rec *rec, u64 id, struct taskhold_path *to)
{
	struct taskhold_policy *policy = taskhold_slots_policy(rec->slot);
	struct taskhold_path *from;
	u64 cpu_ns;

	cpu_ns = taskhold_record_move(rec, id, taskhold_path_get(to), &from);
	if (policy) {
		taskhold_policy_move(policy, rec, from, cpu_ns);
		if (!to)
			taskhold_policy_lost(policy, rec, TASKHOLD_LOST_NOMEM);
	}
	taskhold_path_put(from);
}

/*
 * From cgroup_attach_task(), for each hierarchy: @task, or with @threadgroup
 * all threads of the process that it leads, is in @dst now.  A thread that is
 * moved alone, inside a threaded subtree, does not move its process.
 */
static void probe_cgroup_attach(void *data, struct cgroup *dst, const char *path,
				struct task_struct *task, bool threadgroup)
{
	struct taskhold_path *to = NULL;
	struct taskhold_rec *rec;
	u8 mask, held = 0;

	if (dst->root != &cgrp_dfl_root)
		return;

	rcu_read_lock();
	mask = taskhold_slots_mask();
	/* a task that is being released can be moved, too late to matter */
	if (!mask || !pid_alive(task))
		goto out;
	if (taskhold_slots_want_threads())
		taskhold_thread_record_move(dst, task, threadgroup);
	if (!threadgroup && !thread_group_empty(task))
		goto out;

	for_each_record(rec, task) {
		held |= 1U << rec->slot;
		if (!to)
			to = taskhold_path_of_cgroup(dst);
		move_record(rec, cgroup_id(dst), to);
	}
	taskhold_path_put(to);
	/* alive inside this RCU section: it cannot be freed before its end */
	if (mask & ~held)
		consider(task->group_leader, mask & ~held, TASKHOLD_EV_MOVE);
out:
	rcu_read_unlock();
}

/* ---- tracepoints ---- */

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
	bool registered;
} probes[] = {
	/* The order matters: who is born must be seen to exec, move and die. */
	{ .name = "sched_process_free", .probe = probe_free },
	{ .name = "sched_process_exit", .probe = probe_exit },
	{ .name = "cgroup_attach_task", .probe = probe_cgroup_attach },
	{ .name = "sched_process_exec", .probe = probe_exec },
	{ .name = "task_newtask", .probe = probe_newtask },
};

/* The compiler holds the probes to the tracepoints' prototypes. */
static void __maybe_unused check_probe_types(void)
{
	check_trace_callback_type_sched_process_free(probe_free);
	check_trace_callback_type_sched_process_exit(probe_exit);
	check_trace_callback_type_cgroup_attach_task(probe_cgroup_attach);
	check_trace_callback_type_sched_process_exec(probe_exec);
	check_trace_callback_type_task_newtask(probe_newtask);
}

/* Task tracepoints are not exported one by one; this iteration is. */
static void probes_find(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
	}
}

static void probes_unregister(void)
{
	unsigned int i;

	for (i = ARRAY_SIZE(probes); i-- > 0;) {
		if (probes[i].registered)
			tracepoint_probe_unregister(probes[i].tp, probes[i].probe, NULL);
		probes[i].registered = false;
	}
	/* no probe runs any more, and none has left a mark in the tables */
	tracepoint_synchronize_unregister();
}

static int probes_register(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = tracepoint_probe_register(probes[i].tp, probes[i].probe, NULL);
		if (err) {
			probes_unregister();
			return err;
		}
		probes[i].registered = true;
	}
	return 0;
}

/* ---- attach and detach ---- */

/* Ask a new policy about all processes that there are. */
static void walk_processes(struct taskhold_policy *policy)
{
	unsigned long begun, spent = 0;
	struct task_struct *task;

	/*
	 * One section over all of it: a task found on the list is freed by an
	 * RCU callback that waits for the end of this section, so its record
	 * is in the index, and its threads are counted, before the probe sees
	 * it freed.
	 */
	rcu_read_lock();
	for_each_process(task) {
		/* dead, and reaped or about to be: its CPU time was spent before */
		if (READ_ONCE(task->exit_state) && thread_group_empty(task))
			continue;
		if (taskhold_live_find(task, policy->slot))
			continue;
		begun = jiffies;
		consider(task, 1U << policy->slot, TASKHOLD_EV_ATTACH);
		taskhold_policy_walked(policy, begun, &spent);
	}
	rcu_read_unlock();
}

static int tables_alloc(void)
{
	int err;

	err = taskhold_live_init();
	if (err)
		return err;
	err = taskhold_threads_init();
	if (err)
		taskhold_live_destroy();
	return err;
}

static void tables_free(void)
{
	taskhold_threads_destroy();
	taskhold_live_destroy();
}

/**
 * taskhold_tracker_attach - attach a policy
 * @ops: its members, validated; stay valid until taskhold_tracker_detach()
 * @link: its link, or NULL without one; stays valid likewise
 *
 * When it returns, every process that there was has been asked about, and
 * every event since is seen.
 *
 * Context: may sleep.
 *
 * Return: 0; -EEXIST if a policy of this name is attached, -EBUSY if
 * TASKHOLD_MAX_POLICIES are, -ENOMEM, or what ops->attach() returned.
 */
int taskhold_tracker_attach(const struct taskhold_ops *ops, struct bpf_link *link)
{
	struct taskhold_policy *policy;
	int slot, err;

	mutex_lock(&tracker_mutex);
	slot = taskhold_slots_find_free(ops, &tracker_mutex);
	if (slot < 0) {
		err = slot;
		goto out;
	}

	err = -ENOMEM;
	policy = taskhold_policy_alloc(ops, link);
	if (!policy)
		goto out;
	policy->slot = slot;

	if (!taskhold_slots_active) {
		err = tables_alloc();
		if (err)
			goto out_policy;
	}
	/* before it is attached, as nothing may fail behind; they find no policy yet */
	if (!taskhold_slots_active) {
		err = probes_register();
		if (err)
			goto out_tables;
	}
	err = ops->attach ? ops->attach() : 0;
	if (err) {
		err = err < 0 && err >= -MAX_ERRNO ? err : -EINVAL;
		goto out_probes;
	}

	taskhold_slots_publish(policy);
	/*
	 * Every probe that did not see the policy has ended: the process it
	 * was about is on the list, or gone.
	 */
	synchronize_rcu();
	walk_processes(policy);
	mutex_unlock(&tracker_mutex);
	return 0;

out_probes:
	if (!taskhold_slots_active)
		probes_unregister();
out_tables:
	if (!taskhold_slots_active)
		tables_free();
out_policy:
	taskhold_policy_free(policy);
out:
	mutex_unlock(&tracker_mutex);
	return err;
}

/* May these members take the place of a policy's? */
static int check_fits(const struct taskhold_policy *policy, const struct taskhold_ops *ops)
{
	const char *why = NULL;

	if (strncmp(policy->name, ops->name, sizeof(policy->name)))
		why = "name: an update cannot change it";
	else if (policy->flags != ops->flags)
		why = "flags: an update cannot change them";
	else if (policy->registered->detach && !ops->detach)
		why = "detach: an update cannot leave it out";
	if (!why)
		return 0;
	pr_notice_ratelimited("policy %s: taskhold_ops.%s\n", policy->name, why);
	return -EINVAL;
}

/**
 * taskhold_tracker_update - exchange the members of an attached policy
 * @ops: the new ones, validated
 * @old: those it was attached with, or last updated to
 *
 * Records, counters and sums stay, but for finished records over a lower
 * max_held, which are folded; each event is given to the old or to the new
 * members.  attach and detach are not called.
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOENT if @old is not attached, -ENOLINK if it is about to be
 * detached for a fault, -EINVAL if the names or the flags differ, or if @old has a
 * detach() and @ops has none: what the policy has set up could not be taken down.
 */
int taskhold_tracker_update(const struct taskhold_ops *ops, const struct taskhold_ops *old)
{
	struct taskhold_policy *policy;
	int err = -ENOENT;

	mutex_lock(&tracker_mutex);
	policy = taskhold_slots_find(old, &tracker_mutex);
	if (!policy)
		goto out;
	err = check_fits(policy, ops);
	if (err)
		goto out;
	err = taskhold_policy_update(policy, ops);
	if (!err)
		taskhold_policy_trim(policy);
out:
	mutex_unlock(&tracker_mutex);
	return err;
}

/*
 * Take a policy out and free it.  When this returns, no member of it runs or will
 * run, and all that it held has been let go of, save what BPF maps and programs
 * have references to.  Under tracker_mutex.
 */
static void end_policy(struct taskhold_policy *policy)
{
	const struct taskhold_ops *ops = policy->registered;

	taskhold_slots_unpublish(policy);
	/* probes and kfuncs: whoever had the pointer is done, none makes a record */
	synchronize_rcu();
	taskhold_policy_end(policy);

	/*
	 * While the probes still run: a record that a BPF map has a reference
	 * to must not be left with a task that is freed unseen.
	 */
	taskhold_live_forget(policy->slot);
	taskhold_slots_clear(policy->slot);
	if (!taskhold_slots_active)
		probes_unregister();
	/* probes that had found one of these records, kfuncs that walk the tables */
	synchronize_rcu();
	taskhold_threads_forget(policy->slot);
	if (!taskhold_slots_active)
		tables_free();
	taskhold_ended_add(&policy->exit_info);
	if (ops->detach)
		ops->detach(&policy->exit_info);
	taskhold_policy_free(policy);
}

/**
 * taskhold_tracker_detach - detach a policy
 * @ops: its members
 *
 * When it returns, no member of it runs or will run, and all that it held has
 * been let go of, save what BPF maps and programs have references to.  Nothing
 * happens if the policy has ended already.
 *
 * Context: may sleep.
 */
void taskhold_tracker_detach(const struct taskhold_ops *ops)
{
	struct taskhold_policy *policy;

	mutex_lock(&tracker_mutex);
	policy = taskhold_slots_find(ops, &tracker_mutex);
	if (policy)
		end_policy(policy);
	mutex_unlock(&tracker_mutex);
}

/*
 * One policy with a fault, as taskhold_tracker_end_faulty(); false if there is none.
 *
 * A policy with a link is ended by detaching that, by which the kernel calls
 * taskhold_tracker_detach() and wakes who polls the link.  It does so under a lock of
 * its own, which it holds too where it calls attach and update; so not under
 * tracker_mutex.  The link is still there: before it is freed the policy is taken out,
 * under tracker_mutex.  Where its last reference is gone just that is about to happen.
 */
static bool end_one_faulty(void)
{
	struct taskhold_policy *policy;
	struct bpf_link *link;
	unsigned int slot;
	bool is_there;

	mutex_lock(&tracker_mutex);
	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		policy = rcu_dereference_protected(taskhold_slots[slot],
						   lockdep_is_held(&tracker_mutex));
		if (policy && !policy->is_ending && taskhold_policy_is_faulty(policy))
			break;
	}
	if (slot == TASKHOLD_MAX_POLICIES) {
		mutex_unlock(&tracker_mutex);
		return false;
	}
	if (!policy->link) {
		end_policy(policy);
		mutex_unlock(&tracker_mutex);
		return true;
	}
	policy->is_ending = true;
	link = policy->link;
	is_there = taskhold_link_get(link);
	mutex_unlock(&tracker_mutex);

	if (is_there)
		taskhold_link_detach(link);
	return true;
}

/**
 * taskhold_tracker_end_faulty - detach the policies that have a fault
 *
 * Context: may sleep.
 */
void taskhold_tracker_end_faulty(void)
{
	while (end_one_faulty())
		cond_resched();
}

/* Whether the policy that was given this number is in the table yet. */
static bool is_attached(unsigned int slot, u64 id)
{
	struct taskhold_policy *policy;
	bool is;

	mutex_lock(&tracker_mutex);
	policy = rcu_dereference_protected(taskhold_slots[slot],
					   lockdep_is_held(&tracker_mutex));
	is = policy && policy->id == id;
	mutex_unlock(&tracker_mutex);
	return is;
}

/**
 * taskhold_tracker_detach_named - detach a policy against its owner's will
 * @name: its name
 *
 * When it returns 0, the policy has ended, and its link with it.
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOENT if no policy of this name is attached, -EINTR if the caller was
 * killed before it had ended.
 */
int taskhold_tracker_detach_named(const char *name)
{
	struct taskhold_policy *policy;
	u64 id = 0;
	int slot;

	rcu_read_lock();
	slot = taskhold_slots_find_named(name);
	if (slot >= 0) {
		policy = taskhold_slots_policy(slot);
		id = policy->id;
		taskhold_policy_fail(policy, TASKHOLD_EXIT_PARAM, 0, 0);
	}
	rcu_read_unlock();
	if (slot < 0)
		return slot;
	for (;;) {
		taskhold_ender_wait();
		if (!is_attached(slot, id))
			return 0;
		/*
		 * Somebody else has found a fault of it and not run the work yet, or has
		 * dropped the last reference to its link and not taken it out yet.
		 */
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

/**
 * taskhold_tracker_finished - processes that have finished while a policy held them
 *
 * Context: any.
 *
 * Return: how many, since the module was loaded.
 */
u64 taskhold_tracker_finished(void)
{
	return atomic64_read(&finished_total);
}

/**
 * taskhold_tracker_init - find the tracepoints
 *
 * Context: module init.
 *
 * Return: 0, -ENOENT if the kernel has not all of them.
 */
int taskhold_tracker_init(void)
{
	unsigned int i;

	for_each_kernel_tracepoint(probes_find, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].tp) {
			pr_err("this kernel has no tracepoint %s\n", probes[i].name);
			return -ENOENT;
		}
	}
	return 0;
}
