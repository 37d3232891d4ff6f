/* SPDX-License-Identifier: GPL-2.0-only */
/* Removing pins, and saying which. */
#ifndef _TASKHOLD_POLICY_REMOVE_H
#define _TASKHOLD_POLICY_REMOVE_H

struct holders_obj;
struct json_object;

/*
 * policy_remove_pin - remove the pin of a link, and its directory if it is empty then
 * @path: of the pin
 * @link_id: of the link, 0: of whatever it is; what is there for another stays
 * @removed: an array that takes the paths of what was removed, or NULL to print them
 *
 * Speaks of what fails; returns an exit code.
 */
int policy_remove_pin(const char *path, unsigned int link_id, struct json_object *removed);

/* Likewise all pins of an object of BPF. */
int policy_remove_pins(const struct holders_obj *obj, struct json_object *removed);

#endif /* _TASKHOLD_POLICY_REMOVE_H */
