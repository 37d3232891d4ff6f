// SPDX-License-Identifier: GPL-2.0-only
#include "policy_remove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "error.h"
#include "holders.h"
#include "policy_pin.h"

static void add(struct json_object *removed, const char *path)
{
	char *clean = holders_printable(path);

	if (removed)
		json_object_array_add(removed, clean ? json_object_new_string(clean) : NULL);
	else
		printf("removed %s\n", clean ? clean : path);
	free(clean);
}

int policy_remove_pin(const char *path, unsigned int link_id, struct json_object *removed)
{
	int ret = policy_pin_remove(path, link_id);
	char *dir;

	if (ret < 0)
		return th_fail(TH_IO, "%s: cannot be removed: %s", path, strerror(-ret));
	if (!ret)
		return TH_OK;
	add(removed, path);
	dir = strndup(path, strrchr(path, '/') - path);
	/* The mount point itself is busy, and what has other pins is not empty. */
	if (dir && !rmdir(dir))
		add(removed, dir);
	free(dir);
	return TH_OK;
}

int policy_remove_pins(const struct holders_obj *obj, struct json_object *removed)
{
	unsigned int link_id = obj->self.type == HOLDERS_LINK ? obj->self.id : 0;
	int ret = TH_OK, one;
	size_t i;

	for (i = 0; i < obj->nr_pins; i++) {
		one = policy_remove_pin(obj->pins[i], link_id, removed);
		ret = ret ?: one;
	}
	return ret;
}
