// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct_ops type: stubs, checks of what a policy sets, and the calls by
 * which the kernel attaches it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/ctype.h>
#include <linux/module.h>

#include <taskhold/ops.h>

#include "../btf.h"
#include "../record.h"
#include "../tracker.h"
#include "taskhold_ops.h"

/* Set by the one callback that runs only with usable module BTF. */
static bool btf_is_usable;

static int taskhold_ops_init(struct btf *btf)
{
	btf_is_usable = true;
	taskhold_btf = btf;
	return 0;
}

static const struct bpf_func_proto *
taskhold_ops_get_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func_id, prog);
}

static bool taskhold_ops_is_valid_access(int off, int size, enum bpf_access_type type,
					 const struct bpf_prog *prog,
					 struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(off, size, type, prog, info);
}

BTF_ID_LIST_SINGLE(taskhold_rec_id, struct, taskhold_rec)

/*
 * What a member may write through a pointer of the kernel's: the policy's own word in
 * the record that it is given.  Not in one that it has looked up, which may be
 * another policy's, and not through a pointer that may not be one.
 *
 * Return: 0 to let it; 6.12 asks for no more than that it is not negative.
 */
static int taskhold_ops_struct_access(struct bpf_verifier_log *log,
				      const struct bpf_reg_state *reg, int off, int size)
{
	if (reg->btf == taskhold_btf && reg->btf_id == taskhold_rec_id[0] &&
	    reg->type == (PTR_TO_BTF_ID | PTR_TRUSTED) && !reg->ref_obj_id &&
	    off == offsetof(struct taskhold_rec, data) &&
	    size == sizeof_field(struct taskhold_rec, data))
		return 0;
	bpf_log(log, "a member of taskhold_ops can write to: data (8 bytes) of the taskhold_rec that it is given\n");
	return -EACCES;
}

static const struct bpf_verifier_ops taskhold_ops_verifier_ops = {
	.get_func_proto = taskhold_ops_get_func_proto,
	.is_valid_access = taskhold_ops_is_valid_access,
	.btf_struct_access = taskhold_ops_struct_access,
};

/* Only what runs in process context, outside of tracepoints, may sleep. */
static int taskhold_ops_check_member(const struct btf_type *t, const struct btf_member *member,
				     const struct bpf_prog *prog)
{
	u32 moff = __btf_member_bit_offset(t, member) / 8;

	if (!prog->sleepable)
		return 0;

	switch (moff) {
	case offsetof(struct taskhold_ops, attach):
	case offsetof(struct taskhold_ops, detach):
		return 0;
	default:
		return -EINVAL;
	}
}

static int check_name(const char *name)
{
	size_t len = strnlen(name, TASKHOLD_NAME_LEN), i;

	if (!len || len == TASKHOLD_NAME_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("_.-", name[i])))
			return -EINVAL;
	}
	/* what follows the NUL is not part of the name */
	return memchr_inv(name + len, 0, TASKHOLD_NAME_LEN - len) ? -EINVAL : 0;
}

static int refuse(const char *member, const char *why)
{
	pr_notice_ratelimited("taskhold_ops.%s: %s\n", member, why);
	return -EINVAL;
}

/* Return: 1 if the member was taken, 0 for functions, which the core checks. */
static int taskhold_ops_init_member(const struct btf_type *t, const struct btf_member *member,
				    void *kdata, const void *udata)
{
	const struct taskhold_ops *from = udata;
	struct taskhold_ops *to = kdata;
	u32 moff = __btf_member_bit_offset(t, member) / 8;

	switch (moff) {
	case offsetof(struct taskhold_ops, name):
		if (check_name(from->name))
			return refuse("name", "want 1 to 31 of [A-Za-z0-9_.-], NUL padded");
		memcpy(to->name, from->name, sizeof(to->name));
		return 1;
	case offsetof(struct taskhold_ops, flags):
		if (from->flags & ~TASKHOLD_POLICY_THREADS)
			return refuse("flags", "want 0 or 1 (TASKHOLD_POLICY_THREADS)");
		to->flags = from->flags;
		return 1;
	case offsetof(struct taskhold_ops, max_held):
		if (from->max_held > TASKHOLD_MAX_HELD)
			return refuse("max_held", "want at most 4194304");
		to->max_held = from->max_held;
		return 1;
	case offsetof(struct taskhold_ops, interval_ms):
		if (from->interval_ms > TASKHOLD_MAX_INTERVAL)
			return refuse("interval_ms", "want at most 60000");
		to->interval_ms = from->interval_ms;
		return 1;
	default:
		return 0;
	}
}

static_assert(TASKHOLD_NAME_LEN == 32 && TASKHOLD_MAX_HELD == 4194304 &&
	      TASKHOLD_MAX_INTERVAL == 60000 && TASKHOLD_POLICY_THREADS == 1);

static int taskhold_ops_reg(void *kdata, struct bpf_link *link)
{
	return taskhold_tracker_attach(kdata, link);
}

static void taskhold_ops_unreg(void *kdata, struct bpf_link *link)
{
	taskhold_tracker_detach(kdata);
}

static int taskhold_ops_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	return taskhold_tracker_update(kdata, old_kdata);
}

/* Every member was checked when it was set; together they are never wrong. */
static int taskhold_ops_validate(void *kdata)
{
	return 0;
}

/*
 * One stub a member: never called, but what the verifier takes parameter
 * names, and the kernel under kCFI the type hash, from.
 */
static int taskhold_ops__admit(struct task_struct *task, struct task_struct *parent__nullable,
			       u32 event)
{
	return 0;
}

static void taskhold_ops__exec(struct taskhold_rec *rec, struct task_struct *task)
{
}

static void taskhold_ops__exit(struct taskhold_rec *rec, struct task_struct *task)
{
}

static int taskhold_ops__finish(struct taskhold_rec *rec, struct task_struct *task__nullable)
{
	return 0;
}

static void taskhold_ops__overflow(struct taskhold_rec *rec__nullable, u32 reason)
{
}

static int taskhold_ops__attach(void)
{
	return 0;
}

static void taskhold_ops__detach(const struct taskhold_exit_info *info)
{
}

static struct taskhold_ops taskhold_ops_stubs = {
	.admit = taskhold_ops__admit,
	.exec = taskhold_ops__exec,
	.exit = taskhold_ops__exit,
	.finish = taskhold_ops__finish,
	.overflow = taskhold_ops__overflow,
	.attach = taskhold_ops__attach,
	.detach = taskhold_ops__detach,
};

static struct bpf_struct_ops taskhold_ops_type = {
	.verifier_ops = &taskhold_ops_verifier_ops,
	.init = taskhold_ops_init,
	.check_member = taskhold_ops_check_member,
	.init_member = taskhold_ops_init_member,
	.reg = taskhold_ops_reg,
	.unreg = taskhold_ops_unreg,
	.update = taskhold_ops_update,
	.validate = taskhold_ops_validate,
	.cfi_stubs = &taskhold_ops_stubs,
	.name = "taskhold_ops",
	.owner = THIS_MODULE,
};

/**
 * taskhold_ops_register - register struct taskhold_ops
 *
 * Where the module has no BTF that the kernel accepts, the registration of
 * this type and of the kfuncs return success and do nothing; that the type's
 * own init callback did not run is the one sure sign of it.
 *
 * Context: module init.
 *
 * Return: 0, -ENOEXEC without usable module BTF, or another negative error.
 */
int taskhold_ops_register(void)
{
	int err = register_bpf_struct_ops(&taskhold_ops_type, taskhold_ops);

	if (err)
		return err;
	return btf_is_usable ? 0 : -ENOEXEC;
}
