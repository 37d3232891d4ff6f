/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A module with a type of its own, whose destructor has a name that another
 * module, or the kernel, has a function of. Each of them defines
 *
 *	OBJECT		the type
 *	GET, PUT	kfuncs
 *	DROP		the destructor; with LINKAGE static or nothing
 *
 * and shows in its parameters how many objects are out, how often its own
 * destructor has been called, and whether another has written to the object.
 */
#ifndef _TESTMOD_NAMED_H
#define _TESTMOD_NAMED_H

#include <linux/atomic.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/cfi.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

/* With room for what testmod_fourth's namesake in the kernel writes. */
struct OBJECT {
	int number;
	int more[15];
};

/* All of them are the same one, which is never freed. */
static struct OBJECT object;
static int out, dropped;
module_param(out, int, 0444);
module_param(dropped, int, 0444);
module_param_named(number, object.number, int, 0444);

__bpf_kfunc_start_defs();

__bpf_kfunc struct OBJECT *GET(void)
{
	out++;
	return &object;
}

__bpf_kfunc void PUT(struct OBJECT *p)
{
	out--;
}

/*
 * Must not touch the object: on a kernel that looks for the name alone it is
 * called with those of others.
 */
LINKAGE __bpf_kfunc void DROP(void *p)
{
	dropped++;
}
CFI_NOSEAL(DROP);
/* clang writes down the type that kCFI checks where a static function's address is taken. */
__ADDRESSABLE(DROP);

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(kfunc_ids)
BTF_ID_FLAGS(func, GET, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, PUT, KF_RELEASE)
BTF_KFUNCS_END(kfunc_ids)

static const struct btf_kfunc_id_set kfunc_set = {
	.owner = THIS_MODULE,
	.set = &kfunc_ids,
};

/* BTF_ID() takes the name as it stands. */
#define NAMED_ID(prefix, name)	BTF_ID(prefix, name)

BTF_ID_LIST(dtor_ids)
NAMED_ID(struct, OBJECT)
NAMED_ID(func, DROP)

static int __init testmod_init(void)
{
	const struct btf_id_dtor_kfunc dtor = {
		.btf_id = dtor_ids[0],
		.kfunc_btf_id = dtor_ids[1],
	};
	int err;

	err = register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &kfunc_set);
	return err ?: register_btf_id_dtor_kfuncs(&dtor, 1, THIS_MODULE);
}
module_init(testmod_init);

/* With it the module can be unloaded. */
static void __exit testmod_exit(void)
{
}
module_exit(testmod_exit);

MODULE_DESCRIPTION("Destructors of one name, for tests");
MODULE_LICENSE("GPL");

#endif /* _TESTMOD_NAMED_H */
