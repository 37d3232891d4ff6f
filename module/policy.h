/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_POLICY_H
#define _TASKHOLD_POLICY_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include <taskhold/ops.h>
#include <taskhold/types.h>

#include "totals.h"

struct bpf_link;
struct taskhold_path;
struct taskhold_rec;

/* The members that are called while a policy is attached. */
enum taskhold_member {
	TASKHOLD_ADMIT,
	TASKHOLD_EXEC,
	TASKHOLD_EXIT,
	TASKHOLD_FINISH,
	TASKHOLD_OVERFLOW,
	TASKHOLD_WALK,	/* admit, about all processes that there are */
};

/**
 * struct taskhold_fault - why a policy is to be detached
 * @claimed: set by who writes the rest, the first
 * @kind: enum taskhold_exit_kind, 0: none; written last
 * @member: enum taskhold_member, of faults of the policy
 * @code: by kind
 */
struct taskhold_fault {
	atomic_t claimed;
	u32 kind;
	u32 member;
	s64 code;
};

/**
 * struct taskhold_policy - an attached struct taskhold_ops and what it holds
 * @ops: the members that are called; exchanged by update, and by a fault for some
 *	that do nothing; read under RCU
 * @registered: what the kernel knows it by, exchanged by update alone; under the
 *	tracker's mutex
 * @link: its link, or NULL if it was registered without one; valid while the policy
 *	is in the table, as the link ends by taking it out
 * @is_ending: its link is being detached on account of @fault; under the tracker's mutex
 * @fault: why it is to end, while nobody has let go of it
 * @slow_at: jiffies when a call of @ops last took longer than it may, 0: never
 * @exit_info: how it ended, for ops->detach
 * @slot: its place in the table of policies
 * @id: unique while the module is loaded
 * @flags: enum taskhold_policy_flags; constant
 * @name: copy of ops->name
 * @attached_ns: CLOCK_BOOTTIME of the attachment
 * @max_held: bound of @held
 * @interval_ms: as in the members
 * @interval: the same in jiffies: between two calls of ops->overflow for a reason
 * @held: records that count against @max_held: running and kept
 * @live: records of what runs, those held without detail included
 * @kept: finished records by @next_kept, oldest first; one reference each
 * @next_kept: number of the next one
 * @kept_count: how many are in @kept
 * @admitted: records ever held
 * @finished: of these, finished
 * @dropped: of these, dropped by the policy's verdict
 * @threads: of @admitted, records of threads
 * @threads_finished: of @finished, records of threads
 * @reasons: counts by enum taskhold_reason
 * @overflow_at: jiffies of the last ops->overflow for a reason
 * @totals: sums by cgroup of what was folded or moved
 *
 * Life: made and freed by the tracker's attach and detach.  Probes and kfuncs
 * reach it through the table of policies under rcu_read_lock(); detach clears
 * the table and waits for a grace period before it frees.
 */
struct taskhold_policy {
	const struct taskhold_ops __rcu *ops;
	const struct taskhold_ops *registered;
	struct bpf_link *link;
	bool is_ending;
	struct taskhold_fault fault;
	unsigned long slow_at;
	struct taskhold_exit_info exit_info;
	u32 slot;
	u64 id;
	u32 flags;
	char name[TASKHOLD_NAME_LEN];
	u64 attached_ns;
	u32 max_held;
	u32 interval_ms;
	unsigned long interval;
	atomic_t held;
	atomic_t live;
	struct xarray kept;
	unsigned long next_kept;
	atomic_t kept_count;
	atomic64_t admitted;
	atomic64_t finished;
	atomic64_t dropped;
	atomic64_t threads;
	atomic64_t threads_finished;
	atomic64_t reasons[TASKHOLD_NR_REASONS];
	unsigned long overflow_at[TASKHOLD_NR_REASONS];
	struct taskhold_totals_table *totals;
};

extern unsigned long taskhold_policy_slow;

struct taskhold_policy *taskhold_policy_alloc(const struct taskhold_ops *ops,
					      struct bpf_link *link);
void taskhold_policy_free(struct taskhold_policy *policy);
int taskhold_policy_update(struct taskhold_policy *policy, const struct taskhold_ops *ops);
void taskhold_policy_trim(struct taskhold_policy *policy);
void taskhold_policy_fail(struct taskhold_policy *policy, u32 kind, enum taskhold_member member,
			  s64 code);
bool taskhold_policy_is_faulty(const struct taskhold_policy *policy);
void taskhold_policy_end(struct taskhold_policy *policy);
void taskhold_policy_stats(const struct taskhold_policy *policy,
			   struct taskhold_policy_stats *stats);
size_t taskhold_policy_bytes(const struct taskhold_policy *policy);

/* Events; all of them under rcu_read_lock(). */
bool taskhold_policy_admit(struct taskhold_policy *policy, struct task_struct *task,
			   struct task_struct *parent, u32 event);
void taskhold_policy_walked(struct taskhold_policy *policy, unsigned long begun,
			    unsigned long *spent);
void taskhold_policy_take(struct taskhold_policy *policy, struct taskhold_rec *rec);
bool taskhold_policy_take_thread(struct taskhold_policy *policy);
void taskhold_policy_untake_thread(struct taskhold_policy *policy);
void taskhold_policy_exec(struct taskhold_policy *policy, struct taskhold_rec *rec,
			  struct task_struct *task);
void taskhold_policy_exit(struct taskhold_policy *policy, struct taskhold_rec *rec,
			  struct task_struct *task);
void taskhold_policy_finish(struct taskhold_policy *policy, struct taskhold_rec *rec,
			    struct task_struct *task);
void taskhold_policy_move(struct taskhold_policy *policy, struct taskhold_rec *rec,
			  struct taskhold_path *from, u64 cpu_ns);
void taskhold_policy_lost(struct taskhold_policy *policy, struct taskhold_rec *rec,
			  enum taskhold_reason reason);

#endif /* _TASKHOLD_POLICY_H */
