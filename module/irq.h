/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_IRQ_H
#define _TASKHOLD_IRQ_H

#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/smp.h>

/**
 * taskhold_irq_can - can an interrupt be raised on this CPU?
 *
 * One that goes offline does what has been queued there when it no longer takes
 * interrupts, and it is not online any more by then.  What is queued later is
 * not done before it comes back, nor is anything behind it, and whoever waits
 * for that waits as long; so nothing is to be queued.
 *
 * A caller that is moved to another CPU meanwhile is on one that is online: on a
 * CPU that goes, interrupts are off and nobody is moved from when it is not
 * online until it is dead.
 *
 * Context: any.
 *
 * Return: true if irq_work_queue() will do.
 */
static inline bool taskhold_irq_can(void)
{
	return cpu_online(raw_smp_processor_id());
}

#endif /* _TASKHOLD_IRQ_H */
