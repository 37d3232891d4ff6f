/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of an attached policy, whoever keeps it. */
#ifndef _TASKHOLD_POLICY_STOP_H
#define _TASKHOLD_POLICY_STOP_H

#include <taskhold/types.h>

struct policies;
struct policy_place;

/*
 * policy_stop - detach a policy and wait until the module has it no more
 * @p: where @place is from; its places may be read again, after which @place is gone
 *	where it is one of them
 * @place: its link, or its map where it has none
 * @id: the module's number of it
 * @info: filled in with how it ended, where the module has that; kind 0 where not
 *
 * Another policy that has come by the same name meanwhile is left alone.
 *
 * Returns TH_OK, or an exit code after it has said what failed.
 */
int policy_stop(struct policies *p, const struct policy_place *place, __u64 id,
		struct taskhold_exit_info *info);

/* Takes away its link, or its registration without one: 0, 1: there was none, or -errno. */
int policy_stop_place(const struct policy_place *place);

#endif /* _TASKHOLD_POLICY_STOP_H */
