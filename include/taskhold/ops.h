/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct taskhold_ops: what a policy implements.
 *
 * A policy is a BPF struct_ops map of this type (SEC(".struct_ops.link")).
 * Every member may be left out.  Up to TASKHOLD_MAX_POLICIES are attached at
 * once; they do not see each other, and each has records of its own.
 *
 * Order: of one process a policy is asked admit until it holds it; then come
 * exec, as often as it happens, exit and finish, each after the one before has
 * returned.  finish may come without exit: of a process that had exited when the
 * policy came.  attach is called before, detach after all of these.  Where several
 * policies are attached, admit is called by their slots, from the lowest; the
 * others for one event are called one after the other in no fixed order of the
 * policies.  Between processes there is no order: they run at once.
 *
 * A policy that is at fault is detached: one that returns what it may not, or of
 * which two calls in a minute take longer than the module's parameter slow_ms (those
 * that are under way at once count as one), or whose admit takes five seconds for the
 * processes that there are when it is attached.  The value is contained: a process is
 * not held, a record is folded.  From then on no call is made, but those that other
 * CPUs are at already, one or two of members that an update puts there in that moment,
 * and detach, which is told why, as are who polls its link (EPOLLHUP) and who asks
 * taskhold_exit_info_read().  What calls of members that have been replaced by an update
 * return or take is contained, and not the fault of the new ones, but for one that comes
 * to its end in the very moment of the update.  Neither the task nor
 * other policies notice.  A timer that the policy has armed runs until its detach
 * cancels it.
 *
 * admit, exec, exit, finish and overflow run inside tracepoints of the
 * scheduler: they must not sleep, must be quick, and may be entered on a CPU
 * where another of them was interrupted (finish comes from RCU callbacks).
 * attach and detach may sleep, and nobody watches how long: until they return, no
 * policy is attached, updated or detached, and no struct_ops link of another type on
 * this machine is either, as the kernel has one lock for them.
 */
#ifndef _TASKHOLD_OPS_H
#define _TASKHOLD_OPS_H

#include "types.h"

struct task_struct;
struct taskhold_exit_info;
struct taskhold_rec;

struct taskhold_ops {
	/**
	 * @admit: Hold this process?
	 * @task: the process's first thread, for TASKHOLD_EV_FORK not yet
	 *	running; trusted for the call
	 * @parent: its parent, or NULL (the parameter is __nullable): when the
	 *	event is not a fork
	 * @event: enum taskhold_event, kind and flags
	 *
	 * Left out: every process is held.
	 *
	 * Return: 0 not to hold it (asked again when it calls exec or changes
	 * its cgroup), a positive value to hold it; a negative one is a fault.
	 */
	int (*admit)(struct task_struct *task, struct task_struct *parent, __u32 event);

	/**
	 * @exec: A held process has called exec; comm and exe path are the
	 *	new ones.
	 * @rec: its record, valid for the call; acquire it to keep it
	 * @task: its only thread, the caller of exec
	 */
	void (*exec)(struct taskhold_rec *rec, struct task_struct *task);

	/**
	 * @exit: The last thread of a held process (or, of the record of a
	 *	thread, that thread) has entered exit. The numbers are not final
	 *	yet.
	 * @rec: its record
	 * @task: that last thread
	 */
	void (*exit)(struct taskhold_rec *rec, struct task_struct *task);

	/**
	 * @finish: A held process is gone for good and the numbers in its
	 *	record are final.
	 * @rec: its record
	 * @task: its task, about to be freed: readable, but no reference can
	 *	be taken any more; NULL (the parameter is __nullable) where
	 *	another thread outlived the first
	 *
	 * Left out: TASKHOLD_KEEP.
	 *
	 * Return: enum taskhold_verdict: TASKHOLD_KEEP, hold the record until
	 * the policy goes or max_held wants the room; TASKHOLD_FOLD, add its
	 * numbers to the sums of its cgroup and let go of it; TASKHOLD_DROP,
	 * let go of it. Any other value is a fault.
	 */
	int (*finish)(struct taskhold_rec *rec, struct task_struct *task);

	/**
	 * @overflow: Detail was folded into totals, or something was lost.
	 *	Not called for the policy's own verdict TASKHOLD_FOLD.
	 * @rec: the record, or NULL (the parameter is __nullable) where there
	 *	is none
	 * @reason: enum taskhold_reason
	 */
	void (*overflow)(struct taskhold_rec *rec, __u32 reason);

	/**
	 * @attach: The policy is about to be attached; may sleep.
	 *
	 * Return: 0, or a negative error that refuses the attachment, as a
	 * positive value does with -EINVAL.
	 */
	int (*attach)(void);

	/**
	 * @detach: The policy is detached, no other member runs any more; may
	 *	sleep.  An update cannot leave it out (-EINVAL), as it takes down
	 *	what the policy has set up; it does not call it either.
	 * @info: why, and its counters as it ended; a program may leave the
	 *	parameter out
	 */
	void (*detach)(const struct taskhold_exit_info *info);

	/**
	 * @name: 1 to TASKHOLD_NAME_LEN - 1 of [A-Za-z0-9_.-], NUL padded;
	 *	unique among the attached (-EEXIST).
	 */
	char name[TASKHOLD_NAME_LEN];

	/**
	 * @flags: enum taskhold_policy_flags; an update cannot change them.
	 *	With TASKHOLD_POLICY_THREADS each thread of a held process other
	 *	than its first has a record of its own besides. Of such a record
	 *	exit and finish are called, before those of the process; finish
	 *	has no task where the record ended by exec. It counts against
	 *	max_held, and folding it only lets go of it, since the process
	 *	has its numbers.
	 */
	__u32 flags;

	/**
	 * @max_held: bound of the records held, running and finished, 1 to
	 *	TASKHOLD_MAX_HELD; 0 stands for TASKHOLD_DEF_HELD. At the bound
	 *	the oldest finished record is folded into the totals of its
	 *	cgroup; where all of them still run, the new one is held without
	 *	detail: its sums are folded when it finishes.
	 */
	__u32 max_held;

	/**
	 * @interval_ms: least time between two calls of overflow for the same
	 *	reason, 0 to TASKHOLD_MAX_INTERVAL; the counters count every one.
	 */
	__u32 interval_ms;
};

#endif /* _TASKHOLD_OPS_H */
