// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>

#include <taskhold/types.h>

#include "ender.h"
#include "kfuncs/register.h"
#include "path.h"
#include "policy.h"
#include "pool.h"
#include "struct_ops/taskhold_ops.h"
#include "tracker.h"

/* What user space checks itself against before it uses anything else. */
static unsigned int abi = TASKHOLD_ABI;
module_param(abi, uint, 0444);
MODULE_PARM_DESC(abi, "number of the interface, for programs to compare (read only)");

/* SHA-256 of the kernel's BTF that the module's own was built on. */
#ifndef TASKHOLD_BASE_BTF
#define TASKHOLD_BASE_BTF ""
#endif

static int base_btf_get(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%s\n", TASKHOLD_BASE_BTF);
}

/* no .set: the loader refuses a value */
static const struct kernel_param_ops base_btf_ops = {
	.get = base_btf_get,
};
module_param_cb(base_btf, &base_btf_ops, NULL, 0444);
MODULE_PARM_DESC(base_btf, "SHA-256 of the vmlinux BTF it was built against (read only)");
MODULE_INFO(base_btf, TASKHOLD_BASE_BTF);

#define MAX_SLOW_MS	60000

static unsigned int slow_ms = 1000;

static int slow_ms_set(const char *val, const struct kernel_param *param)
{
	int err = param_set_uint_minmax(val, param, 0, MAX_SLOW_MS);

	if (!err)
		WRITE_ONCE(taskhold_policy_slow, slow_ms ? msecs_to_jiffies(slow_ms) : ULONG_MAX);
	return err;
}

static const struct kernel_param_ops slow_ms_ops = {
	.set = slow_ms_set,
	.get = param_get_uint,
};
module_param_cb(slow_ms, &slow_ms_ops, &slow_ms, 0644);
MODULE_PARM_DESC(slow_ms, "detach a policy of which two calls in a minute take longer, in ms, up to 60000; 0: none (1000)");

/* A name, and perhaps the newline of who writes lines. */
static int detach_set(const char *val, const struct kernel_param *param)
{
	char name[TASKHOLD_NAME_LEN];
	size_t len = strcspn(val, "\n");
	int err;

	/* as the module is loaded there is none; ENOENT would be said of the parameter */
	if (THIS_MODULE->state != MODULE_STATE_LIVE)
		return -EINVAL;
	if (!len || len >= sizeof(name) || val[len + strspn(val + len, "\n")])
		return -EINVAL;
	memcpy(name, val, len);
	name[len] = '\0';
	/*
	 * It may wait for an attach() or detach() as long as that lasts.  Whoever looks at a
	 * parameter meanwhile, as the command does for abi, is not to wait too.  The lock
	 * excludes nothing that matters here: module exit never took it, comes when no
	 * policy is attached, and then there is nothing left to wait for; and the file that
	 * is written keeps the module's text until this has returned.
	 */
	kernel_param_unlock(THIS_MODULE);
	err = taskhold_tracker_detach_named(name);
	kernel_param_lock(THIS_MODULE);
	return err;
}

static const struct kernel_param_ops detach_ops = {
	.set = detach_set,
};
module_param_cb(detach, &detach_ops, NULL, 0200);
MODULE_PARM_DESC(detach, "name of a policy to detach now (write only)");

static int __init taskhold_init(void)
{
	int err;

	if (abi != TASKHOLD_ABI) {
		pr_err("parameter abi is read only\n");
		return -EINVAL;
	}

	err = taskhold_pool_init();
	if (err)
		return err;
	err = taskhold_path_init();
	if (err)
		goto err_pool;
	err = taskhold_tracker_init();
	if (err)
		goto err_path;
	err = taskhold_ender_init();
	if (err)
		goto err_path;
	err = taskhold_kfuncs_register();
	if (err)
		goto err_ender;
	err = taskhold_ops_register();
	if (err)
		goto err_register;
	return 0;

err_register:
	if (err == -ENOEXEC)
		pr_err("no usable BTF in this module: build it against the headers of the running kernel (dkms install --force taskhold/%s), see docs/btf.md\n",
		       TASKHOLD_VERSION);
err_ender:
	taskhold_ender_exit();
err_path:
	taskhold_path_exit();
err_pool:
	taskhold_pool_exit();
	return err;
}

/*
 * The module can go when nothing refers to it, and each of these does: a
 * struct_ops map of its type, attached or not; a loaded program that calls its
 * kfuncs; a map with a referenced kptr to its record.  So no policy is
 * attached: the probes are unregistered and synchronized, the tables empty and
 * freed; and no record has a reference, for the tables, the policies and the
 * maps had them all.  What may be left are dead records, which
 * taskhold_pool_drain() waits for, before the paths that they refer to.
 * kfree_rcu() of paths runs no text of this module.
 *
 * References to pids and files, which kernels with the patches of kernel/patches
 * let maps have, are not counted here, but each has been dropped: by a program,
 * or by a map with a kptr of the type, which refers to the module as well.  What
 * dropping them has left to an interrupt and to RCU taskhold_kfuncs_exit() waits
 * for; it stands on nothing else of the module.
 */
static void __exit taskhold_exit(void)
{
	taskhold_ender_exit();
	taskhold_kfuncs_exit();
	taskhold_pool_drain();
	taskhold_path_exit();
	taskhold_pool_exit();
}

module_init(taskhold_init);
module_exit(taskhold_exit);

MODULE_DESCRIPTION("Hold what ran: refcounted task records for BPF programs and policies");
MODULE_AUTHOR("The taskhold authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(TASKHOLD_VERSION);
