/* SPDX-License-Identifier: GPL-2.0-only */
/* Type tags in the kernel's BTF, which not every compiler writes. */
#ifndef _TASKHOLD_TESTS_TYPE_TAGS_H
#define _TASKHOLD_TESTS_TYPE_TAGS_H

#include <stdbool.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/guest.h"

static inline bool kernel_has_type_tag(const char *tag)
{
	struct btf *btf = btf__load_vmlinux_btf();
	__u32 id, nr = btf ? btf__type_cnt(btf) : 0;
	bool has = false;

	for (id = 1; !has && id < nr; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		has = btf_is_type_tag(t) && !strcmp(btf__name_by_offset(btf, t->name_off), tag);
	}
	btf__free(btf);
	return has;
}

/*
 * Ought it to have one? Where clang has built the kernel, as it says itself, it is not
 * the BTF that is asked, or a test would pass over a kernel that has lost its tags.
 */
static inline bool kernel_ought_to_have_type_tag(const char *tag)
{
	char version[1024];

	if (read_file("/proc/version", version, sizeof(version)) <= 0)
		die("read /proc/version");
	return strstr(version, "clang version") || kernel_has_type_tag(tag);
}

#endif /* _TASKHOLD_TESTS_TYPE_TAGS_H */
