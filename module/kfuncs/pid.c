// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfuncs on struct pid, which vmlinux has no destructor for. Flags and hooks
 * stand in register.c.
 *
 * put_pid() frees at once, so who finds a pid in a map's slot under RCU could
 * find it freed. References that are taken here are therefore dropped after a
 * grace period. What that needs memory for is allocated when the reference is
 * taken: dropping one must not fail.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cfi.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <taskhold/kfuncs.h>

#include "../compat.h"
#include "register.h"

#if TASKHOLD_WITH_KPTR_GET

/**
 * struct pid_drop - a reference that is to be dropped
 * @list: in the list of those that are not in use
 * @rcu: waits for the grace period
 * @pid: what it refers to
 */
struct pid_drop {
	union {
		struct list_head list;
		struct rcu_head rcu;
	};
	struct pid *pid;
};

/* One for each reference that is out, whichever. Under the lock. */
static LIST_HEAD(pid_drops);
static DEFINE_RAW_SPINLOCK(pid_drops_lock);

static void pid_drop_rcu(struct rcu_head *rcu)
{
	struct pid_drop *drop = container_of(rcu, struct pid_drop, rcu);

	put_pid(drop->pid);
	kfree(drop);
}

/* Prepare for dropping one more reference. */
static bool pid_drop_add(void)
{
	struct pid_drop *drop = kmalloc(sizeof(*drop), GFP_ATOMIC | __GFP_NOWARN);
	unsigned long flags;

	if (!drop)
		return false;
	raw_spin_lock_irqsave(&pid_drops_lock, flags);
	list_add(&drop->list, &pid_drops);
	raw_spin_unlock_irqrestore(&pid_drops_lock, flags);
	return true;
}

static struct pid_drop *pid_drop_take(void)
{
	struct pid_drop *drop;
	unsigned long flags;

	raw_spin_lock_irqsave(&pid_drops_lock, flags);
	drop = list_first_entry_or_null(&pid_drops, struct pid_drop, list);
	if (drop)
		list_del(&drop->list);
	raw_spin_unlock_irqrestore(&pid_drops_lock, flags);
	return drop;
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
	call_rcu(&drop->rcu, pid_drop_rcu);
}

__bpf_kfunc_start_defs();

/**
 * taskhold_pid_of_task - the pid of a task
 * @task: the task; trusted or under RCU
 *
 * Only there on a kernel with the patches of kernel/patches, as all that is
 * about pids.
 *
 * Context: any but NMI; SYSCALL programs alone.
 *
 * Return: a reference, to be released by taskhold_pid_release(), or NULL if the
 * task has been reaped, or there is no memory for it.
 */
__bpf_kfunc struct pid *taskhold_pid_of_task(struct task_struct *task)
{
	struct pid_drop *drop;
	struct pid *pid;

	if (!pid_drop_add())
		return NULL;
	pid = get_task_pid(task, PIDTYPE_PID);
	if (!pid) {
		drop = pid_drop_take();
		kfree(drop);
	}
	return pid;
}

/**
 * taskhold_pid_acquire - take one more reference to a pid
 * @pid: a reference of the program's own
 *
 * Context: any but NMI; SYSCALL programs alone.
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
 * Context: any but NMI; TRACING, SYSCALL and STRUCT_OPS programs.
 */
__bpf_kfunc void taskhold_pid_release(struct pid *pid)
{
	pid_release(pid);
}

/**
 * taskhold_pid_release_dtor - drop the reference that a map value still has
 * @pid: a pid
 *
 * Context: any but NMI.
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
 * Context: any but NMI; SYSCALL programs alone.
 *
 * Return: the pid, to be released by taskhold_pid_release(), or NULL if there
 * is none, it has just been taken out, or there is no memory for it.
 */
__bpf_kfunc struct pid *taskhold_pid_kptr_get(struct pid **slot)
{
	struct pid_drop *drop;
	struct pid *pid;

	if (!pid_drop_add())
		return NULL;
	/* The slot's own reference is dropped after a grace period. */
	rcu_read_lock();
	pid = READ_ONCE(*slot);
	if (pid && !refcount_inc_not_zero(&pid->count))
		pid = NULL;
	rcu_read_unlock();
	if (!pid) {
		drop = pid_drop_take();
		kfree(drop);
	}
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
