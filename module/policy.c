// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "ender.h"
#include "policy.h"
#include "record.h"

static atomic64_t policy_next_id = ATOMIC64_INIT(0);

/* Jiffies that a call may take at most; ULONG_MAX: as long as it likes. */
unsigned long taskhold_policy_slow __read_mostly = HZ;

static int inert_admit(struct task_struct *task, struct task_struct *parent, u32 event)
{
	return 0;
}

static int inert_finish(struct taskhold_rec *rec, struct task_struct *task)
{
	return TASKHOLD_FOLD;
}

/* What is called of a policy at fault, until it is detached: nothing of its own. */
static const struct taskhold_ops inert_ops = {
	.admit = inert_admit,
	.finish = inert_finish,
};

static void policy_set_bounds(struct taskhold_policy *policy, const struct taskhold_ops *ops)
{
	WRITE_ONCE(policy->max_held, ops->max_held ?: TASKHOLD_DEF_HELD);
	WRITE_ONCE(policy->interval_ms, ops->interval_ms);
	WRITE_ONCE(policy->interval, msecs_to_jiffies(ops->interval_ms));
}

static void policy_set_ops(struct taskhold_policy *policy, const struct taskhold_ops *ops)
{
	policy_set_bounds(policy, ops);
	policy->registered = ops;
	rcu_assign_pointer(policy->ops, ops);
	/* behind that, as calls of the old members, if any, set it until then */
	WRITE_ONCE(policy->slow_at, 0);
}

/**
 * taskhold_policy_alloc - make a policy that holds nothing yet
 * @ops: its members, validated
 * @link: its link, or NULL
 *
 * Context: may sleep.
 *
 * Return: the policy, or NULL without memory.
 */
struct taskhold_policy *taskhold_policy_alloc(const struct taskhold_ops *ops,
					      struct bpf_link *link)
{
	struct taskhold_policy *policy = kzalloc(sizeof(*policy), GFP_KERNEL);

	if (!policy)
		return NULL;
	policy->totals = taskhold_totals_alloc();
	if (!policy->totals) {
		kfree(policy);
		return NULL;
	}

	policy->id = atomic64_inc_return(&policy_next_id);
	policy->link = link;
	policy->flags = ops->flags;
	policy->attached_ns = ktime_get_boottime_ns();
	xa_init_flags(&policy->kept, XA_FLAGS_LOCK_IRQ);
	memcpy(policy->name, ops->name, sizeof(policy->name));
	policy_set_ops(policy, ops);
	return policy;
}

/**
 * taskhold_policy_free - let go of all that a policy keeps, and of itself
 * @policy: a policy that no probe and no kfunc can reach any more
 *
 * Context: may sleep.
 */
void taskhold_policy_free(struct taskhold_policy *policy)
{
	struct taskhold_rec *rec;
	unsigned long index;

	xa_for_each(&policy->kept, index, rec) {
		taskhold_record_put(rec);
		cond_resched();
	}
	xa_destroy(&policy->kept);
	taskhold_totals_free(policy->totals);
	kfree(policy);
}

/**
 * taskhold_policy_update - give a policy other members
 * @policy: the policy
 * @ops: validated; stays valid until a grace period after it was replaced
 *
 * An event sees the old members or the new ones, never both and never none.
 *
 * Context: may sleep; the callers are serialised by the tracker's mutex.
 *
 * Return: 0, or -ENOLINK for a policy that is about to be detached, whose members
 * stay what the kernel knows it by.
 */
int taskhold_policy_update(struct taskhold_policy *policy, const struct taskhold_ops *ops)
{
	const struct taskhold_ops *old = policy->registered;

	if (taskhold_policy_is_faulty(policy))
		return -ENOLINK;
	policy_set_ops(policy, ops);
	/*
	 * Pairs with taskhold_policy_fail(): either the fault is seen here, or its
	 * members that do nothing come after these.  @ops may have had a call or two by
	 * then, and stays for a grace period as one that was replaced.
	 */
	smp_mb();
	if (likely(!taskhold_policy_is_faulty(policy)))
		return 0;
	policy->registered = old;
	policy_set_bounds(policy, old);
	rcu_assign_pointer(policy->ops, &inert_ops);
	return -ENOLINK;
}

/**
 * taskhold_policy_fail - call no member of a policy any more, and have it detached
 * @policy: the policy
 * @kind: enum taskhold_exit_kind
 * @member: which was called, if the policy is at fault
 * @code: by @kind
 *
 * The first reason counts.  Calls that are under way on other CPUs come to their
 * end.
 *
 * Context: any but NMI, under rcu_read_lock() or the tracker's mutex.
 */
void taskhold_policy_fail(struct taskhold_policy *policy, u32 kind, enum taskhold_member member,
			  s64 code)
{
	struct taskhold_fault *fault = &policy->fault;

	if (atomic_cmpxchg(&fault->claimed, 0, 1))
		return;
	fault->member = member;
	fault->code = code;
	/* pairs with taskhold_policy_is_faulty() */
	smp_store_release(&fault->kind, kind);
	/* pairs with taskhold_policy_update() */
	smp_mb();
	rcu_assign_pointer(policy->ops, &inert_ops);
	taskhold_ender_run();
}

/**
 * taskhold_policy_is_faulty - is there a reason to detach the policy?
 * @policy: the policy
 *
 * Context: any, under rcu_read_lock() or the tracker's mutex.
 *
 * Return: true if @policy->fault is filled in.
 */
bool taskhold_policy_is_faulty(const struct taskhold_policy *policy)
{
	/* pairs with taskhold_policy_fail() */
	return smp_load_acquire(&policy->fault.kind);
}

static void describe(const struct taskhold_policy *policy, struct taskhold_exit_info *info)
{
	static const char *const members[] = {
		[TASKHOLD_ADMIT] = "admit",
		[TASKHOLD_EXEC] = "exec",
		[TASKHOLD_EXIT] = "exit",
		[TASKHOLD_FINISH] = "finish",
		[TASKHOLD_OVERFLOW] = "overflow",
		[TASKHOLD_WALK] = "admit",
	};
	const struct taskhold_fault *fault = &policy->fault;
	const char *member = members[fault->member];
	char *text = info->text;
	size_t size = sizeof(info->text);

	switch (info->kind) {
	case TASKHOLD_EXIT_UNREG:
		strscpy(text, "its link, or its map without a link, was let go of", size);
		break;
	case TASKHOLD_EXIT_PARAM:
		strscpy(text, "the module's parameter detach named it", size);
		break;
	case TASKHOLD_EXIT_RETVAL:
		scnprintf(text, size, "%s() returned %lld, want %s", member, fault->code,
			  fault->member == TASKHOLD_ADMIT ? "0 or more" :
							    "a verdict, 0 to 2");
		break;
	case TASKHOLD_EXIT_SLOW:
		if (fault->member == TASKHOLD_WALK) {
			scnprintf(text, size, "%s() was asked about all processes for %lld ms; see slow_ms",
				  member, fault->code);
			break;
		}
		scnprintf(text, size, "a second call in a minute was slow: %s(), %lld ms; see slow_ms",
			  member, fault->code);
		break;
	}
}

/**
 * taskhold_policy_end - note how a policy ends
 * @policy: a policy that no probe can reach any more, with all that it holds
 *
 * Fills @policy->exit_info.
 *
 * Context: may sleep; under the tracker's mutex.
 */
void taskhold_policy_end(struct taskhold_policy *policy)
{
	struct taskhold_exit_info *info = &policy->exit_info;

	taskhold_policy_stats(policy, &info->stats);
	info->stats.flags = policy->flags;
	info->time_ns = ktime_get_boottime_ns();
	info->kind = TASKHOLD_EXIT_UNREG;
	if (taskhold_policy_is_faulty(policy)) {
		info->kind = policy->fault.kind;
		info->code = policy->fault.code;
	}
	describe(policy, info);
	if (info->kind >= TASKHOLD_EXIT_RETVAL)
		pr_notice_ratelimited("policy %s is at fault and detached: %s\n", policy->name,
				      info->text);
}

/* A call of one of these members, and its times: see call_end(). */
struct call {
	const struct taskhold_ops *ops;
	unsigned long begun;
	unsigned long switches;
};

static __always_inline struct call call_begin(const struct taskhold_ops *ops)
{
	return (struct call){ .ops = ops, .begun = jiffies, .switches = current->nivcsw };
}

/*
 * Whether the policy answers for a call that has come to its end: not for one of members
 * that an update has replaced meanwhile, whose faults are not those of the new ones.
 */
static bool answers_for(const struct taskhold_policy *policy, struct call call)
{
	return rcu_access_pointer(policy->ops) == call.ops;
}

/* A member returned what it may not. */
static noinline void bad_return(struct taskhold_policy *policy, enum taskhold_member member,
				struct call call, int ret)
{
	if (answers_for(policy, call))
		taskhold_policy_fail(policy, TASKHOLD_EXIT_RETVAL, member, ret);
}

/* A call that takes too long this long after another is excused like that one. */
#define SLOW_WINDOW	(60 * HZ)

/* When the last call that took too long ended on this CPU, of whatever policy; 0: never. */
static DEFINE_PER_CPU(unsigned long, slow_end);

/* Whether a call was under way when another one that took too long came to its end. */
static bool overlaps(struct call call, unsigned long end)
{
	return end && time_before(call.begun, end);
}

/*
 * One call that takes too long is let pass: a machine that was stopped for a moment, as
 * hypervisors do, makes it.  All calls that were under way then count as that one; and
 * so does a call inside which another policy's took too long, from an interrupt.
 */
static noinline void too_slow(struct taskhold_policy *policy, enum taskhold_member member,
			      struct call call, unsigned long ticks)
{
	unsigned long last, now = jiffies ?: 1;
	bool is_outer = overlaps(call, this_cpu_read(slow_end));

	this_cpu_write(slow_end, now);
	if (!answers_for(policy, call))
		return;
	last = READ_ONCE(policy->slow_at);
	if (is_outer || overlaps(call, last))
		return;
	if (last && time_before(now, last + SLOW_WINDOW))
		taskhold_policy_fail(policy, TASKHOLD_EXIT_SLOW, member, jiffies_to_msecs(ticks));
	else
		WRITE_ONCE(policy->slow_at, now);
}

/*
 * Whole ticks, as a clock would cost more than many a policy.  A task that was
 * preempted inside the call may not have had the time itself; one that was not had
 * it, but for interrupts.  Where interrupts are off on the CPU that counts jiffies,
 * as for TASKHOLD_EV_MOVE, they do not pass, and nothing is found.
 */
static __always_inline void call_end(struct taskhold_policy *policy, enum taskhold_member member,
				     struct call call)
{
	unsigned long ticks = jiffies - call.begun;

	if (unlikely(ticks > READ_ONCE(taskhold_policy_slow)) &&
	    call.switches == current->nivcsw)
		too_slow(policy, member, call, ticks);
}

/**
 * taskhold_policy_stats - counters of a policy
 * @policy: the policy
 * @stats: where to
 *
 * Context: any, under rcu_read_lock() or the tracker's mutex.
 */
void taskhold_policy_stats(const struct taskhold_policy *policy,
			   struct taskhold_policy_stats *stats)
{
	unsigned int i;

	memset(stats, 0, sizeof(*stats));
	memcpy(stats->name, policy->name, sizeof(stats->name));
	stats->id = policy->id;
	stats->attached_ns = policy->attached_ns;
	stats->live = atomic_read(&policy->live);
	stats->kept = atomic_read(&policy->kept_count);
	stats->admitted = atomic64_read(&policy->admitted);
	stats->finished = atomic64_read(&policy->finished);
	stats->dropped = atomic64_read(&policy->dropped);
	stats->threads = atomic64_read(&policy->threads);
	stats->threads_finished = atomic64_read(&policy->threads_finished);
	stats->totals = READ_ONCE(policy->totals->count);
	for (i = 0; i < TASKHOLD_NR_REASONS; i++)
		stats->reasons[i] = atomic64_read(&policy->reasons[i]);
	stats->max_held = READ_ONCE(policy->max_held);
	stats->interval_ms = READ_ONCE(policy->interval_ms);
	stats->flags = policy->flags;
	if (taskhold_policy_is_faulty(policy))
		stats->flags |= TASKHOLD_POLICY_ENDING;
	stats->slot = policy->slot;
}

/**
 * taskhold_policy_bytes - memory of a policy, without the records
 * @policy: the policy
 *
 * Context: any.
 *
 * Return: bytes.
 */
size_t taskhold_policy_bytes(const struct taskhold_policy *policy)
{
	return sizeof(*policy) + taskhold_totals_bytes(policy->totals);
}

/**
 * taskhold_policy_lost - count what was folded or lost, and tell the policy
 * @policy: the policy
 * @rec: the record concerned, or NULL
 * @reason: why
 *
 * Context: any but NMI, under rcu_read_lock().
 */
void taskhold_policy_lost(struct taskhold_policy *policy, struct taskhold_rec *rec,
			  enum taskhold_reason reason)
{
	const struct taskhold_ops *ops = rcu_dereference(policy->ops);
	unsigned long interval = READ_ONCE(policy->interval);
	unsigned long last = READ_ONCE(policy->overflow_at[reason]);
	struct call call;

	if (atomic64_inc_return(&policy->reasons[reason]) > 1 && interval) {
		if (time_before(jiffies, last + interval) ||
		    cmpxchg(&policy->overflow_at[reason], last, jiffies) != last)
			return;
	} else {
		WRITE_ONCE(policy->overflow_at[reason], jiffies);
	}
	if (ops->overflow) {
		call = call_begin(ops);
		ops->overflow(rec, reason);
		call_end(policy, TASKHOLD_OVERFLOW, call);
	}
}

/* Add a final record, which does not change any more, to its cgroup's sums. */
static void policy_add_totals(struct taskhold_policy *policy, struct taskhold_rec *rec)
{
	if (!taskhold_totals_fold(policy->totals, &rec->info, rcu_dereference(rec->cgroup)))
		taskhold_policy_lost(policy, rec, TASKHOLD_NO_CGROUP);
}

/* Let go of the detail of a final record; the sums have, or get, its numbers. */
static void policy_fold(struct taskhold_policy *policy, struct taskhold_rec *rec,
			enum taskhold_reason reason)
{
	if (taskhold_record_is_thread(rec))
		reason = TASKHOLD_FOLD_THREAD;
	else
		policy_add_totals(policy, rec);
	taskhold_policy_lost(policy, rec, reason);
}

/* The same because the policy says so, who need not be told. */
static void policy_fold_by_verdict(struct taskhold_policy *policy, struct taskhold_rec *rec)
{
	enum taskhold_reason reason = TASKHOLD_FOLD_VERDICT;

	if (taskhold_record_is_thread(rec))
		reason = TASKHOLD_FOLD_THREAD;
	else
		policy_add_totals(policy, rec);
	atomic64_inc(&policy->reasons[reason]);
}

/* Fold the oldest finished record; false if none is kept. */
static bool policy_fold_oldest(struct taskhold_policy *policy)
{
	struct taskhold_rec *rec;
	unsigned long index = 0;
	unsigned long flags;

	xa_lock_irqsave(&policy->kept, flags);
	rec = xa_find(&policy->kept, &index, ULONG_MAX, XA_PRESENT);
	if (rec)
		__xa_erase(&policy->kept, index);
	xa_unlock_irqrestore(&policy->kept, flags);
	if (!rec)
		return false;

	atomic_dec(&policy->kept_count);
	atomic_dec(&policy->held);
	policy_fold(policy, rec, TASKHOLD_FOLD_OLDEST);
	taskhold_record_put(rec);
	return true;
}

/* One record more: true if it is within the bound, or older ones made room for it. */
static bool policy_make_room(struct taskhold_policy *policy)
{
	if (likely(atomic_inc_return(&policy->held) <= READ_ONCE(policy->max_held)))
		return true;
	/* one for one: where the bound has been lowered, taskhold_policy_trim() does the rest */
	if (policy_fold_oldest(policy))
		return true;
	atomic_dec(&policy->held);
	return false;
}

/**
 * taskhold_policy_trim - fold what is over a bound that has been lowered
 * @policy: a policy that is attached
 *
 * Not left to the next event, as that may have interrupts off.
 *
 * Context: may sleep; the callers are serialised by the tracker's mutex.
 */
void taskhold_policy_trim(struct taskhold_policy *policy)
{
	bool folded;

	do {
		rcu_read_lock();
		folded = atomic_read(&policy->held) > READ_ONCE(policy->max_held) &&
			 policy_fold_oldest(policy);
		rcu_read_unlock();
		cond_resched();
	} while (folded);
}

/**
 * taskhold_policy_admit - does the policy want this process?
 * @policy: the policy
 * @task: first thread of the process
 * @parent: its parent, or NULL
 * @event: why it is asked
 *
 * Context: as the tracepoint it comes from, under rcu_read_lock().
 *
 * Return: true to hold it.
 */
bool taskhold_policy_admit(struct taskhold_policy *policy, struct task_struct *task,
			   struct task_struct *parent, u32 event)
{
	const struct taskhold_ops *ops = rcu_dereference(policy->ops);
	struct call call;
	int ret;

	if (!ops->admit)
		return true;
	call = call_begin(ops);
	ret = ops->admit(task, parent, event);
	call_end(policy, TASKHOLD_ADMIT, call);
	if (unlikely(ret < 0)) {
		bad_return(policy, TASKHOLD_ADMIT, call, ret);
		return false;
	}
	return ret;
}

/* Ticks that a policy may take to be asked about all processes. */
#define WALK_LIMIT	(5 * HZ)

/**
 * taskhold_policy_walked - a process was asked about, of all that there are
 * @policy: the policy
 * @begun: jiffies before it was asked
 * @spent: of the walk, for this function alone; 0 at its begin
 *
 * Each call may take less than is too long, and all of them hold up the machine, as no
 * task that exits is freed meanwhile.  A call counts as a second, and as what it may take,
 * at most: a machine that was stopped for a moment does not end the policy.
 *
 * Context: under rcu_read_lock().
 */
void taskhold_policy_walked(struct taskhold_policy *policy, unsigned long begun,
			    unsigned long *spent)
{
	unsigned long slow = READ_ONCE(taskhold_policy_slow);

	*spent += min3(jiffies - begun, slow, (unsigned long)HZ);
	if (unlikely(*spent > WALK_LIMIT) && slow != ULONG_MAX)
		taskhold_policy_fail(policy, TASKHOLD_EXIT_SLOW, TASKHOLD_WALK,
				     jiffies_to_msecs(*spent));
}

/**
 * taskhold_policy_take - count a record that the policy holds from now on
 * @policy: the policy
 * @rec: a new record of a running process
 *
 * Over max_held the oldest finished record makes room; if there is none, the
 * new one is held without detail.
 *
 * Context: any but NMI, under rcu_read_lock(); @rec cannot finish meanwhile.
 */
void taskhold_policy_take(struct taskhold_policy *policy, struct taskhold_rec *rec)
{
	atomic64_inc(&policy->admitted);
	atomic_inc(&policy->live);
	if (likely(policy_make_room(policy)))
		return;
	taskhold_record_set_folded(rec);
	taskhold_policy_lost(policy, rec, TASKHOLD_FOLD_LIVE);
}

/**
 * taskhold_policy_take_thread - count a record of a thread from now on
 * @policy: the policy
 *
 * Over max_held the oldest finished record makes room; if there is none, the
 * thread goes without a record: its process has its numbers.
 *
 * Context: any but NMI, under rcu_read_lock(); the record cannot finish meanwhile.
 *
 * Return: false if the record is not to be.
 */
bool taskhold_policy_take_thread(struct taskhold_policy *policy)
{
	if (unlikely(!policy_make_room(policy))) {
		taskhold_policy_lost(policy, NULL, TASKHOLD_FOLD_THREAD);
		return false;
	}
	atomic64_inc(&policy->threads);
	atomic64_inc(&policy->admitted);
	atomic_inc(&policy->live);
	return true;
}

/**
 * taskhold_policy_untake_thread - undo taskhold_policy_take_thread()
 * @policy: the policy, whose record of the thread is not to be after all
 *
 * Context: any.
 */
void taskhold_policy_untake_thread(struct taskhold_policy *policy)
{
	atomic_dec(&policy->held);
	atomic_dec(&policy->live);
	atomic64_dec(&policy->admitted);
	atomic64_dec(&policy->threads);
}

/**
 * taskhold_policy_exec - a held process has called exec
 * @policy: the policy
 * @rec: its record
 * @task: its only thread
 *
 * Context: sched_process_exec, under rcu_read_lock().
 */
void taskhold_policy_exec(struct taskhold_policy *policy, struct taskhold_rec *rec,
			  struct task_struct *task)
{
	const struct taskhold_ops *ops = rcu_dereference(policy->ops);
	struct call call;

	if (!ops->exec || rec->info.flags & TASKHOLD_INFO_FOLDED)
		return;
	call = call_begin(ops);
	ops->exec(rec, task);
	call_end(policy, TASKHOLD_EXEC, call);
}

/**
 * taskhold_policy_exit - the last thread of a held process has entered exit
 * @policy: the policy
 * @rec: its record, or that of a thread
 * @task: that thread
 *
 * Context: sched_process_exit, under rcu_read_lock().
 */
void taskhold_policy_exit(struct taskhold_policy *policy, struct taskhold_rec *rec,
			  struct task_struct *task)
{
	const struct taskhold_ops *ops = rcu_dereference(policy->ops);
	struct call call;

	if (!ops->exit || rec->info.flags & TASKHOLD_INFO_FOLDED)
		return;
	call = call_begin(ops);
	ops->exit(rec, task);
	call_end(policy, TASKHOLD_EXIT, call);
}

static bool policy_keep(struct taskhold_policy *policy, struct taskhold_rec *rec)
{
	unsigned long flags;
	int err;

	xa_lock_irqsave(&policy->kept, flags);
	err = xa_err(__xa_store(&policy->kept, policy->next_kept, rec,
				GFP_ATOMIC | __GFP_NOWARN));
	if (!err)
		policy->next_kept++;
	xa_unlock_irqrestore(&policy->kept, flags);
	if (err)
		return false;

	atomic_inc(&policy->kept_count);
	return true;
}

/**
 * taskhold_policy_finish - a held process is gone and its numbers are final
 * @policy: the policy
 * @rec: its record, or that of a thread
 * @task: its task, or NULL
 *
 * Context: softirqs off, mostly an RCU callback; under rcu_read_lock(); the
 * caller has a reference to @rec.
 */
void taskhold_policy_finish(struct taskhold_policy *policy, struct taskhold_rec *rec,
			    struct task_struct *task)
{
	const struct taskhold_ops *ops = rcu_dereference(policy->ops);
	int verdict = TASKHOLD_KEEP;
	struct call call;

	atomic_dec(&policy->live);
	atomic64_inc(&policy->finished);
	if (unlikely(taskhold_record_is_thread(rec)))
		atomic64_inc(&policy->threads_finished);
	if (unlikely(rec->info.flags & TASKHOLD_INFO_FOLDED)) {
		/* counted when it was taken */
		policy_add_totals(policy, rec);
		return;
	}

	if (ops->finish) {
		call = call_begin(ops);
		verdict = ops->finish(rec, task);
		call_end(policy, TASKHOLD_FINISH, call);
	}

	switch (verdict) {
	case TASKHOLD_DROP:
		atomic64_inc(&policy->dropped);
		break;
	case TASKHOLD_KEEP:
		/* a reference for the policy, before anybody can fold it */
		taskhold_record_get(rec);
		if (policy_keep(policy, rec))
			return;
		taskhold_record_put(rec);
		policy_fold(policy, rec, TASKHOLD_FOLD_NOMEM);
		break;
	default:
		bad_return(policy, TASKHOLD_FINISH, call, verdict);
		fallthrough;
	case TASKHOLD_FOLD:
		policy_fold_by_verdict(policy, rec);
		break;
	}
	atomic_dec(&policy->held);
}

/**
 * taskhold_policy_move - a held process has left a cgroup
 * @policy: the policy
 * @rec: its record
 * @from: which, or NULL if that is not known
 * @cpu_ns: CPU time in ns that it used there
 *
 * Context: any but NMI, under rcu_read_lock().
 */
void taskhold_policy_move(struct taskhold_policy *policy, struct taskhold_rec *rec,
			  struct taskhold_path *from, u64 cpu_ns)
{
	if (!taskhold_totals_move(policy->totals, from, cpu_ns))
		taskhold_policy_lost(policy, rec, TASKHOLD_NO_CGROUP);
}
