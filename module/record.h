/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_RECORD_H
#define _TASKHOLD_RECORD_H

#include <linux/cache.h>
#include <linux/llist.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <taskhold/types.h>

#include "index.h"
#include "path.h"

/**
 * struct taskhold_base - what an older process had used when it was first held
 * @counted: by the threads that the record has counted in, each when it was: as
 *	each is added whole when it is freed, the difference is never negative
 * @all: by all threads, those long gone included, at one moment
 */
struct taskhold_base {
	struct taskhold_use counted;
	struct taskhold_use all;
};

/**
 * struct taskhold_rec - what a policy holds of one process, or of one thread
 *
 * Each policy has a record of its own: it may have begun to hold the process
 * at another time than others, and counts from there.
 *
 * Life: made by the tracker when the policy admits the process, found by the
 * process's signal_struct in the live index until its last thread has been
 * freed (sched_process_free), then final.  @refs counts the live index (1), the
 * policy if it keeps it, and each reference of BPF programs and maps; at 0 the
 * memory is freed after an RCU grace period, so that whoever found it in an
 * index under rcu_read_lock() may still look at it and try
 * taskhold_record_get_not_zero().
 *
 * The record of a thread (TASKHOLD_INFO_THREAD, set before anybody can find it)
 * lives likewise: made when the thread starts, found by its task_struct until
 * that has been freed or has become the first by exec.
 *
 * Locking: @lock protects what is marked (L).  It is taken with interrupts
 * off and nests outside the locks of an index bucket and of a policy.
 *
 * @refs: see above
 * @live: membership in the live index; its key is the address of the
 *	signal_struct (of the task_struct), compared and never followed, and @slot
 * @task: (L) first thread (or the thread), NULL once that is about to be freed, or the record is
 *	out of the live index.  Followed under @lock alone: the RCU callback
 *	that frees the task takes @lock to clear this before it goes on, and
 *	RCU does not help, since the pointer is there to be found during the
 *	whole grace period before the callback
 * @first: (L) the first thread as it was when the record was made, if its
 *	free has to be counted although it started before @since_ns
 * @since_ns: threads that started earlier are counted only where the tracker
 *	knows them one by one; 0: all are counted; U64_MAX: being set up
 * @threads_left: threads whose sched_process_free is still to come
 * @lock: see above
 * @slot: of the policy
 * @is_out: (L) its policy has let go of it before it was final: @task stays NULL,
 *	and the numbers are those of that moment
 * @cgroup: (L) its cgroup; RCU readers
 * @exe: (L) its executable; RCU readers
 * @base: (L) what to subtract if the process is older than the record; the
 *	pointer is constant, NULL if it was held from its birth
 * @info: (L) everything else, in the form in which it is handed out; until it
 *	is final, @info.use sums the threads that are gone, user_ns and sys_ns
 *	in unscaled ticks
 * @data: the policy's own word, which its members write: what it wants to remember of
 *	the process; 0 at first
 * @dead: in the pool, without references: to be freed, or freed
 */
struct taskhold_rec {
	refcount_t refs;
	atomic_t threads_left;
	struct taskhold_index_node live;
	struct task_struct *task;
	struct task_struct *first;
	u64 since_ns;
	raw_spinlock_t lock;
	u8 slot;
	bool is_out;
	struct taskhold_path __rcu *cgroup;
	struct taskhold_path __rcu *exe;
	struct taskhold_base *base;
	struct taskhold_info info;
	u64 data;
	struct llist_node dead;
};

static_assert(sizeof(struct taskhold_rec) <= 512);
static_assert(TASKHOLD_COMM_LEN == TASK_COMM_LEN);

u64 taskhold_record_count(void);
u64 taskhold_record_total(void);

/* These return a strong reference to a record, or NULL: */
struct taskhold_rec *taskhold_record_alloc(struct task_struct *task, struct task_struct *parent,
					   const struct taskhold_rec *creator_rec, u8 slot);
struct taskhold_rec *taskhold_record_alloc_thread(struct task_struct *task,
						  const struct taskhold_rec *process_rec);
struct taskhold_rec *taskhold_record_get_not_zero(struct taskhold_rec *rec);

void taskhold_record_get(struct taskhold_rec *rec);
void taskhold_record_put(struct taskhold_rec *rec);

/* Of the pool: */
void taskhold_record_let_go(struct taskhold_rec *rec);
void taskhold_record_uncount(unsigned int count);

int taskhold_record_set_older(struct taskhold_rec *rec, struct task_struct *task);
void taskhold_record_exec(struct taskhold_rec *rec, struct task_struct *task,
			  struct taskhold_path *exe);
void taskhold_record_change_task(struct taskhold_rec *rec, struct task_struct *task);
void taskhold_record_count_base(struct taskhold_rec *rec, struct task_struct *task);
void taskhold_record_end_thread(struct taskhold_rec *rec, struct task_struct *task, bool counted);
void taskhold_record_take_out(struct taskhold_rec *rec);
struct task_struct *taskhold_record_task(struct taskhold_rec *rec);
bool taskhold_record_mark_exited(struct taskhold_rec *rec);
void taskhold_record_end_by_exec(struct taskhold_rec *rec, struct task_struct *task);
void taskhold_record_finish(struct taskhold_rec *rec, struct task_struct *last);
void taskhold_record_set_folded(struct taskhold_rec *rec);
u64 taskhold_record_move(struct taskhold_rec *rec, u64 id, struct taskhold_path *to,
			 struct taskhold_path **from);
int taskhold_record_snapshot(struct taskhold_rec *rec, struct taskhold_info *info);

/**
 * taskhold_record_is_final - are the numbers of a record final?
 * @rec: the record
 *
 * Context: any.
 *
 * Return: true if they are; who sees that sees the final numbers too.
 */
static inline bool taskhold_record_is_final(const struct taskhold_rec *rec)
{
	/* pairs with the smp_store_release() of taskhold_record_finish() */
	return smp_load_acquire(&rec->info.flags) & TASKHOLD_INFO_FINISHED;
}

/**
 * taskhold_record_is_thread - is a record that of a thread?
 * @rec: the record
 *
 * Context: any.
 *
 * Return: true if it is, false if it is that of a process.
 */
static inline bool taskhold_record_is_thread(const struct taskhold_rec *rec)
{
	/* set once, before the record is in an index; its word changes under the lock */
	return READ_ONCE(rec->info.flags) & TASKHOLD_INFO_THREAD;
}

#endif /* _TASKHOLD_RECORD_H */
