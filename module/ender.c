// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detaches policies that are at fault, or that somebody wants gone, from a
 * context in which that can be done: their faults come from tracepoints.
 */
#include <linux/errno.h>
#include <linux/workqueue.h>

#include "ender.h"
#include "tracker.h"

static void ender(struct work_struct *work)
{
	taskhold_tracker_end_faulty();
}

static DECLARE_WORK(ender_work, ender);

/*
 * Of its own, bound to no CPU: it calls programs that may sleep or take long, and frees
 * up to millions of records, which must not hold up what others have queued.
 */
static struct workqueue_struct *ender_queue;

/**
 * taskhold_ender_run - have the policies detached that have a fault
 *
 * Context: any but NMI.
 */
void taskhold_ender_run(void)
{
	queue_work(ender_queue, &ender_work);
}

/**
 * taskhold_ender_wait - wait until what taskhold_ender_run() was called for is done
 *
 * Context: may sleep; not under the tracker's mutex.
 */
void taskhold_ender_wait(void)
{
	flush_work(&ender_work);
}

/**
 * taskhold_ender_init - make ready to detach policies
 *
 * Context: module init.
 *
 * Return: 0 or -ENOMEM.
 */
int taskhold_ender_init(void)
{
	ender_queue = alloc_workqueue("taskhold", WQ_UNBOUND, 1);
	return ender_queue ? 0 : -ENOMEM;
}

/**
 * taskhold_ender_exit - undo taskhold_ender_init()
 *
 * Waits for the work, which may not have returned yet from the last reference to the
 * module that it dropped.
 *
 * Context: module exit.
 */
void taskhold_ender_exit(void)
{
	destroy_workqueue(ender_queue);
}
