// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detaches policies that are at fault, or that somebody wants gone, from a
 * context in which that can be done: their faults come from tracepoints.
 */
#include <linux/workqueue.h>

#include "ender.h"
#include "tracker.h"

static void ender(struct work_struct *work)
{
	taskhold_tracker_end_faulty();
}

static DECLARE_WORK(ender_work, ender);

/**
 * taskhold_ender_run - have the policies detached that have a fault
 *
 * Context: any but NMI.
 */
void taskhold_ender_run(void)
{
	schedule_work(&ender_work);
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
