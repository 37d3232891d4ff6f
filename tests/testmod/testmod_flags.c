// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers kfuncs with flags that a kernel with the patches of kernel/patches
 * looks at when they are registered: the parameter says which, and another one
 * shows what came of it.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/cfi.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

/* Other kernels do not know these bits, and pass them over. */
#ifndef KF_KPTR_GET
#define KF_KPTR_GET	BIT(3)
#endif
#ifndef KF_OWNED_ARGS
#define KF_OWNED_ARGS	BIT(24)
#endif

struct testmod_flags_object {
	int number;
};

struct testmod_flags_other {
	int number;
};

/* Has an object at its own address, which is not what a program owns. */
struct testmod_flags_outer {
	struct testmod_flags_object first;
	int number;
};

static char *which = "";
module_param(which, charp, 0444);
static int result = 1;
module_param(result, int, 0444);

__bpf_kfunc_start_defs();

__bpf_kfunc void testmod_flags_drop(void *object)
{
}
CFI_NOSEAL(testmod_flags_drop);

__bpf_kfunc void testmod_flags_outer_drop(void *outer)
{
}
CFI_NOSEAL(testmod_flags_outer_drop);

/* As it ought to be. */
__bpf_kfunc struct testmod_flags_object *testmod_flags_get(struct testmod_flags_object **slot)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_object *testmod_flags_get_more(struct testmod_flags_object **slot,
								u64 a, u64 b)
{
	return NULL;
}

__bpf_kfunc const struct testmod_flags_object *
testmod_flags_get_const(struct testmod_flags_object *const *slot)
{
	return NULL;
}

/* With suffixes that would make the argument something else. */
__bpf_kfunc struct testmod_flags_object *
testmod_flags_get_nullable(struct testmod_flags_object **slot__nullable)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_object *
testmod_flags_get_map(struct testmod_flags_object **slot__map)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_object *
testmod_flags_get_alloc(struct testmod_flags_object **slot__alloc)
{
	return NULL;
}

/* And as it ought not to be. */
__bpf_kfunc struct testmod_flags_object *testmod_flags_hidden(struct testmod_flags_object **p__ign)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_other *testmod_flags_differs(struct testmod_flags_object **slot)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_object *testmod_flags_single(struct testmod_flags_object *object)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_object *testmod_flags_triple(struct testmod_flags_object ***slot)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_object *testmod_flags_void(void **slot)
{
	return NULL;
}

__bpf_kfunc u64 *testmod_flags_number(u64 **slot)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_object *testmod_flags_second(u64 a,
							      struct testmod_flags_object **slot)
{
	return NULL;
}

__bpf_kfunc struct testmod_flags_object *testmod_flags_none(void)
{
	return NULL;
}

__bpf_kfunc u64 testmod_flags_value(struct testmod_flags_object **slot)
{
	return 0;
}

__bpf_kfunc void testmod_flags_nothing(struct testmod_flags_object **slot)
{
}

__bpf_kfunc void testmod_flags_set(struct testmod_flags_object *object)
{
}

__bpf_kfunc void testmod_flags_put(struct testmod_flags_object *object)
{
}

__bpf_kfunc void testmod_flags_look(struct testmod_flags_object *object)
{
}

__bpf_kfunc struct testmod_flags_outer *testmod_flags_outer_new(void)
{
	return NULL;
}

__bpf_kfunc void testmod_flags_outer_put(struct testmod_flags_outer *outer)
{
}

__bpf_kfunc_end_defs();

#define GET	(KF_ACQUIRE | KF_RET_NULL | KF_KPTR_GET)

#define CASE(name, func_, flags)					\
	BTF_KFUNCS_START(name##_ids)					\
	BTF_ID_FLAGS(func, func_, flags)				\
	BTF_KFUNCS_END(name##_ids)

/* clang-format off */
BTF_KFUNCS_START(good_ids)
BTF_ID_FLAGS(func, testmod_flags_get, GET)
BTF_ID_FLAGS(func, testmod_flags_get_more, GET)
BTF_ID_FLAGS(func, testmod_flags_get_const, GET)
BTF_ID_FLAGS(func, testmod_flags_get_nullable, GET)
BTF_ID_FLAGS(func, testmod_flags_get_map, GET)
BTF_ID_FLAGS(func, testmod_flags_get_alloc, GET)
BTF_ID_FLAGS(func, testmod_flags_set, KF_OWNED_ARGS)
BTF_ID_FLAGS(func, testmod_flags_put, KF_RELEASE)
BTF_ID_FLAGS(func, testmod_flags_look, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, testmod_flags_outer_new, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, testmod_flags_outer_put, KF_RELEASE)
BTF_KFUNCS_END(good_ids)
CASE(no_acquire, testmod_flags_get, KF_RET_NULL | KF_KPTR_GET)
CASE(no_ret_null, testmod_flags_get, KF_ACQUIRE | KF_KPTR_GET)
CASE(alone, testmod_flags_get, KF_KPTR_GET)
CASE(release, testmod_flags_get, GET | KF_RELEASE)
CASE(hidden, testmod_flags_hidden, GET)
CASE(differs, testmod_flags_differs, GET)
CASE(single, testmod_flags_single, GET)
CASE(triple, testmod_flags_triple, GET)
CASE(void_slot, testmod_flags_void, GET)
CASE(number, testmod_flags_number, GET)
CASE(second, testmod_flags_second, GET)
CASE(none, testmod_flags_none, GET)
CASE(value, testmod_flags_value, GET)
CASE(nothing, testmod_flags_nothing, GET)
CASE(owned_rcu, testmod_flags_set, KF_OWNED_ARGS | KF_RCU)
CASE(owned_trusted, testmod_flags_set, KF_OWNED_ARGS | KF_TRUSTED_ARGS)
/* a good one beside it does not help */
BTF_KFUNCS_START(mixed_ids)
BTF_ID_FLAGS(func, testmod_flags_get, GET)
BTF_ID_FLAGS(func, testmod_flags_differs, GET)
BTF_KFUNCS_END(mixed_ids)

#define SET(name)	{ #name, { .owner = THIS_MODULE, .set = &name##_ids } }
static const struct {
	const char *name;
	struct btf_kfunc_id_set set;
} cases[] = {
	SET(good), SET(no_acquire), SET(no_ret_null), SET(alone), SET(release), SET(hidden),
	SET(differs), SET(single), SET(triple), SET(void_slot), SET(number), SET(second),
	SET(none), SET(value), SET(nothing), SET(owned_rcu), SET(owned_trusted), SET(mixed),
};
/* clang-format on */

BTF_ID_LIST(dtor_ids)
BTF_ID(struct, testmod_flags_object)
BTF_ID(func, testmod_flags_drop)
BTF_ID(struct, testmod_flags_outer)
BTF_ID(func, testmod_flags_outer_drop)

static int __init testmod_flags_init(void)
{
	const struct btf_id_dtor_kfunc dtors[] = {
		{ .btf_id = dtor_ids[0], .kfunc_btf_id = dtor_ids[1] },
		{ .btf_id = dtor_ids[2], .kfunc_btf_id = dtor_ids[3] },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!strcmp(which, cases[i].name)) {
			result = register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &cases[i].set);
			return register_btf_id_dtor_kfuncs(dtors, ARRAY_SIZE(dtors), THIS_MODULE);
		}
	}
	return -ENOKEY;
}
module_init(testmod_flags_init);

static void __exit testmod_flags_exit(void)
{
}
module_exit(testmod_flags_exit);

MODULE_DESCRIPTION("Flags of kfuncs, for tests");
MODULE_LICENSE("GPL");
