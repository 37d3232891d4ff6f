/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy of tests/progs/policy.bpf.c, opened, changed and attached. */
#ifndef _TASKHOLD_TESTS_POLICY_H
#define _TASKHOLD_TESTS_POLICY_H

#include <bpf/libbpf.h>

#include <taskhold/ops.h>

#include "lib/reader.h"
#include "../progs/events.h"
#include "policy.skel.h"

/* A policy that holds the children of the caller; the caller may change it. */
static inline struct policy *policy_open(const char *name)
{
	struct policy *p = policy__open();
	struct taskhold_ops *ops;
	size_t size;

	if (!p)
		die("open policy.bpf.o");
	ops = bpf_map__initial_value(p->maps.ops, &size);
	if (size != sizeof(*ops))
		die("struct taskhold_ops has %zu bytes", size);
	memset(ops->name, 0, sizeof(ops->name));
	snprintf(ops->name, sizeof(ops->name), "%s", name);
	p->bss->root_pid = getpid();
	return p;
}

/*
 * The members before the policy is loaded. Those that are functions are
 * pointers to struct bpf_program until then: NULL leaves one out.
 */
static inline struct taskhold_ops *policy_ops(struct policy *p)
{
	size_t size;

	return bpf_map__initial_value(p->maps.ops, &size);
}

static inline void policy_load(struct policy *p)
{
	if (policy__load(p))
		die("load policy %s", policy_ops(p)->name);
}

/* Attaches the policy; its slot. */
static inline int policy_attach(struct policy *p, struct reader *r)
{
	int slot;

	p->links.ops = bpf_map__attach_struct_ops(p->maps.ops);
	if (!p->links.ops)
		die("attach policy %s", policy_ops(p)->name);
	slot = reader_slot(r, policy_ops(p)->name);
	if (slot < 0)
		die("policy %s is attached, but in no slot", policy_ops(p)->name);
	return slot;
}

static inline void policy_detach(struct policy *p)
{
	bpf_link__destroy(p->links.ops);
	p->links.ops = NULL;
}

/* Calls of a kind, for one process or with tgid 0 for all. */
static inline int policy_calls(const struct policy *p, enum policy_call call, pid_t tgid)
{
	__u32 n = p->bss->nr_events, i;
	int count = 0;

	if (n > POLICY_EVENTS)
		die("%u events, room for %u", n, POLICY_EVENTS);
	for (i = 0; i < n; i++) {
		const struct policy_event *e = &p->bss->events[i];

		if (e->call == call && (!tgid || (pid_t)e->tgid == tgid))
			count++;
	}
	return count;
}

/* The nth call of a kind for a process, counted from 0; NULL if there is none. */
static inline const struct policy_event *policy_call(const struct policy *p, enum policy_call call,
						     pid_t tgid, int nth)
{
	__u32 n = p->bss->nr_events, i;

	for (i = 0; i < n && i < POLICY_EVENTS; i++) {
		const struct policy_event *e = &p->bss->events[i];

		if (e->call == call && (pid_t)e->tgid == tgid && nth-- == 0)
			return e;
	}
	return NULL;
}

#endif /* _TASKHOLD_TESTS_POLICY_H */
