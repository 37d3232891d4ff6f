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
 * Locks, outermost first: tracker_mutex (attach, update, detach);
 * rcu_read_lock() (all probes, all kfuncs); taskhold_rec.lock; the lock of an
 * index bucket, of a policy's xarray, of a table of totals.  Of the last three
 * no two are held at a time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cgroup.h>
#include <linux/mutex.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <trace/events/cgroup.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

#include "compat.h"
#include "policy.h"
#include "record.h"
#include "tracker.h"

/* Running processes: some hundreds, or some 10,000 with a few in each bucket. */
#define LIVE_BITS 11

/* Threads of multi-threaded processes that are older than a policy. */
#define OLDER_BITS 8

/*
 * Bits of the slots in use: what the probes look at first.  Who sees a bit sees
 * the tables below too.
 */
static u8 active;
static struct taskhold_policy __rcu *policies[TASKHOLD_MAX_POLICIES];
static DEFINE_MUTEX(tracker_mutex);

/* Low bits of an address, where a key has the slot. */
#define SLOT_BITS 3
#define SLOT_MASK ((1UL << SLOT_BITS) - 1)
static_assert(TASKHOLD_MAX_POLICIES <= 1 << SLOT_BITS);

/*
 * Records of running processes by signal_struct and slot.  Both tables exist while a
 * policy is attached; probes and kfuncs may use them when they have seen a
 * bit in @active or a policy in the table under rcu_read_lock().
 */
static struct taskhold_index live;
static atomic64_t live_count = ATOMIC64_INIT(0);
static atomic64_t finished_total = ATOMIC64_INIT(0);

/**
 * struct older_thread - a thread that started before its record was made
 * @node: in the index of these, by the address of the task and the slot
 * @rec: a reference
 * @rcu: to free it
 *
 * Other threads of such a process cannot be told apart by when they started:
 * one that has been released but not yet freed must not be counted, since the
 * record never counted it in.
 */
struct older_thread {
	struct taskhold_index_node node;
	struct taskhold_rec *rec;
	struct rcu_head rcu;
};

static struct taskhold_index older;

static u8 active_mask(void)
{
	/* pairs with taskhold_tracker_attach() */
	return smp_load_acquire(&active);
}

static struct taskhold_rec *live_find(const struct task_struct *task, u8 slot)
{
	struct taskhold_index_node *node;

	node = taskhold_index_find(&live, (unsigned long)task->signal | slot);
	return node ? container_of(node, struct taskhold_rec, live) : NULL;
}

/* The first record of process @sig from @link on, in the chain of its bucket. */
static __always_inline struct taskhold_rec *record_from(struct hlist_node *link, unsigned long sig)
{
	struct taskhold_index_node *node;

	for (; link; link = rcu_dereference(hlist_next_rcu(link))) {
		node = hlist_entry(link, struct taskhold_index_node, link);
		if ((node->key & ~SLOT_MASK) == sig)
			return container_of(node, struct taskhold_rec, live);
	}
	return NULL;
}

/*
 * All records of the process of @task, one a policy; under rcu_read_lock().
 * The one at hand may be taken out of the index meanwhile.
 */
#define for_each_record(rec, task)							\
	for ((rec) = record_from(taskhold_index_first(&live,				\
						      (unsigned long)(task)->signal),	\
				 (unsigned long)(task)->signal);			\
	     (rec);									\
	     (rec) = record_from(rcu_dereference(hlist_next_rcu(&(rec)->live.link)),	\
				 (unsigned long)(task)->signal))

/* Drop the live index's reference; true for the one caller that did. */
static bool live_remove(struct taskhold_rec *rec)
{
	if (!taskhold_index_remove(&live, &rec->live))
		return false;
	atomic64_dec(&live_count);
	return true;
}

/* The first policy in @bits, or NULL; clears the bits of slots that have none. */
static __always_inline struct taskhold_policy *policy_first(unsigned long *bits)
{
	struct taskhold_policy *policy;

	for (; *bits; *bits &= *bits - 1) {
		policy = rcu_dereference(policies[__ffs(*bits)]);
		if (policy)
			return policy;
	}
	return NULL;
}

/* The policies in @mask, one after the other; under rcu_read_lock(). */
#define for_each_policy(policy, bits, mask)						\
	for ((bits) = (mask); ((policy) = policy_first(&(bits))); (bits) &= (bits) - 1)

static struct taskhold_policy *policy_in(u32 slot)
{
	return slot < TASKHOLD_MAX_POLICIES ? rcu_dereference(policies[slot]) : NULL;
}

/* ---- threads ---- */

/*
 * Count a thread that is older than @rec, unless that has been done.  The
 * thread cannot be freed meanwhile: the caller found it on its process's list
 * under rcu_read_lock(), or it has not run yet.
 */
static bool older_insert(struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_policy *policy;
	struct older_thread *thread;

	thread = kmalloc(sizeof(*thread), GFP_ATOMIC | __GFP_NOWARN);
	if (!thread) {
		policy = policy_in(rec->slot);
		if (policy)
			taskhold_policy_lost(policy, rec, TASKHOLD_LOST_NOMEM);
		return false;
	}

	taskhold_record_get(rec);
	thread->rec = rec;
	/*
	 * Count first: once it is in the index, a free of the thread that is
	 * not held up by the caller's RCU section counts it down.
	 */
	atomic_inc(&rec->threads_left);
	if (taskhold_index_insert_unique(&older, &thread->node,
					 (unsigned long)task | rec->slot))
		return true;

	atomic_dec(&rec->threads_left);
	taskhold_record_put(rec);
	kfree(thread);
	return false;
}

static void older_free(struct older_thread *thread)
{
	taskhold_record_put(thread->rec);
	kfree_rcu(thread, rcu);
}

static bool older_remove(const struct taskhold_rec *rec, struct task_struct *task)
{
	struct taskhold_index_node *node;

	node = taskhold_index_remove_key(&older, (unsigned long)task | rec->slot);
	if (!node)
		return false;
	older_free(container_of(node, struct older_thread, node));
	return true;
}

/* Forget the threads of the records of one policy. */
static void older_forget(u8 slot)
{
	struct taskhold_index_node *node;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < 1U << older.bits; i++) {
		hlist_for_each_entry_rcu(node, &older.buckets[i].head, link) {
			if ((node->key & SLOT_MASK) == slot &&
			    taskhold_index_remove(&older, node))
				older_free(container_of(node, struct older_thread, node));
		}
	}
	rcu_read_unlock();
}

/* Was this thread, which is about to be freed, counted in @rec? */
static bool thread_was_counted(struct taskhold_rec *rec, struct task_struct *task)
{
	unsigned long flags;
	bool counted;

	if (likely(!rec->since_ns))
		return true;

	raw_spin_lock_irqsave(&rec->lock, flags);
	counted = rec->first == task;
	if (counted)
		rec->first = NULL;
	raw_spin_unlock_irqrestore(&rec->lock, flags);

	return older_remove(rec, task) || counted ||
	       task->start_boottime >= READ_ONCE(rec->since_ns);
}

static void thread_starts(struct task_struct *task)
{
	struct taskhold_rec *rec;
	unsigned long flags;

	for_each_record(rec, task) {
		/*
		 * A thread that started before the record was in the index may
		 * have been counted by who made the record; one that started
		 * later was not.
		 */
		if (task->start_boottime < READ_ONCE(rec->since_ns))
			older_insert(rec, task);
		else
			atomic_inc(&rec->threads_left);

		raw_spin_lock_irqsave(&rec->lock, flags);
		rec->info.threads++;
		raw_spin_unlock_irqrestore(&rec->lock, flags);
	}
}

/* ---- holding ---- */

/*
 * A record of a process that is older than it has just been put into the live
 * index, with since_ns at U64_MAX: count its threads.  That of the first keeps
 * it from finishing until the caller's RCU section ends.
 */
static void count_older_threads(struct taskhold_rec *rec, struct task_struct *task)
{
	struct task_struct *thread;
	u64 now = ktime_get_boottime_ns();
	u32 threads = 0;

	/*
	 * Every thread that starts from now on finds the record.  Of those
	 * before, thread_starts() puts into the index whom it sees, and the
	 * list has all that are not released: none is missed, and none is
	 * counted twice.
	 */
	WRITE_ONCE(rec->since_ns, now);
	for_each_thread(task, thread) {
		threads++;
		if (thread != task && thread->start_boottime < now)
			older_insert(rec, thread);
	}
	/* a thread that starts right now may miss here: info.threads is a count for people */
	WRITE_ONCE(rec->info.threads, max(threads, 1U));
}

/*
 * Hold the process of @task, its first thread, for a policy; @parent_rec is a
 * record of its parent, or NULL.  Under rcu_read_lock(), and that keeps the
 * process from being freed: see the callers.
 */
static void hold(struct taskhold_policy *policy, struct task_struct *task,
		 struct task_struct *parent, const struct taskhold_rec *parent_rec, bool is_older)
{
	unsigned long key = (unsigned long)task->signal | policy->slot;
	struct taskhold_rec *rec;

	rec = taskhold_record_alloc(task, parent, parent_rec, policy->slot);
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

	if (!taskhold_index_insert_unique(&live, &rec->live, key)) {
		/* a new policy's walk, and birth or exec, found it at once */
		taskhold_record_put(rec);
		return;
	}
	atomic64_inc(&live_count);
	if (is_older)
		count_older_threads(rec, task);
	taskhold_policy_take(policy, rec);
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
	struct taskhold_rec *parent_rec;
	struct task_struct *parent;
	unsigned long bits;
	u8 mask, held;

	rcu_read_lock();
	mask = active_mask();
	if (!mask)
		goto out;
	if (clone_flags & CLONE_THREAD) {
		thread_starts(task);
		goto out;
	}

	/* @task has not run yet, so it can neither exit nor be freed. */
	parent = rcu_dereference(task->real_parent);
	held = holders(parent, &parent_rec);
	for_each_policy(policy, bits, mask) {
		u32 flag = held & 1U << policy->slot ? TASKHOLD_EV_PARENT_HELD : 0;

		if (taskhold_policy_admit(policy, task, parent, TASKHOLD_EV_FORK | flag))
			hold(policy, task, parent, parent_rec, false);
	}
out:
	rcu_read_unlock();
}

/*
 * The calling thread has become the first of its process, which is older than
 * its record: the start time that it has now is the former first thread's, so
 * it must be known as the first to be counted when it is freed.  The former
 * first, unless it has been freed already, must be known one by one from now
 * on.  Its free may run on another CPU at this very moment; then it has been
 * counted as the first, and what was done for it here is undone.
 */
static void change_first(struct taskhold_rec *rec, struct task_struct *task)
{
	struct task_struct *former;
	unsigned long flags;
	bool inserted = false, freed;

	/* the caller's own place among threads_left stays */
	older_remove(rec, task);

	raw_spin_lock_irqsave(&rec->lock, flags);
	former = rec->first;
	raw_spin_unlock_irqrestore(&rec->lock, flags);
	if (former)
		inserted = older_insert(rec, former);

	raw_spin_lock_irqsave(&rec->lock, flags);
	freed = rec->first != former;
	rec->first = task;
	raw_spin_unlock_irqrestore(&rec->lock, flags);

	if (freed && inserted)
		older_remove(rec, former);
	/*
	 * The former first had one place and got another when it was inserted.
	 * The caller's place keeps the count above 0.
	 */
	if (inserted || (former && !freed))
		atomic_dec(&rec->threads_left);
}

static void probe_exec(void *data, struct task_struct *task, pid_t old_pid,
		       struct linux_binprm *bprm)
{
	struct taskhold_path *exe = NULL;
	struct taskhold_policy *policy;
	struct taskhold_rec *rec;
	u8 mask, held = 0;

	rcu_read_lock();
	mask = active_mask();
	if (!mask)
		goto out;

	for_each_record(rec, task) {
		if (!exe)
			exe = taskhold_path_of_exe(task);
		if (old_pid != task->pid && rec->since_ns)
			change_first(rec, task);
		taskhold_record_exec(rec, task, taskhold_path_get(exe));
		policy = policy_in(rec->slot);
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

/* Note that the last thread has entered exit; false if that was known. */
static bool mark_exited(struct taskhold_rec *rec)
{
	unsigned long flags;
	bool again;

	/* two threads that exit at once may both find the count at 0 */
	raw_spin_lock_irqsave(&rec->lock, flags);
	again = rec->info.flags & TASKHOLD_INFO_EXITED;
	rec->info.flags |= TASKHOLD_INFO_EXITED;
	rec->info.exit_ns = ktime_get_boottime_ns();
	raw_spin_unlock_irqrestore(&rec->lock, flags);
	return !again;
}

static void probe_exit(TASKHOLD_EXIT_PROTO)
{
	struct taskhold_policy *policy;
	struct taskhold_rec *rec;

	/* do_exit() has counted this thread down: 0 means that none is left */
	if (atomic_read(&tsk->signal->live))
		return;

	rcu_read_lock();
	if (!active_mask())
		goto out;
	for_each_record(rec, tsk) {
		policy = mark_exited(rec) ? policy_in(rec->slot) : NULL;
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

	rcu_read_lock();
	if (!active_mask())
		goto out;
	for_each_record(rec, task) {
		if (!thread_was_counted(rec, task))
			continue;
		taskhold_record_end_thread(rec, task);
		/* orders the numbers added above before the sums made below */
		if (!atomic_dec_and_test(&rec->threads_left) || !live_remove(rec))
			continue;

		taskhold_record_finish(rec, task);
		atomic64_inc(&finished_total);
		policy = policy_in(rec->slot);
		if (policy)
			taskhold_policy_finish(policy, rec,
					       thread_group_leader(task) ? task : NULL);
		/* readers, this walk too, look at it until a grace period has passed */
		taskhold_record_put(rec);
	}
out:
	rcu_read_unlock();
}

static void move_record(struct taskhold_rec *rec, struct taskhold_path *to)
{
	struct taskhold_policy *policy = policy_in(rec->slot);
	struct taskhold_path *from;
	u64 cpu_ns;

	cpu_ns = taskhold_record_move(rec, taskhold_path_get(to), &from);
	if (policy)
		taskhold_policy_move(policy, rec, from, cpu_ns);
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

	if (dst->root != &cgrp_dfl_root || (!threadgroup && !thread_group_empty(task)))
		return;

	rcu_read_lock();
	mask = active_mask();
	/* a task that is being released can be moved, too late to matter */
	if (!mask || !pid_alive(task))
		goto out;

	for_each_record(rec, task) {
		held |= 1U << rec->slot;
		if (!to)
			to = taskhold_path_of_cgroup(dst);
		if (to)
			move_record(rec, to);
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
static void walk_processes(const struct taskhold_policy *policy)
{
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
		if (!live_find(task, policy->slot))
			consider(task, 1U << policy->slot, TASKHOLD_EV_ATTACH);
	}
	rcu_read_unlock();
}

/* Let go of all records of running processes that a policy has. */
static void forget_live(u8 slot)
{
	struct taskhold_index_node *node;
	struct taskhold_rec *rec;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < 1U << live.bits; i++) {
		hlist_for_each_entry_rcu(node, &live.buckets[i].head, link) {
			rec = container_of(node, struct taskhold_rec, live);
			if (rec->slot == slot && live_remove(rec))
				taskhold_record_put(rec);
		}
		cond_resched_rcu();
	}
	rcu_read_unlock();
	older_forget(slot);
}

static int tables_alloc(void)
{
	int err;

	err = taskhold_index_init(&live, LIVE_BITS, SLOT_BITS);
	if (err)
		return err;
	err = taskhold_index_init(&older, OLDER_BITS, SLOT_BITS);
	if (err)
		taskhold_index_destroy(&live);
	return err;
}

static void tables_free(void)
{
	taskhold_index_destroy(&older);
	taskhold_index_destroy(&live);
}

static int slot_find(const struct taskhold_ops *ops)
{
	struct taskhold_policy *policy;
	unsigned int slot;
	int free = -EBUSY;

	lockdep_assert_held(&tracker_mutex);
	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		policy = rcu_dereference_protected(policies[slot],
						   lockdep_is_held(&tracker_mutex));
		if (!policy)
			free = free < 0 ? slot : free;
		else if (!strncmp(policy->name, ops->name, sizeof(policy->name)))
			return -EEXIST;
	}
	return free;
}

static struct taskhold_policy *policy_of(const struct taskhold_ops *ops)
{
	struct taskhold_policy *policy;
	unsigned int slot;

	lockdep_assert_held(&tracker_mutex);
	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		policy = rcu_dereference_protected(policies[slot],
						   lockdep_is_held(&tracker_mutex));
		if (policy && rcu_access_pointer(policy->ops) == ops)
			return policy;
	}
	return NULL;
}

/**
 * taskhold_tracker_attach - attach a policy
 * @ops: its members, validated; stay valid until taskhold_tracker_detach()
 *
 * When it returns, every process that there was has been asked about, and
 * every event since is seen.
 *
 * Context: may sleep.
 *
 * Return: 0; -EEXIST if a policy of this name is attached, -EBUSY if
 * TASKHOLD_MAX_POLICIES are, -ENOMEM, or what ops->attach() returned.
 */
int taskhold_tracker_attach(const struct taskhold_ops *ops)
{
	struct taskhold_policy *policy;
	int slot, err;

	mutex_lock(&tracker_mutex);
	slot = slot_find(ops);
	if (slot < 0) {
		err = slot;
		goto out;
	}

	err = -ENOMEM;
	policy = taskhold_policy_alloc(ops);
	if (!policy)
		goto out;
	policy->slot = slot;

	if (!active) {
		err = tables_alloc();
		if (err)
			goto out_policy;
	}
	err = ops->attach ? ops->attach() : 0;
	if (err) {
		err = err < 0 && err >= -MAX_ERRNO ? err : -EINVAL;
		goto out_tables;
	}
	if (!active) {
		err = probes_register();
		if (err)
			goto out_detach;
	}

	rcu_assign_pointer(policies[slot], policy);
	/* pairs with active_mask() */
	smp_store_release(&active, active | 1U << slot);
	/*
	 * Every probe that did not see the policy has ended: the process it
	 * was about is on the list, or gone.
	 */
	synchronize_rcu();
	walk_processes(policy);
	mutex_unlock(&tracker_mutex);
	return 0;

out_detach:
	if (ops->detach)
		ops->detach();
out_tables:
	if (!active)
		tables_free();
out_policy:
	taskhold_policy_free(policy);
out:
	mutex_unlock(&tracker_mutex);
	return err;
}

/**
 * taskhold_tracker_update - exchange the members of an attached policy
 * @ops: the new ones, validated
 * @old: those it was attached with, or last updated to
 *
 * Records, counters and sums stay; each event is given to the old or to the
 * new members.  attach and detach are not called.
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOENT if @old is not attached, -EINVAL if the names differ.
 */
int taskhold_tracker_update(const struct taskhold_ops *ops, const struct taskhold_ops *old)
{
	struct taskhold_policy *policy;
	int err = -ENOENT;

	mutex_lock(&tracker_mutex);
	policy = policy_of(old);
	if (policy) {
		err = -EINVAL;
		if (!strncmp(policy->name, ops->name, sizeof(policy->name))) {
			taskhold_policy_set_ops(policy, ops);
			err = 0;
		}
	}
	mutex_unlock(&tracker_mutex);
	return err;
}

/**
 * taskhold_tracker_detach - detach a policy
 * @ops: its members
 *
 * When it returns, no member of it runs or will run, and all that it held has
 * been let go of, save what BPF maps and programs have references to.
 *
 * Context: may sleep.
 */
void taskhold_tracker_detach(const struct taskhold_ops *ops)
{
	struct taskhold_policy *policy;

	mutex_lock(&tracker_mutex);
	policy = policy_of(ops);
	if (!policy) {
		mutex_unlock(&tracker_mutex);
		return;
	}

	RCU_INIT_POINTER(policies[policy->slot], NULL);
	WRITE_ONCE(active, active & ~(1U << policy->slot));
	if (!active)
		probes_unregister();
	/* probes of other policies, kfuncs: whoever had the pointer is done */
	synchronize_rcu();

	forget_live(policy->slot);
	if (!active) {
		/*
		 * Kfuncs that saw a policy before it went may still walk the
		 * tables that forget_live() emptied: they began before the
		 * grace period above, so they have ended.
		 */
		tables_free();
	}
	if (ops->detach)
		ops->detach();
	taskhold_policy_free(policy);
	mutex_unlock(&tracker_mutex);
}

/* ---- reading ---- */

/**
 * taskhold_tracker_stats - counters of the module
 * @stats: where to
 *
 * Context: any but NMI.
 */
void taskhold_tracker_stats(struct taskhold_stats *stats)
{
	struct taskhold_policy *policy;
	unsigned long bits;
	u8 mask;

	memset(stats, 0, sizeof(*stats));
	stats->records = taskhold_record_count();
	stats->live = atomic64_read(&live_count);
	stats->held_total = taskhold_record_total();
	stats->finished_total = atomic64_read(&finished_total);
	taskhold_path_usage(&stats->paths, &stats->path_bytes);
	stats->bytes = stats->path_bytes + stats->records * sizeof(struct taskhold_rec);

	rcu_read_lock();
	mask = active_mask();
	for_each_policy(policy, bits, mask) {
		stats->policies++;
		stats->bytes += taskhold_policy_bytes(policy);
	}
	if (stats->policies)
		stats->bytes += taskhold_index_bytes(&live) + taskhold_index_bytes(&older);
	rcu_read_unlock();
}

/**
 * taskhold_tracker_policy_stats - counters of a policy
 * @slot: its slot
 * @stats: where to
 *
 * Context: any but NMI.
 *
 * Return: 0, -ENOENT for a slot without policy.
 */
int taskhold_tracker_policy_stats(u32 slot, struct taskhold_policy_stats *stats)
{
	struct taskhold_policy *policy;

	rcu_read_lock();
	policy = policy_in(slot);
	if (policy)
		taskhold_policy_stats(policy, stats);
	rcu_read_unlock();
	return policy ? 0 : -ENOENT;
}

/**
 * taskhold_tracker_next_totals - read a policy's sums by cgroup one by one
 * @slot: its slot
 * @cursor: 0 to begin; updated
 * @out: the next sums
 *
 * Context: any but NMI.
 *
 * Return: 0, -ENOENT after the last or for a slot without policy.
 */
int taskhold_tracker_next_totals(u32 slot, u64 *cursor, struct taskhold_totals *out)
{
	struct taskhold_policy *policy;
	int err = -ENOENT;

	rcu_read_lock();
	policy = policy_in(slot);
	if (policy)
		err = taskhold_totals_next_entry(policy->totals, cursor, out);
	rcu_read_unlock();
	return err;
}

/**
 * taskhold_tracker_totals_path - path of a cgroup that a policy has sums of
 * @slot: the policy's slot
 * @cgroup_id: which
 * @out: where to
 * @size: bytes at @out
 *
 * Context: any but NMI.
 *
 * Return: as taskhold_path_copy(); -ENOENT also without policy or sums.
 */
int taskhold_tracker_totals_path(u32 slot, u64 cgroup_id, char *out, u32 size)
{
	struct taskhold_policy *policy;
	int ret = -ENOENT;

	rcu_read_lock();
	policy = policy_in(slot);
	if (policy)
		ret = taskhold_totals_copy_path(policy->totals, cgroup_id, out, size);
	rcu_read_unlock();
	return ret;
}

/**
 * taskhold_tracker_find - the record of a running process
 * @task: any of its threads
 *
 * Context: any.
 *
 * Return: a strong reference, or NULL if no policy holds it; if several do,
 * the record of the one in the lowest slot.
 */
struct taskhold_rec *taskhold_tracker_find(struct task_struct *task)
{
	struct taskhold_rec *rec, *found = NULL;

	rcu_read_lock();
	if (!active_mask())
		goto out;
	for_each_record(rec, task) {
		if (!found || rec->slot < found->slot)
			found = rec;
	}
	if (found)
		found = taskhold_record_get_not_zero(found);
out:
	rcu_read_unlock();
	return found;
}

/**
 * taskhold_cursor_begin - begin to read the records of a policy
 * @cursor: where to keep the place
 * @slot: the policy's slot
 *
 * Context: any.
 *
 * Return: 0, -ENOENT for a slot without policy; in either case the cursor may
 * be moved, and has to be ended.
 */
int taskhold_cursor_begin(struct taskhold_cursor *cursor, u32 slot)
{
	struct taskhold_policy *policy;

	memset(cursor, 0, sizeof(*cursor));
	cursor->slot = slot;
	cursor->last = U64_MAX;

	rcu_read_lock();
	policy = policy_in(slot);
	if (policy)
		cursor->policy_id = policy->id;
	rcu_read_unlock();
	return policy ? 0 : -ENOENT;
}

/*
 * The next record in the cursor's bucket, or in one after: the one with the
 * highest number below the last.  That needs no pointer into the bucket,
 * which changes between two calls.
 */
static struct taskhold_rec *cursor_next_live(struct taskhold_cursor *cursor)
{
	struct taskhold_rec *rec, *best;
	struct taskhold_index_node *node;

	for (; cursor->bucket < 1U << live.bits; cursor->bucket++, cursor->last = U64_MAX) {
		do {
			best = NULL;
			hlist_for_each_entry_rcu(node, &live.buckets[cursor->bucket].head, link) {
				rec = container_of(node, struct taskhold_rec, live);
				if (rec->slot == cursor->slot && rec->info.id < cursor->last &&
				    (!best || rec->info.id > best->info.id))
					best = rec;
			}
			if (!best)
				break;
			cursor->last = best->info.id;
		} while (!taskhold_record_get_not_zero(best));
		if (best)
			return best;
	}
	return NULL;
}

static struct taskhold_rec *cursor_next_kept(struct taskhold_cursor *cursor,
					     struct taskhold_policy *policy)
{
	unsigned long index = cursor->last;
	struct taskhold_rec *rec;

	do {
		rec = xa_find(&policy->kept, &index, ULONG_MAX, XA_PRESENT);
		if (!rec)
			return NULL;
		cursor->last = ++index;
	} while (!taskhold_record_get_not_zero(rec));
	return rec;
}

/**
 * taskhold_cursor_next - the next record of the policy
 * @cursor: the place
 *
 * Running processes first, then finished ones, oldest first.  What comes or
 * finishes meanwhile may be seen, or seen twice, or not be seen.
 *
 * Context: any but NMI.
 *
 * Return: a record that is valid until the next call for this cursor, or NULL
 * after the last, or when the policy has been detached.
 */
struct taskhold_rec *taskhold_cursor_next(struct taskhold_cursor *cursor)
{
	struct taskhold_rec *rec = NULL;
	struct taskhold_policy *policy;

	rcu_read_lock();
	policy = policy_in(cursor->slot);
	if (policy && policy->id == cursor->policy_id) {
		if (cursor->bucket < 1U << live.bits) {
			rec = cursor_next_live(cursor);
			if (!rec)
				cursor->last = 0;
		}
		if (!rec)
			rec = cursor_next_kept(cursor, policy);
	}
	rcu_read_unlock();

	taskhold_cursor_end(cursor);
	cursor->rec = rec;
	return rec;
}

/**
 * taskhold_cursor_end - let go of the place
 * @cursor: the place
 *
 * Context: any but NMI.
 */
void taskhold_cursor_end(struct taskhold_cursor *cursor)
{
	if (cursor->rec)
		taskhold_record_put(cursor->rec);
	cursor->rec = NULL;
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
