// SPDX-License-Identifier: GPL-2.0-only
/* How the last policies ended, for who asks when they are gone. */
#include <linux/spinlock.h>

#include "ended.h"

static DEFINE_SPINLOCK(ended_lock);
static struct taskhold_exit_info ended[TASKHOLD_MAX_ENDED];
static u64 ended_count;	/* ever; the newest is the one before this */

/**
 * taskhold_ended_add - note how a policy has ended
 * @info: all of it; the oldest makes room
 *
 * Context: any but NMI.
 */
void taskhold_ended_add(const struct taskhold_exit_info *info)
{
	unsigned long flags;

	spin_lock_irqsave(&ended_lock, flags);
	ended[ended_count++ % TASKHOLD_MAX_ENDED] = *info;
	spin_unlock_irqrestore(&ended_lock, flags);
}

/**
 * taskhold_ended_read - how a policy has ended
 * @nth: 0 for the last, 1 for the one before, ...
 * @out: where to
 *
 * Context: any but NMI, and not where taskhold_ended_add() may be interrupted.
 *
 * Return: 0, -ENOENT where no more are known.
 */
int taskhold_ended_read(u32 nth, struct taskhold_exit_info *out)
{
	unsigned long flags;
	int err = -ENOENT;

	spin_lock_irqsave(&ended_lock, flags);
	if (nth < TASKHOLD_MAX_ENDED && nth < ended_count) {
		*out = ended[(ended_count - 1 - nth) % TASKHOLD_MAX_ENDED];
		err = 0;
	}
	spin_unlock_irqrestore(&ended_lock, flags);
	return err;
}
