/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_IRQ_H
#define _TASKHOLD_IRQ_H

#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>
#include <linux/smp.h>

/**
 * taskhold_irq_can - can an interrupt be raised on this CPU?
 *
 * One that goes offline does what has been queued there when it no longer takes
 * interrupts, and it is not online any more by then.  What is queued later is
 * not done before it comes back, nor is anything behind it, and whoever waits
 * for that waits as long; so nothing is to be queued.
 *
 * Context: any, with preemption off, so that the answer stays true: a CPU goes
 * offline by a thread of its own.
 *
 * Return: true if irq_work_queue() will do.
 */
static inline bool taskhold_irq_can(void)
{
	return cpu_online(smp_processor_id());
}

/**
 * taskhold_irq_queue - have an interrupt raised on this CPU, if one can be
 * @work: what it is to do
 *
 * Context: any.
 */
static inline void taskhold_irq_queue(struct irq_work *work)
{
	preempt_disable();
	if (taskhold_irq_can())
		irq_work_queue(work);
	preempt_enable();
}

#endif /* _TASKHOLD_IRQ_H */
