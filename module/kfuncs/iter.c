// SPDX-License-Identifier: GPL-2.0-only
/*
 * The open-coded iterator over records. The verifier wants the names to begin
 * with bpf_iter_. Flags and hooks stand in register.c.
 */
#include <linux/bpf.h>
#include <linux/btf.h>

#include <taskhold/kfuncs.h>

#include "../cursor.h"

static_assert(sizeof(struct taskhold_cursor) <= sizeof(struct bpf_iter_taskhold_rec));
static_assert(__alignof__(struct taskhold_cursor) <= __alignof__(struct bpf_iter_taskhold_rec));

__bpf_kfunc_start_defs();

/**
 * bpf_iter_taskhold_rec_new - begin to walk the records that a policy holds
 * @it: on the program's stack
 * @slot: the policy's slot, as in taskhold_policy_stats
 * @flags: 0
 *
 * Of a policy with TASKHOLD_POLICY_THREADS the walk yields records of threads
 * too, which have TASKHOLD_INFO_THREAD in info.flags.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs. A program that may
 * sleep walks between bpf_rcu_read_lock() and bpf_rcu_read_unlock(): the verifier
 * does not tie a record to the step that it comes from. It sees to it that the
 * walk is destroyed.
 *
 * Return: 0; -ENOENT for a slot without policy, -EINVAL for another flag: the
 * walk is then empty.
 */
__bpf_kfunc int bpf_iter_taskhold_rec_new(struct bpf_iter_taskhold_rec *it, u32 slot, u32 flags)
{
	struct taskhold_cursor *cursor = (void *)it;
	int err;

	err = taskhold_cursor_begin(cursor, flags ? U32_MAX : slot);
	return flags ? -EINVAL : err;
}

/**
 * bpf_iter_taskhold_rec_next - the next record
 * @it: the walk
 *
 * Records of running processes first, then the finished ones that are kept,
 * oldest first. What comes or goes meanwhile may be seen or not.
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 *
 * Return: a record, for which taskhold_rec_acquire() may fail after the next
 * call; its memory stays until the RCU section ends. NULL after the last.
 */
__bpf_kfunc struct taskhold_rec *bpf_iter_taskhold_rec_next(struct bpf_iter_taskhold_rec *it)
{
	return taskhold_cursor_next((struct taskhold_cursor *)it);
}

/**
 * bpf_iter_taskhold_rec_destroy - end the walk
 * @it: the walk
 *
 * Context: any; TRACING, SYSCALL and STRUCT_OPS programs.
 */
__bpf_kfunc void bpf_iter_taskhold_rec_destroy(struct bpf_iter_taskhold_rec *it)
{
	taskhold_cursor_end((struct taskhold_cursor *)it);
}

__bpf_kfunc_end_defs();
