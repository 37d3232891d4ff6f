/* SPDX-License-Identifier: GPL-2.0-only */
/* The exchange of the members of an attached policy, by its link. */
#ifndef _TASKHOLD_POLICY_REPLACE_H
#define _TASKHOLD_POLICY_REPLACE_H

struct policy_place;

/*
 * policy_replace - have a link attach another map in place of the one it has
 * @place: the policy as it was found: the exchange fails where it has another map by now
 * @map_fd: a map of the same type whose value is set; the link takes a reference to it
 *
 * Events go to the old or to the new members; records and counters stay.  Where it
 * fails, the policy runs on as it was.
 *
 * Returns TH_OK, or an exit code after it has said what failed.
 */
int policy_replace(const struct policy_place *place, int map_fd);

#endif /* _TASKHOLD_POLICY_REPLACE_H */
