// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one table of kfuncs, and the only caller of register_btf_*().
 *
 * A set is one contiguous BTF_ID section, and the kernel takes one set for a
 * hook and module, so the flags of all topics stand here while their bodies
 * stand in one file a topic.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>

#include <taskhold/ops.h>

#include "../btf.h"
#include "../compat.h"
#include "register.h"

BTF_KFUNCS_START(taskhold_kfunc_ids)
/* record.c */
BTF_ID_FLAGS(func, taskhold_rec_acquire, KF_ACQUIRE | KF_RET_NULL | KF_RCU)
BTF_ID_FLAGS(func, taskhold_rec_release, KF_RELEASE)
BTF_ID_FLAGS(func, taskhold_rec_lookup, KF_ACQUIRE | KF_RET_NULL | KF_RCU)
BTF_ID_FLAGS(func, taskhold_rec_lookup_in, KF_ACQUIRE | KF_RET_NULL | KF_RCU)
BTF_ID_FLAGS(func, taskhold_rec_snapshot, KF_RCU)
BTF_ID_FLAGS(func, taskhold_rec_cgroup_path, KF_RCU)
BTF_ID_FLAGS(func, taskhold_rec_exe_path, KF_RCU)
BTF_ID_FLAGS(func, taskhold_rec_task, KF_ACQUIRE | KF_RET_NULL | KF_RCU)
#if TASKHOLD_WITH_KPTR_GET
BTF_ID_FLAGS(func, taskhold_rec_kptr_get, KF_ACQUIRE | KF_RET_NULL | KF_KPTR_GET)
#endif
/* task.c */
BTF_ID_FLAGS(func, taskhold_task_in_cgroup, KF_RCU)
BTF_ID_FLAGS(func, taskhold_cgroup_cpu, KF_TRUSTED_ARGS)
#if TASKHOLD_WITH_PUT_TASK
BTF_ID_FLAGS(func, taskhold_task_acquire, KF_ACQUIRE | KF_RET_NULL | KF_RCU)
BTF_ID_FLAGS(func, taskhold_task_release, KF_RELEASE)
#endif
#if TASKHOLD_WITH_KPTR_GET
BTF_ID_FLAGS(func, taskhold_task_kptr_get, KF_ACQUIRE | KF_RET_NULL | KF_KPTR_GET)
/* pid.c */
BTF_ID_FLAGS(func, taskhold_pid_of_task, KF_ACQUIRE | KF_RET_NULL | KF_RCU)
BTF_ID_FLAGS(func, taskhold_pid_acquire, KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, taskhold_pid_release, KF_RELEASE)
BTF_ID_FLAGS(func, taskhold_pid_kptr_get, KF_ACQUIRE | KF_RET_NULL | KF_KPTR_GET)
BTF_ID_FLAGS(func, taskhold_pid_number, KF_OWNED_ARGS)
/* file.c */
BTF_ID_FLAGS(func, taskhold_file_of_fd, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, taskhold_file_acquire, KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, taskhold_file_release, KF_RELEASE)
BTF_ID_FLAGS(func, taskhold_file_kptr_get, KF_ACQUIRE | KF_RET_NULL | KF_KPTR_GET)
BTF_ID_FLAGS(func, taskhold_file_refs, KF_OWNED_ARGS)
#endif
/* iter.c */
BTF_ID_FLAGS(func, bpf_iter_taskhold_rec_new, KF_ITER_NEW | KF_RCU_PROTECTED)
BTF_ID_FLAGS(func, bpf_iter_taskhold_rec_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_taskhold_rec_destroy, KF_ITER_DESTROY)
/* stats.c */
BTF_ID_FLAGS(func, taskhold_totals_next, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, taskhold_totals_path, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, taskhold_stats_read, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, taskhold_policy_stats_read, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, taskhold_policy_slot, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, taskhold_exit_info_read, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, taskhold_settle, KF_SLEEPABLE)
BTF_KFUNCS_END(taskhold_kfunc_ids)

/*
 * For SYSCALL programs alone, which are called under no lock.
 * taskhold_settle() waits for RCU callbacks, some of which need locks that a
 * sleepable program on a function of the kernel may be called under; the others
 * take a lock, or allocate memory, which a program on a function of the kernel
 * may have interrupted.
 */
BTF_SET_START(taskhold_syscall_ids)
BTF_ID(func, taskhold_exit_info_read)
BTF_ID(func, taskhold_settle)
#if TASKHOLD_WITH_KPTR_GET
BTF_ID(func, taskhold_pid_of_task)
BTF_ID(func, taskhold_pid_acquire)
BTF_ID(func, taskhold_pid_kptr_get)
#endif
BTF_SET_END(taskhold_syscall_ids)

#if TASKHOLD_WITH_KPTR_GET
/* All on pids and files, whose references our own destructors have to drop. */
BTF_SET_START(taskhold_object_ids)
BTF_ID(func, taskhold_pid_of_task)
BTF_ID(func, taskhold_pid_acquire)
BTF_ID(func, taskhold_pid_release)
BTF_ID(func, taskhold_pid_kptr_get)
BTF_ID(func, taskhold_pid_number)
BTF_ID(func, taskhold_file_of_fd)
BTF_ID(func, taskhold_file_acquire)
BTF_ID(func, taskhold_file_release)
BTF_ID(func, taskhold_file_kptr_get)
BTF_ID(func, taskhold_file_refs)
BTF_SET_END(taskhold_object_ids)

/* Set by init, before any program can be loaded that calls them. */
static bool taskhold_without_objects __ro_after_init;

/* For programs of the types LSM and SYSCALL: see file.c. */
BTF_SET_START(taskhold_file_get_ids)
BTF_ID(func, taskhold_file_of_fd)
BTF_ID(func, taskhold_file_acquire)
BTF_ID(func, taskhold_file_kptr_get)
BTF_SET_END(taskhold_file_get_ids)
#endif

/*
 * Not for the members of taskhold_ops that run inside tracepoints: their time is that
 * of a task, or of a CPU that has softirqs off, and a walk takes as long as there are
 * records.
 */
BTF_SET_START(taskhold_walk_ids)
BTF_ID(func, bpf_iter_taskhold_rec_new)
BTF_SET_END(taskhold_walk_ids)

/*
 * These take a lock with interrupts off, for a moment.  Where a SYSCALL program is
 * called it cannot be this CPU's, nor where attach and detach are, nor in a timer that
 * they arm: for them as well, so that a policy can sum up without user space.
 */
BTF_SET_START(taskhold_totals_ids)
BTF_ID(func, taskhold_totals_next)
BTF_ID(func, taskhold_totals_path)
BTF_SET_END(taskhold_totals_ids)

BTF_ID_LIST_SINGLE(taskhold_ops_id, struct, taskhold_ops)

/* The place of attach among the members; those that are functions stand first. */
#define MEMBER_ATTACH	(offsetof(struct taskhold_ops, attach) / \
		       sizeof_field(struct taskhold_ops, attach))

static bool is_member(const struct bpf_prog *prog)
{
	return prog->type == BPF_PROG_TYPE_STRUCT_OPS && prog->aux->attach_btf == taskhold_btf &&
	       prog->aux->attach_btf_id == taskhold_ops_id[0];
}

/*
 * Is this one of these members?  They stand first in the type, before attach.  What
 * replaces a function of a struct_ops program is taken for one.
 */
static bool is_in_tracepoint(const struct bpf_prog *prog)
{
	if (prog->type != BPF_PROG_TYPE_STRUCT_OPS)
		return resolve_prog_type(prog) == BPF_PROG_TYPE_STRUCT_OPS;
	return is_member(prog) && prog->expected_attach_type < MEMBER_ATTACH;
}

static bool is_attach_or_detach(const struct bpf_prog *prog)
{
	return is_member(prog) && prog->expected_attach_type >= MEMBER_ATTACH;
}

/*
 * The kernel asks about each function of this module's BTF that a program calls,
 * and about no other.  The sets above are the module's own, with the numbers that
 * .BTF_ids was built with; the kernel has its copy.  BTF with a base of its own
 * (scripts/kbuild.sh makes none) gets other numbers in there when it is loaded, and
 * nothing would be found in the sets: what is not in the table is not let pass.
 *
 * A program that replaces a function of another one is run as that one is.
 */
static int taskhold_kfunc_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	enum bpf_prog_type type = resolve_prog_type(prog);

	if (!btf_id_set8_contains(&taskhold_kfunc_ids, kfunc_id))
		return -EACCES;
#if TASKHOLD_WITH_KPTR_GET
	if (taskhold_without_objects && btf_id_set_contains(&taskhold_object_ids, kfunc_id))
		return -EACCES;
	if (btf_id_set_contains(&taskhold_file_get_ids, kfunc_id) &&
	    type != BPF_PROG_TYPE_SYSCALL && type != BPF_PROG_TYPE_LSM)
		return -EACCES;
#endif
	if (btf_id_set_contains(&taskhold_walk_ids, kfunc_id) && is_in_tracepoint(prog))
		return -EACCES;
	if (btf_id_set_contains(&taskhold_syscall_ids, kfunc_id))
		return type == BPF_PROG_TYPE_SYSCALL ? 0 : -EACCES;
	if (btf_id_set_contains(&taskhold_totals_ids, kfunc_id))
		return type == BPF_PROG_TYPE_SYSCALL || is_attach_or_detach(prog) ? 0 : -EACCES;
	/*
	 * On the same hook as TRACING, and its programs have most of their calls in
	 * NMIs.  That is not what keeps kfuncs out of these: a TRACING program can be
	 * attached to what is called there.
	 */
	return type == BPF_PROG_TYPE_PERF_EVENT ? -EACCES : 0;
}

static const struct btf_kfunc_id_set taskhold_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &taskhold_kfunc_ids,
	.filter = taskhold_kfunc_filter,
};

/* Pairs of a type and its destructor: what lets it be a referenced kptr. */
BTF_ID_LIST(taskhold_dtor_ids)
BTF_ID(struct, taskhold_rec)
BTF_ID(func, taskhold_rec_release_dtor)
#if TASKHOLD_WITH_KPTR_GET
BTF_ID(struct, pid)
BTF_ID(func, taskhold_pid_release_dtor)
BTF_ID(struct, file)
BTF_ID(func, taskhold_file_release_dtor)
#endif

/* TRACING stands for LSM, TRACEPOINT and PERF_EVENT too: they are one hook. */
static const enum bpf_prog_type taskhold_hooks[] = {
	BPF_PROG_TYPE_TRACING,
	BPF_PROG_TYPE_SYSCALL,
	BPF_PROG_TYPE_STRUCT_OPS,
};

static int register_dtors(void)
{
	const struct btf_id_dtor_kfunc dtors[] = {
		{
			.btf_id = taskhold_dtor_ids[0],
			.kfunc_btf_id = taskhold_dtor_ids[1],
		},
#if TASKHOLD_WITH_KPTR_GET
		{
			.btf_id = taskhold_dtor_ids[2],
			.kfunc_btf_id = taskhold_dtor_ids[3],
		},
		{
			.btf_id = taskhold_dtor_ids[4],
			.kfunc_btf_id = taskhold_dtor_ids[5],
		},
#endif
	};
	int err = register_btf_id_dtor_kfuncs(dtors, ARRAY_SIZE(dtors), THIS_MODULE);

#if TASKHOLD_WITH_KPTR_GET
	/*
	 * A type has one destructor, and another module was first.  Records do not
	 * depend on pids and files; but what our kfuncs on these hand out would be
	 * dropped by the other one, so there are none.  A module has one successful
	 * call: one that fails leaves no table behind.
	 */
	if (err == -EEXIST) {
		pr_warn("another module has the destructor of struct pid or struct file, no kfuncs on either\n");
		taskhold_without_objects = true;
		err = register_btf_id_dtor_kfuncs(dtors, 1, THIS_MODULE);
	}
#endif
	return err;
}

/**
 * taskhold_kfuncs_register - register the kfuncs and the destructors
 *
 * There is no unregistering: the sets belong to the module's BTF and go with
 * it.  Without usable module BTF the calls succeed and register nothing; see
 * taskhold_ops_register(), which tells.
 *
 * Context: module init.
 *
 * Return: 0 or a negative error.
 */
int taskhold_kfuncs_register(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(taskhold_hooks); i++) {
		err = register_btf_kfunc_id_set(taskhold_hooks[i], &taskhold_kfunc_set);
		if (err)
			return err;
	}
	return register_dtors();
}

/**
 * taskhold_kfuncs_exit - wait for what kfuncs and destructors have left to others
 *
 * Context: module exit; may sleep.
 */
void taskhold_kfuncs_exit(void)
{
#if TASKHOLD_WITH_KPTR_GET
	taskhold_files_exit();
	taskhold_pids_exit();
#endif
}
