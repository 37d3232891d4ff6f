// SPDX-License-Identifier: GPL-2.0-only
/* Numbers with their units, for people: see units.h. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "units.h"

/* Four digits, which is what the eye compares. */
static struct units_text digits(double v, const char *unit)
{
	struct units_text t;

	snprintf(t.s, sizeof(t.s), v < 9.9995 ? "%.3f %s" : v < 99.995 ? "%.2f %s" : "%.1f %s",
		 v, unit);
	return t;
}

struct units_text units_ns(__u64 ns)
{
	unsigned long long s = ns / 1000000000u;
	struct units_text t;

	if (ns < 1000)
		snprintf(t.s, sizeof(t.s), ns ? "%llu ns" : "%llu", (unsigned long long)ns);
	else if (ns < 999950)
		return digits(ns / 1e3, "us");
	else if (ns < 999950000)
		return digits(ns / 1e6, "ms");
	else if (s < 600)
		return digits(ns / 1e9, "s");
	else if (s < 36000)
		snprintf(t.s, sizeof(t.s), "%llum%02llus", s / 60, s % 60);
	else if (s < 100 * 3600)
		snprintf(t.s, sizeof(t.s), "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(t.s, sizeof(t.s), "%llud%02lluh", s / 86400, s / 3600 % 24);
	return t;
}

struct units_text units_signed_ns(__s64 ns)
{
	struct units_text t = units_ns(ns < 0 ? -(__u64)ns : (__u64)ns);

	if (ns) {
		memmove(t.s + 1, t.s, strlen(t.s) + 1);
		t.s[0] = ns < 0 ? '-' : '+';
	}
	return t;
}

struct units_text units_bytes(__u64 bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	struct units_text t;
	double v = bytes / 1024.0;
	unsigned int i = 0;

	if (bytes < 1024) {
		snprintf(t.s, sizeof(t.s), bytes ? "%llu B" : "%llu", (unsigned long long)bytes);
		return t;
	}
	while (v >= 1023.95 && i < ARRAY_SIZE(units) - 1) {
		v /= 1024;
		i++;
	}
	return digits(v, units[i]);
}

struct units_text units_signal(unsigned int sig)
{
	const char *name = sig < NSIG ? sigabbrev_np((int)sig) : NULL;
	struct units_text t;

	if (name)
		snprintf(t.s, sizeof(t.s), "%s", name);
	else if (sig >= (unsigned int)SIGRTMIN && sig <= (unsigned int)SIGRTMAX)
		snprintf(t.s, sizeof(t.s), "RTMIN+%u", sig - (unsigned int)SIGRTMIN);
	else
		snprintf(t.s, sizeof(t.s), "signal %u", sig);
	return t;
}
