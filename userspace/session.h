/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session of recording: owns the BPF object of one recorder policy, its
 * links and its ring buffer.  When it is closed, or when the process dies of
 * whatever, the policy is detached and the module holds nothing more for it.
 */
#ifndef _TASKHOLD_SESSION_H
#define _TASKHOLD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <taskhold/recording.h>

struct session;

struct session_options {
	enum taskhold_scope scope;
	__u32 root_tgid;	/* SCOPE_TREE: a process that is running */
	__u64 root_cgroup;	/* SCOPE_CGROUP: id of a cgroup */
	__u32 max_held;		/* as in struct taskhold_ops; 0: its default */
	bool threads;		/* a record for each thread besides */
	__u32 ring_bytes;	/* of the ring buffer: a power of 2 and >= 4096; 0: 8 MiB */
};

/*
 * Takes whole items as they stand in the ring buffer; a value that is not 0
 * ends the drain, which returns it.
 */
typedef int session_sink(void *ctx, const void *items, size_t len);

/*
 * session_open - load the policy, attach it
 *
 * When it returns, every process in scope is held.  Returns TH_OK, or an exit
 * code after it has said what failed.
 */
int session_open(struct session **session, const struct session_options *opts,
		 session_sink *sink, void *ctx);

/* Detaches; what is still in the ring buffer is gone. NULL is fine. */
void session_close(struct session *s);

/* The policy's name. */
const char *session_policy_name(const struct session *s);

/* Readable when the ring buffer is worth draining. */
int session_fd(const struct session *s);

/* These return 0, what the sink returned, or -errno; they do not speak. */
int session_drain(struct session *s);	/* all that is in the ring buffer */
int session_settle(struct session *s);	/* wait for the freeing of the dead; drain */
int session_sample(struct session *s);	/* LIVE items for all that runs; drain */
int session_sum(struct session *s);	/* TOTALS items and POLICY; drain */
int session_look(struct session *s, struct taskhold_policy_stats *stats); /* -ENOENT: detached */

/* Items other than records that found the ring buffer full. */
__u64 session_ring_lost(const struct session *s);

#endif /* _TASKHOLD_SESSION_H */
