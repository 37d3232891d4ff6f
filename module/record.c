// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_io_accounting_ops.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "pool.h"
#include "record.h"

static atomic64_t record_next_id = ATOMIC64_INIT(0);
static atomic64_t record_count = ATOMIC64_INIT(0);

/**
 * taskhold_record_count - records that exist
 *
 * Context: any.
 *
 * Return: their number.
 */
u64 taskhold_record_count(void)
{
	return atomic64_read(&record_count);
}

/**
 * taskhold_record_total - records that were ever made
 *
 * Context: any.
 *
 * Return: their number.
 */
u64 taskhold_record_total(void)
{
	return atomic64_read(&record_next_id);
}

/**
 * taskhold_record_let_go - put what a record refers to
 * @rec: a record that nobody can see any more
 *
 * Not with the last reference, which may be dropped anywhere: the lock of the
 * paths' index is free in an RCU callback.
 *
 * Context: an RCU callback.
 */
void taskhold_record_let_go(struct taskhold_rec *rec)
{
	taskhold_path_put(rcu_dereference_protected(rec->cgroup, true));
	taskhold_path_put(rcu_dereference_protected(rec->exe, true));
	if (unlikely(rec->base))
		kfree(rec->base);
}

/**
 * taskhold_record_uncount - records have been freed
 * @count: so many
 *
 * Context: any.
 */
void taskhold_record_uncount(unsigned int count)
{
	atomic64_sub(count, &record_count);
}

/**
 * taskhold_record_get - take another reference
 * @rec: a record that the caller has a reference to
 *
 * Context: any.
 */
void taskhold_record_get(struct taskhold_rec *rec)
{
	refcount_inc(&rec->refs);
}

/**
 * taskhold_record_get_not_zero - take a reference to a record found in an index
 * @rec: a record seen under rcu_read_lock()
 *
 * Context: any.
 *
 * Return: @rec, or NULL if it is about to be freed.
 */
struct taskhold_rec *taskhold_record_get_not_zero(struct taskhold_rec *rec)
{
	return refcount_inc_not_zero(&rec->refs) ? rec : NULL;
}

/**
 * taskhold_record_put - drop a reference
 * @rec: a record
 *
 * Context: any; callers include destructors of BPF maps, which are called wherever
 * a program deletes an element.
 */
void taskhold_record_put(struct taskhold_rec *rec)
{
	if (refcount_dec_and_test(&rec->refs))
		taskhold_pool_free(rec);
}

/*
 * Set the path of the cgroup that @task is in now.  @hint, if not NULL, is a
 * path that it is likely to be: that of the parent, or the one from before.
 *
 * Caller is under rcu_read_lock().  A task has a css_set, and that holds its
 * cgroup, until __put_task_struct().
 */
static struct taskhold_path *record_cgroup_path(struct task_struct *task,
						struct taskhold_path *hint)
{
	struct cgroup *cgrp = task_dfl_cgroup(task);

	if (hint && hint->id == cgroup_id(cgrp) && refcount_inc_not_zero(&hint->refs))
		return hint;
	return taskhold_path_of_cgroup(cgrp);
}

/**
 * taskhold_record_alloc - make a record of a process
 * @task: its first thread; cannot be freed under the caller
 * @parent: its parent, likewise
 * @creator_rec: a record of the process that made it, or NULL
 * @slot: of the policy that it is for
 *
 * The record counts one thread, and all that will start.  It is in no index.
 *
 * Context: any but NMI; under rcu_read_lock().
 *
 * Return: a strong reference, or NULL without memory.
 */
struct taskhold_rec *taskhold_record_alloc(struct task_struct *task, struct task_struct *parent,
					   const struct taskhold_rec *creator_rec, u8 slot)
{
	struct taskhold_path *cgroup, *exe;
	struct taskhold_info *info;
	struct taskhold_rec *rec;

	rec = taskhold_pool_alloc();
	if (!rec)
		return NULL;
	atomic64_inc(&record_count);

	/* everything else is 0 */
	*rec = (struct taskhold_rec){
		.refs = REFCOUNT_INIT(1),
		.threads_left = ATOMIC_INIT(1),
		.task = task,
		.slot = slot,
	};
	raw_spin_lock_init(&rec->lock);

	info = &rec->info;
	info->id = atomic64_inc_return(&record_next_id);
	info->start_ns = task->start_boottime;
	info->tgid = task->tgid;
	info->tid = task->pid;
	info->ppid = parent->tgid;
	info->parent_start_ns = parent->group_leader->start_boottime;
	info->cgroup_id = cgroup_id(task_dfl_cgroup(task));
	info->threads = 1;
	if (task->flags & PF_KTHREAD)
		info->flags |= TASKHOLD_INFO_KTHREAD;
	/* May be cut or mixed if it is being changed; always ends in a NUL. */
	memcpy(info->comm_exec, task->comm, TASKHOLD_COMM_LEN);

	cgroup = creator_rec ? rcu_dereference(creator_rec->cgroup) : NULL;
	RCU_INIT_POINTER(rec->cgroup, record_cgroup_path(task, cgroup));

	/* A process that has not called exec runs what runs who made it. */
	exe = creator_rec ? rcu_dereference(creator_rec->exe) : NULL;
	if (!exe || !refcount_inc_not_zero(&exe->refs))
		exe = taskhold_path_of_exe(task);
	RCU_INIT_POINTER(rec->exe, exe);

	return rec;
}

/**
 * taskhold_record_alloc_thread - make a record of a thread
 * @task: the thread, not the first of its process; cannot be freed under the caller
 * @process_rec: the record that the same policy has of its process
 *
 * Context: any but NMI; under rcu_read_lock().
 *
 * Return: a strong reference, or NULL without memory.
 */
struct taskhold_rec *taskhold_record_alloc_thread(struct task_struct *task,
						  const struct taskhold_rec *process_rec)
{
	struct taskhold_rec *rec;

	/* what it comes from is its process */
	rec = taskhold_record_alloc(task, task, process_rec, process_rec->slot);
	if (rec)
		rec->info.flags |= TASKHOLD_INFO_THREAD;
	return rec;
}

static void use_add_task(struct taskhold_use *use, struct task_struct *task)
{
	use->cpu_ns += READ_ONCE(task->se.sum_exec_runtime);
	use->user_ns += task->utime;
	use->sys_ns += task->stime;
	use->nvcsw += task->nvcsw;
	use->nivcsw += task->nivcsw;
	use->min_flt += task->min_flt;
	use->maj_flt += task->maj_flt;
	use->rchar += task->ioac.rchar;
	use->wchar += task->ioac.wchar;
	use->read_bytes += task->ioac.read_bytes;
	use->write_bytes += task->ioac.write_bytes;
}

static void use_add_signal(struct taskhold_use *use, const struct signal_struct *sig)
{
	use->cpu_ns += sig->sum_sched_runtime;
	use->user_ns += sig->utime;
	use->sys_ns += sig->stime;
	use->nvcsw += sig->nvcsw;
	use->nivcsw += sig->nivcsw;
	use->min_flt += sig->min_flt;
	use->maj_flt += sig->maj_flt;
	use->rchar += sig->ioac.rchar;
	use->wchar += sig->ioac.wchar;
	use->read_bytes += sig->ioac.read_bytes;
	use->write_bytes += sig->ioac.write_bytes;
}

static u64 less(u64 from, u64 what)
{
	return from > what ? from - what : 0;
}

/*
 * Never below 0: of a running process the two sides may be of different
 * moments, and what was lost for want of memory may be on one of them.
 */
static void use_sub(struct taskhold_use *use, const struct taskhold_use *base)
{
	use->cpu_ns = less(use->cpu_ns, base->cpu_ns);
	use->user_ns = less(use->user_ns, base->user_ns);
	use->sys_ns = less(use->sys_ns, base->sys_ns);
	use->nvcsw = less(use->nvcsw, base->nvcsw);
	use->nivcsw = less(use->nivcsw, base->nivcsw);
	use->min_flt = less(use->min_flt, base->min_flt);
	use->maj_flt = less(use->maj_flt, base->maj_flt);
	use->rchar = less(use->rchar, base->rchar);
	use->wchar = less(use->wchar, base->wchar);
	use->read_bytes = less(use->read_bytes, base->read_bytes);
	use->write_bytes = less(use->write_bytes, base->write_bytes);
}

/*
 * Attempts at one consistent reading, of which a writer spoils a few at most, as
 * long as they have not visited so many threads in all: callers have interrupts
 * off, and a process may have 10,000s of threads that come and go all the time.
 */
#define USE_NOW_TRIES 64
#define USE_NOW_VISITS 4096

/*
 * What the process of @task has used by now, all threads, those that are gone
 * included.  Sums and list are of one moment, because threads move from the
 * list to the sums under stats_lock.  A thread that runs is counted up to its
 * last tick.
 *
 * thread_group_cputime() takes the lock if a lockless reading fails.  A BPF
 * program may call this from anywhere, with stats_lock held by its own CPU
 * too, so here the last of a bounded number of readings has to do.  That is off
 * by the threads that were released during it: below, as they are missed on the
 * list, or above, as they are met on both sides.  It happens only to a process
 * that still runs, whose final numbers come from taskhold_record_end_thread().
 *
 * The work is bounded by USE_NOW_VISITS threads and one walk of the list, which
 * any reading takes: a process of more threads than that is walked once, which
 * is what thread_group_cputime() does with the lock held and interrupts off.
 *
 * Caller is under rcu_read_lock() and keeps @task.
 */
static void use_now(struct task_struct *task, struct taskhold_use *all)
{
	struct signal_struct *sig = task->signal;
	struct task_struct *thread;
	unsigned int seq, tries, visits = 0;

	for (tries = 0; tries < USE_NOW_TRIES && visits < USE_NOW_VISITS; tries++) {
		seq = raw_read_seqcount(&sig->stats_lock.seqcount);
		memset(all, 0, sizeof(*all));
		use_add_signal(all, sig);
		for_each_thread(task, thread) {
			use_add_task(all, thread);
			visits++;
		}
		if (!(seq & 1) && !read_seqcount_retry(&sig->stats_lock.seqcount, seq))
			return;
		cpu_relax();
	}
}

/* What a record speaks of has used so much by now: the process of @task, or @task. */
static void record_use_now(const struct taskhold_rec *rec, struct task_struct *task,
			   struct taskhold_use *all)
{
	if (taskhold_record_is_thread(rec)) {
		memset(all, 0, sizeof(*all));
		use_add_task(all, task);
	} else {
		use_now(task, all);
	}
}

/*
 * Split @use->cpu_ns by the ticks that were seen in user mode and in the
 * kernel, so that both add up to it: the rule of cputime_adjust().
 */
static void use_scale(struct taskhold_use *use)
{
	u64 user = use->user_ns, sys = use->sys_ns;

	if (!sys)
		use->user_ns = use->cpu_ns;
	else if (!user)
		use->user_ns = 0;
	else
		use->user_ns = mul_u64_u64_div_u64(use->cpu_ns, user, user + sys);
	use->sys_ns = use->cpu_ns - use->user_ns;
}

/**
 * taskhold_record_set_older - what a new record speaks of is older than it
 * @rec: a record that nobody else can see yet
 * @task: its first thread, which it counts, or its thread
 *
 * From now on the record speaks of what is used from here on.
 *
 * Context: any but NMI; under rcu_read_lock().
 *
 * Return: 0 or -ENOMEM.
 */
int taskhold_record_set_older(struct taskhold_rec *rec, struct task_struct *task)
{
	rec->base = kzalloc(sizeof(*rec->base), GFP_ATOMIC | __GFP_NOWARN);
	if (!rec->base)
		return -ENOMEM;

	record_use_now(rec, task, &rec->base->all);
	/* of a thread they are the same, read once */
	if (taskhold_record_is_thread(rec))
		rec->base->counted = rec->base->all;
	else
		use_add_task(&rec->base->counted, task);
	rec->info.cpu_before_ns = rec->base->all.cpu_ns;
	rec->info.flags |= TASKHOLD_INFO_OLDER;
	return 0;
}

/**
 * taskhold_record_count_base - another thread of an older process is counted in
 * @rec: its record, with a base
 * @task: the thread; cannot be freed under the caller
 *
 * Context: any but NMI.
 */
void taskhold_record_count_base(struct taskhold_rec *rec, struct task_struct *task)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&rec->lock, flags);
	use_add_task(&rec->base->counted, task);
	raw_spin_unlock_irqrestore(&rec->lock, flags);
}

/**
 * taskhold_record_exec - the process has called exec
 * @rec: its record
 * @task: its only thread, which is the current task
 * @exe: its new executable or NULL; the reference goes to the record
 *
 * Context: process context, atomic; under rcu_read_lock().
 */
void taskhold_record_exec(struct taskhold_rec *rec, struct task_struct *task,
			  struct taskhold_path *exe)
{
	struct taskhold_path *old;
	unsigned long flags;

	raw_spin_lock_irqsave(&rec->lock, flags);
	old = rcu_replace_pointer(rec->exe, exe, lockdep_is_held(&rec->lock));
	rec->info.exec_ns = ktime_get_boottime_ns();
	rec->info.flags |= TASKHOLD_INFO_EXECED;
	memcpy(rec->info.comm_exec, task->comm, TASKHOLD_COMM_LEN);
	/* another thread than the first may have called exec and become it */
	if (!rec->is_out)
		rec->task = task;
	raw_spin_unlock_irqrestore(&rec->lock, flags);

	taskhold_path_put(old);
}

/**
 * taskhold_record_change_task - another thread has become the first, by exec
 * @rec: the record of its process
 * @task: that thread; cannot be freed under the caller
 *
 * Context: any but NMI.
 */
void taskhold_record_change_task(struct taskhold_rec *rec, struct task_struct *task)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&rec->lock, flags);
	if (!rec->is_out)
		rec->task = task;
	raw_spin_unlock_irqrestore(&rec->lock, flags);
}

/* What only the first thread can tell, when it is about to be freed. */
static void record_end_first(struct taskhold_rec *rec, struct task_struct *task)
{
	const struct cred *cred = __task_cred(task);

	lockdep_assert_held(&rec->lock);

	rec->info.exit_code = task->exit_code;
	/* the initial namespace maps each id to itself: from_kuid() would search for that */
	rec->info.uid = __kuid_val(cred->uid);
	rec->info.gid = __kgid_val(cred->gid);
	memcpy(rec->info.comm, task->comm, TASKHOLD_COMM_LEN);
}

/**
 * taskhold_record_end_thread - a thread is about to be freed
 * @rec: the record of its process
 * @task: the thread, with its final numbers
 * @counted: is it one of those that @rec waits for?
 *
 * Context: the RCU callback that frees the thread; under rcu_read_lock().
 */
void taskhold_record_end_thread(struct taskhold_rec *rec, struct task_struct *task, bool counted)
{
	const struct taskhold_path *path = rcu_dereference(rec->cgroup);
	struct taskhold_path *now = NULL;
	unsigned long flags;

	/*
	 * The tracepoint of cgroup migration keeps this right, save where it
	 * came between the birth of the record and its way into the index, or
	 * found no memory.
	 */
	if (unlikely(!path || path->id != cgroup_id(task_dfl_cgroup(task))) &&
	    READ_ONCE(rec->task) == task)
		now = taskhold_path_of_cgroup(task_dfl_cgroup(task));

	raw_spin_lock_irqsave(&rec->lock, flags);
	if (counted && !rec->is_out)
		use_add_task(&rec->info.use, task);
	if (rec->task == task) {
		record_end_first(rec, task);
		/* from here on nobody follows it: it may be freed */
		rec->task = NULL;
	}
	if (now) {
		rec->info.cgroup_id = now->id;
		now = rcu_replace_pointer(rec->cgroup, now, lockdep_is_held(&rec->lock));
	}
	raw_spin_unlock_irqrestore(&rec->lock, flags);

	taskhold_path_put(now);
}

/**
 * taskhold_record_finish - the last thread is gone: make the numbers final
 * @rec: a record that has just been taken out of the live index
 * @last: the thread freed last, whose signal_struct is still there; of the
 *	record of a thread, that thread
 *
 * Context: the RCU callback that frees @last, or the exec of @last.
 */
void taskhold_record_finish(struct taskhold_rec *rec, struct task_struct *last)
{
	const struct signal_struct *sig = last->signal;
	struct taskhold_info *info = &rec->info;
	const struct taskhold_path *path;
	unsigned long flags;

	raw_spin_lock_irqsave(&rec->lock, flags);
	rec->task = NULL;
	if (rec->is_out) {
		/* its policy has let go of it: the numbers of that moment stay */
		raw_spin_unlock_irqrestore(&rec->lock, flags);
		return;
	}
	if (rec->base)
		use_sub(&info->use, &rec->base->counted);
	use_scale(&info->use);
	info->cpu_moved_ns = min(info->cpu_moved_ns, info->use.cpu_ns);
	/* a thread has no address space of its own, and its own exit code */
	if (!taskhold_record_is_thread(rec)) {
		info->max_rss = (u64)sig->maxrss << PAGE_SHIFT;
		if (sig->flags & SIGNAL_GROUP_EXIT)
			info->exit_code = sig->group_exit_code;
	}
	if (info->exit_code & 0x80)
		info->flags |= TASKHOLD_INFO_CORE;
	if (unlikely(!(info->flags & TASKHOLD_INFO_EXITED))) {
		/* it was on its way out when it was first held: past the tracepoint */
		info->exit_ns = ktime_get_boottime_ns();
		info->flags |= TASKHOLD_INFO_EXITED;
	}
	path = rcu_dereference_protected(rec->exe, lockdep_is_held(&rec->lock));
	info->exe_id = path ? path->id : 0;
	/* pairs with taskhold_record_is_final(): who sees the flag sees the rest */
	smp_store_release(&info->flags, info->flags | TASKHOLD_INFO_FINISHED);
	raw_spin_unlock_irqrestore(&rec->lock, flags);
}

/**
 * taskhold_record_mark_exited - the last thread (or the thread) has entered exit
 * @rec: its record
 *
 * Context: any but NMI.
 *
 * Return: false if that was known: two threads that exit at once may both find
 * themselves to be the last.
 */
bool taskhold_record_mark_exited(struct taskhold_rec *rec)
{
	unsigned long flags;
	bool again;

	raw_spin_lock_irqsave(&rec->lock, flags);
	again = rec->info.flags & TASKHOLD_INFO_EXITED;
	rec->info.flags |= TASKHOLD_INFO_EXITED;
	rec->info.exit_ns = ktime_get_boottime_ns();
	raw_spin_unlock_irqrestore(&rec->lock, flags);
	return !again;
}

/**
 * taskhold_record_end_by_exec - a thread has called exec and become the first
 * @rec: the record of the thread
 * @task: the thread, the current task
 *
 * The record ends there; what the task uses from now on is its process's alone.
 * The name that it had is gone already: the one that it was born with stays.
 *
 * Context: process context, atomic; under rcu_read_lock().
 */
void taskhold_record_end_by_exec(struct taskhold_rec *rec, struct task_struct *task)
{
	unsigned long flags;

	taskhold_record_end_thread(rec, task, true);

	raw_spin_lock_irqsave(&rec->lock, flags);
	memcpy(rec->info.comm, rec->info.comm_exec, TASKHOLD_COMM_LEN);
	rec->info.exec_ns = ktime_get_boottime_ns();
	rec->info.exit_ns = rec->info.exec_ns;
	rec->info.flags |= TASKHOLD_INFO_EXECED | TASKHOLD_INFO_EXITED;
	raw_spin_unlock_irqrestore(&rec->lock, flags);
}

/**
 * taskhold_record_set_folded - only the sums of the process will be kept
 * @rec: its record
 *
 * Context: any but NMI.
 */
void taskhold_record_set_folded(struct taskhold_rec *rec)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&rec->lock, flags);
	rec->info.flags |= TASKHOLD_INFO_FOLDED;
	raw_spin_unlock_irqrestore(&rec->lock, flags);
}

/**
 * taskhold_record_move - the process has changed its cgroup
 * @rec: its record
 * @id: the new one
 * @to: its path, the reference goes to the record; NULL without memory
 * @from: set to the old one; the reference goes to the caller, who puts it
 *
 * The kernel charges a running thread's time since the last update to where
 * it is at the next one, so what sum_exec_runtime says now is what earlier
 * cgroups were charged.
 *
 * Context: any but NMI, under rcu_read_lock().
 *
 * Return: CPU time in ns that the process used in the old one.
 */
u64 taskhold_record_move(struct taskhold_rec *rec, u64 id, struct taskhold_path *to,
			 struct taskhold_path **from)
{
	struct taskhold_use all;
	unsigned long flags;
	u64 left = 0;

	raw_spin_lock_irqsave(&rec->lock, flags);
	if (taskhold_record_is_final(rec) || rec->is_out) {
		/* the record of a thread, which calls exec at this moment */
		raw_spin_unlock_irqrestore(&rec->lock, flags);
		*from = to;
		return 0;
	}
	rec->info.cgroup_id = id;
	*from = rcu_replace_pointer(rec->cgroup, to, lockdep_is_held(&rec->lock));
	if (rec->task) {
		record_use_now(rec, rec->task, &all);
		if (rec->base)
			use_sub(&all, &rec->base->all);
		left = less(all.cpu_ns, rec->info.cpu_moved_ns);
		rec->info.cpu_moved_ns += left;
		rec->info.flags |= TASKHOLD_INFO_MOVED;
	}
	raw_spin_unlock_irqrestore(&rec->lock, flags);

	return left;
}

/*
 * High-water mark of the address spaces of @task, in bytes.  The present one
 * can be looked at under the task lock alone; where somebody has it, and that
 * may be this CPU, the earlier ones have to do.
 */
static u64 live_max_rss(struct task_struct *task)
{
	unsigned long pages = READ_ONCE(task->signal->maxrss);

	if (!spin_trylock(&task->alloc_lock))
		return (u64)pages << PAGE_SHIFT;
	if (task->mm && !(task->flags & PF_KTHREAD))
		pages = max(pages, get_mm_hiwater_rss(task->mm));
	spin_unlock(&task->alloc_lock);
	return (u64)pages << PAGE_SHIFT;
}

/*
 * The parts of @info that a running process may change at any time.  The
 * caller has the record's lock, which keeps the task; see struct taskhold_rec.
 */
static void snapshot_live(const struct taskhold_rec *rec, struct taskhold_info *info)
{
	struct task_struct *task = rec->task;
	const struct cred *cred;

	lockdep_assert_held(&rec->lock);
	if (!task) {
		/* its first thread is gone and others are about to be */
		if (rec->base)
			use_sub(&info->use, &rec->base->counted);
		return;
	}

	cred = __task_cred(task);
	record_use_now(rec, task, &info->use);
	if (rec->base)
		use_sub(&info->use, &rec->base->all);
	if (!taskhold_record_is_thread(rec))
		info->max_rss = live_max_rss(task);
	info->uid = from_kuid(&init_user_ns, cred->uid);
	info->gid = from_kgid(&init_user_ns, cred->gid);
	memcpy(info->comm, task->comm, TASKHOLD_COMM_LEN);
}

/**
 * taskhold_record_take_out - a record is about to leave the live index unfinished
 * @rec: the record, which BPF maps and programs may have references to
 *
 * Nobody will tell it when its task is freed, so it takes the numbers of this
 * moment and lets go of the task.
 *
 * Context: any but NMI, under rcu_read_lock().
 */
void taskhold_record_take_out(struct taskhold_rec *rec)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&rec->lock, flags);
	if (!rec->is_out && !taskhold_record_is_final(rec)) {
		snapshot_live(rec, &rec->info);
		rec->is_out = true;
		rec->task = NULL;
	}
	raw_spin_unlock_irqrestore(&rec->lock, flags);
}

/*
 * Attempts at the lock of a record.  Who has it may read all threads of a live
 * process, USE_NOW_VISITS of them and a walk more, some 100 instructions each;
 * so many pauses take longer than that.  Attempts end because a BPF program that
 * calls a kfunc may have interrupted who has the lock, on this very CPU, in an NMI
 * if nothing else can.
 */
#define LOCK_TRIES 65536

/**
 * taskhold_record_task - the task of a record
 * @rec: a record
 *
 * Context: any.
 *
 * Return: a reference of the rcu_users kind to the first thread of the process,
 * or NULL if that has been released, the record is out of the index, or its
 * lock cannot be had.
 */
struct task_struct *taskhold_record_task(struct taskhold_rec *rec)
{
	unsigned int tries = 0;
	struct task_struct *task;
	unsigned long flags;

	while (!raw_spin_trylock_irqsave(&rec->lock, flags)) {
		if (++tries == LOCK_TRIES)
			return NULL;
		cpu_relax();
	}
	task = rec->task;
	if (task && !refcount_inc_not_zero(&task->rcu_users))
		task = NULL;
	raw_spin_unlock_irqrestore(&rec->lock, flags);
	return task;
}

/**
 * taskhold_record_snapshot - what the record says now
 * @rec: a record
 * @info: where to
 *
 * Of a running process the numbers are those of this moment, a running thread
 * counted up to its last tick; where its policy has been detached, those of
 * that moment.
 *
 * Context: any.
 *
 * Return: 0, or -EBUSY where the caller interrupted who is changing the record
 * on this very CPU (a BPF program on a function of the kernel can).
 */
int taskhold_record_snapshot(struct taskhold_rec *rec, struct taskhold_info *info)
{
	const struct taskhold_path *path;
	unsigned int tries = 0;
	unsigned long flags;

	if (taskhold_record_is_final(rec)) {
		*info = rec->info;
		return 0;
	}

	rcu_read_lock();
	while (!raw_spin_trylock_irqsave(&rec->lock, flags)) {
		if (++tries == LOCK_TRIES) {
			rcu_read_unlock();
			return -EBUSY;
		}
		cpu_relax();
	}
	*info = rec->info;
	if (!(info->flags & TASKHOLD_INFO_FINISHED)) {
		if (!rec->is_out)
			snapshot_live(rec, info);
		use_scale(&info->use);
		info->cpu_moved_ns = min(info->cpu_moved_ns, info->use.cpu_ns);
	}
	raw_spin_unlock_irqrestore(&rec->lock, flags);

	path = rcu_dereference(rec->exe);
	info->exe_id = path ? path->id : 0;
	rcu_read_unlock();
	return 0;
}
