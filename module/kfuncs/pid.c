// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs on struct pid, which vmlinux has no destructor for. Flags and hooks
 * stand in register.c.
 *
 * put_pid() frees at once, so who finds a pid in a map's slot under RCU could
 * find it freed. References that are taken here are therefore dropped after a
 * grace period. What that needs memory for is allocated when the reference is
 * taken: dropping one must not fail.
 *
 * Nor may dropping one take a lock. A program can be attached to whatever is
 * called with that lock held, raw_spin_unlock() and its like included, and drop
 * a reference there; and a map's destructor runs wherever a program deletes an
 * element, in an NMI too. So nothing is done there but to move an entry from one
 * list to another, both without locks, and to raise an interrupt, from which
 * call_rcu() can be called: that takes locks of RCU's, and is not for NMIs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cfi.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <taskhold/kfuncs.h>

#include "../compat.h"
#include "../irq.h"
#include "register.h"

#if TASKHOLD_WITH_KPTR_GET

/**
 * struct pid_drop - a reference that is to be dropped
 * @list: in the list of those that are not in use, then in that of @pid_dropped
 * @rcu: waits for the grace period
 * @pid: what it refers to
 */
struct pid_drop {
	struct llist_node list;
	struct rcu_head rcu;
	struct pid *pid;
};

/* One for each reference that is out, whichever. */
static LLIST_HEAD(pid_drops);
/* Those of references that have been dropped. */
static LLIST_HEAD(pid_dropped);

static void pid_drop_rcu(struct rcu_head *rcu)
{
	struct pid_drop *drop = container_of(rcu, struct pid_drop, rcu);

	put_pid(drop->pid);
	kfree(drop);
}

/* RCU's locks are held with interrupts off, so none is held in an interrupt. */
static void pid_dropped_irq(struct irq_work *work)
{
	struct pid_drop *drop, *next;

	llist_for_each_entry_safe(drop, next, llist_del_all(&pid_dropped), list)
		call_rcu(&drop->rcu, pid_drop_rcu);
}

static DEFINE_IRQ_WORK(pid_dropped_work, pid_dropped_irq);

/* Prepare for dropping one more reference. */
static bool pid_drop_add(void)
{
	struct pid_drop *drop = kmalloc(sizeof(*drop), GFP_ATOMIC | __GFP_NOWARN);

	if (!drop)
		return false;
	llist_add(&drop->list, &pid_drops);
	return true;
}

/*
 * llist_del_first() is for one caller at a time, unless no entry can come back
 * to the list while another caller looks at it: that one would find it to be the
 * first still, and put what followed it then in its place.  An entry's memory
 * comes back here by kmalloc() alone, so it is freed after a grace period, here
 * and below, and looked at under RCU. That also keeps the memory there to look at.
 */
static struct pid_drop *pid_drop_take(void)
{
	struct llist_node *node;

	rcu_read_lock();
	node = llist_del_first(&pid_drops);
	rcu_read_unlock();
	return node ? llist_entry(node, struct pid_drop, list) : NULL;
}

/* No reference was taken. Whose entry it is that goes does not matter. */
static void pid_drop_cancel(void)
{
	struct pid_drop *drop = pid_drop_take();

	kfree_rcu(drop, rcu);
}

static void pid_release(struct pid *pid)
{
	struct pid_drop *drop = pid_drop_take();

	/*
	 * None is left only if another module hands out references to pids as
	 * well. One that is kept for ever is better than one that somebody
	 * still looks at.
	 */
	if (!drop) {
		pr_warn_once("a reference to a pid that was not taken by taskhold is not dropped\n");
		return;
	}
	drop->pid = pid;
	llist_add(&drop->list, &pid_dropped);
	/* an interrupt that is pending has the list still to empty */
	if (!irq_work_is_pending(&pid_dropped_work))
		taskhold_irq_queue(&pid_dropped_work);
}

/**
 * taskhold_pids_exit - wait until all references to pids have been dropped
 *
 * The interrupt and the callbacks of RCU are text of this module.  No reference
 * is out any more, and none is being dropped: each was a program's, and the
 * kernel keeps the module until the last program that calls a kfunc of it has
 * ended; or in a slot of a map, or of an object that a program has allocated, and
 * the kernel keeps the module until the map or the BTF of the program goes, which
 * is when the destructor has returned.  So nothing comes to pid_dropped any
 * more.  Who put there what is there has returned from here, and raised an interrupt
 * unless there was one to come; irq_work_sync() waits for that.  A CPU that went
 * offline may have left some without: these are seen to here.  With that all
 * callbacks are queued, and rcu_barrier() waits for them.
 *
 * Context: module exit; may sleep.
 */
void taskhold_pids_exit(void)
{
	struct pid_drop *drop, *next;

	irq_work_sync(&pid_dropped_work);
	pid_dropped_irq(&pid_dropped_work);
	rcu_barrier();
	/* for references that are not dropped by the kfuncs here, if there are any */
	llist_for_each_entry_safe(drop, next, llist_del_all(&pid_drops), list)
		kfree(drop);
}

__bpf_kfunc_start_defs();

/**
 * taskhold_pid_of_task - the pid of a task
 * @task: the task; trusted or under RCU
 *
 * Only there on a kernel with the patches of kernel/patches, as all that is
 * about pids.
 *
 * Context: process, or a timer of the program's; SYSCALL programs alone.
 *
 * Return: a reference, to be released by taskhold_pid_release(), or NULL if the
 * task has been reaped, or there is no memory for it.
 */
__bpf_kfunc struct pid *taskhold_pid_of_task(struct task_struct *task)
{
	struct pid *pid;

	if (!pid_drop_add())
		return NULL;
	pid = get_task_pid(task, PIDTYPE_PID);
	if (!pid)
		pid_drop_cancel();
	return pid;
}

/**
 * taskhold_pid_acquire - take one more reference to a pid
 * @pid: a reference of the program's own
 *
 * Context: process, or a timer of the program's; SYSCALL programs alone.
 *
 * Return: @pid, to be released by taskhold_pid_release(), or NULL if there is
 * no memory for it.
 */
__bpf_kfunc struct pid *taskhold_pid_acquire(struct pid *pid)
{
	return pid_drop_add() ? get_pid(pid) : NULL;
}

/**
 * taskhold_pid_release - drop a reference to a pid
 * @pid: a reference of the program's own
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 */
__bpf_kfunc void taskhold_pid_release(struct pid *pid)
{
	pid_release(pid);
}

/**
 * taskhold_pid_release_dtor - drop the reference that a map value still has
 * @pid: a pid
 *
 * Context: any.
 */
__bpf_kfunc void taskhold_pid_release_dtor(void *pid)
{
	pid_release(pid);
}
CFI_NOSEAL(taskhold_pid_release_dtor);

/**
 * taskhold_pid_kptr_get - take a reference to the pid that a map has
 * @slot: a referenced kptr in a map value, of pids
 *
 * Context: process, or a timer of the program's; SYSCALL programs alone.
 *
 * Return: the pid, to be released by taskhold_pid_release(), or NULL if there
 * is none, it has just been taken out, or there is no memory for it.
 */
__bpf_kfunc struct pid *taskhold_pid_kptr_get(struct pid **slot)
{
	struct pid *pid;

	if (!pid_drop_add())
		return NULL;
	/* The slot's own reference is dropped after a grace period. */
	rcu_read_lock();
	pid = READ_ONCE(*slot);
	if (pid && !refcount_inc_not_zero(&pid->count))
		pid = NULL;
	rcu_read_unlock();
	if (!pid)
		pid_drop_cancel();
	return pid;
}

/**
 * taskhold_pid_number - the number of a pid
 * @pid: a reference of the program's own
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: the number in the first pid namespace, also when no task has it any
 * more.
 */
__bpf_kfunc u32 taskhold_pid_number(struct pid *pid)
{
	return pid_nr(pid);
}

__bpf_kfunc_end_defs();

#endif
