/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a policy is not only detached but freed: who unloads the module next must not
 * find it in use by what is on its way out.
 */
#ifndef _TASKHOLD_POLICY_GONE_H
#define _TASKHOLD_POLICY_GONE_H

struct policies;
struct policy_place;

/*
 * policy_gone_wait - wait until a policy that was detached does not hold the module
 * @p: as it was read before
 * @place: that policy
 *
 * 2 s at most, as a process may have its programs or its map open for as long as it
 * likes.  Where anything else holds the module, it returns at once.
 */
void policy_gone_wait(const struct policies *p, const struct policy_place *place);

#endif /* _TASKHOLD_POLICY_GONE_H */
