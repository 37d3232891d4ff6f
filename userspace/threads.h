/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of single threads, which add up to those of processes. */
#ifndef _THREADS_H
#define _THREADS_H

#include "model.h"

/*
 * A thread that was recorded, or the first one of a process: of that one there
 * is no record, so its numbers are those of the process less those of its other
 * threads, and with them are those of threads whose record was let go.
 */
struct thread {
	struct model_task task;	/* first: the process's, with what is left of info.use */
	__u64 process_start_ns;
	bool first;
	bool rest;		/* folded processes, of which no thread is known */
};

/* Was it recorded so that threads_make() has something to say? */
static inline bool threads_known(const struct model *model)
{
	return model->begin.flags & TASKHOLD_BEGIN_THREADS;
}

/*
 * threads_make - a row for each thread
 *
 * Over all rows use is that of model->totals, and over those of a process that of
 * the process: no number of a thread is more than its process has left. So a
 * thread that still ran has less than its own record says, if that was read
 * later than its process's. user_ns and sys_ns, which the kernel guesses for each
 * by itself, are moved within cpu_ns as far as that asks for it. Threads whose
 * process is neither recorded nor folded have their own numbers besides.
 *
 * The caller frees *@rows.  Returns their number or -ENOMEM.
 */
long threads_make(const struct model *model, struct thread **rows);

#endif /* _THREADS_H */
