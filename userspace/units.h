/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers with their units, for people. */
#ifndef _UNITS_H
#define _UNITS_H

#include <linux/types.h>

struct units_text {
	char s[32];
};

/* "0", "812 ns", "3.120 us", "45.10 ms", "12.34 s", "12m05s", "3h07m", "9d04h" */
struct units_text units_ns(__u64 ns);
/* The same with a sign, "+" too. */
struct units_text units_signed_ns(__s64 ns);
/* "0", "812 B", "3.120 KiB", ..., "15.99 EiB" */
struct units_text units_bytes(__u64 bytes);

/* "KILL" for 9; "RTMIN+3"; "signal 99" for what has no name. */
struct units_text units_signal(unsigned int sig);

#endif /* _UNITS_H */
