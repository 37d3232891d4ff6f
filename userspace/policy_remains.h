/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins that outlive a policy which the module has ended: of its link, which is dead, and
 * of its companions, which run on.
 */
#ifndef _TASKHOLD_POLICY_REMAINS_H
#define _TASKHOLD_POLICY_REMAINS_H

struct json_object;
struct policies;

/*
 * policy_remains_remove - remove them from a directory
 * @p: what is attached: what was loaded with one of these stays
 * @dir: where the policy was pinned
 * @removed: as for policy_remove_pin()
 *
 * A dead link does not say whose it was, its pin has the name of the map: companions
 * are links of programs whose BTF has a policy of that name.  Anything else stays.
 *
 * Speaks of what fails, and where there is none of it; returns an exit code.
 */
int policy_remains_remove(const struct policies *p, const char *dir, struct json_object *removed);

#endif /* _TASKHOLD_POLICY_REMAINS_H */
