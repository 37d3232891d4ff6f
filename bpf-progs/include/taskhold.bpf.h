/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For BPF programs that use taskhold: include after vmlinux.h.
 *
 *	#include "vmlinux.h"
 *	#include "taskhold.bpf.h"
 *
 *	SEC("struct_ops/finish")
 *	int BPF_PROG(finish, struct taskhold_rec *rec, struct task_struct *task)
 *	{
 *		...
 *		return TASKHOLD_DROP;
 *	}
 *
 *	SEC(".struct_ops.link")
 *	struct taskhold_ops policy = {
 *		.name = "mine",
 *		.finish = (void *)finish,
 *	};
 *
 *	char _license[] SEC("license") = "GPL";
 *
 * Every kfunc is declared weak: an object loads where the module is older, or
 * not there, if the program asks taskhold_has() first.
 */
#ifndef _TASKHOLD_BPF_H
#define _TASKHOLD_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <taskhold/kfuncs.h>
#include <taskhold/ops.h>
#include <taskhold/types.h>

/*
 * A record. The verifier knows its fields from the module's BTF; a program
 * needs the name alone, but as a struct, for kptrs in map values:
 *
 *	struct value { struct taskhold_rec __kptr *rec; };
 */
struct taskhold_rec {
	struct taskhold_info info;
} __attribute__((preserve_access_index));

/* Is this kfunc there? A branch that the verifier drops where it is not. */
#define taskhold_has(kfunc) bpf_ksym_exists(kfunc)

/* vmlinux's own pair on tasks: what taskhold_rec_task() returns is released so. */
extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

/*
 * vmlinux's own: a program that may sleep walks the records between these two.
 *
 *	bpf_rcu_read_lock();
 *	bpf_for_each(taskhold_rec, rec, slot, 0) { ... }
 *	bpf_rcu_read_unlock();
 */
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

#endif /* _TASKHOLD_BPF_H */
