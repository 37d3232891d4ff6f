/* SPDX-License-Identifier: GPL-2.0-only */
/* What policy.bpf.c notes of each call; for BPF programs and user space. */
#ifndef _TASKHOLD_TESTS_EVENTS_H
#define _TASKHOLD_TESTS_EVENTS_H

enum policy_call {
	POLICY_ADMIT,
	POLICY_EXEC,
	POLICY_EXIT,
	POLICY_FINISH,
	POLICY_OVERFLOW,
	POLICY_ATTACH,
	POLICY_DETACH,
	POLICY_EXIT_THREAD,	/* of the record of a thread */
	POLICY_FINISH_THREAD,
	POLICY_CALLS,
};

/**
 * struct policy_event - one call
 * @call: which, enum policy_call
 * @tgid: of the process that it is about, 0: none
 * @pid: of the task that it was given, 0: none
 * @arg: admit: the event; finish: the record's tgid, of a thread its tid;
 *	overflow: the reason
 * @ns: when, CLOCK_BOOTTIME
 */
struct policy_event {
	__u32 call;
	__u32 tgid;
	__u32 pid;
	__u32 arg;
	__u64 ns;
};

#endif /* _TASKHOLD_TESTS_EVENTS_H */
