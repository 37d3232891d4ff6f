/* SPDX-License-Identifier: GPL-2.0-only */
/* Doing without capabilities for a while. */
#ifndef _TASKHOLD_TESTS_CAPABILITIES_H
#define _TASKHOLD_TESTS_CAPABILITIES_H

#include <linux/capability.h>
#include <linux/types.h>
#include <sys/syscall.h>

#include "lib/guest.h"

#define CAPABILITIES_ALL	(~0ULL)
#define CAPABILITY(number)	(1ULL << (number))

/* To have these alone, of those that are permitted: all of them come back. */
static inline void capabilities(__u64 effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		die("capget");
	data[0].effective = data[0].permitted & effective;
	data[1].effective = data[1].permitted & (effective >> 32);
	if (syscall(SYS_capset, &header, data))
		die("capset");
}

#endif /* _TASKHOLD_TESTS_CAPABILITIES_H */
