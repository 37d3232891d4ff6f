// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: C1, E8
/*
 * What kernels with the patches of kernel/patches ask of kfuncs when they are
 * registered: of those that take a reference to what a map's kptr points to, and
 * of those that want arguments which the program owns. Others know neither, and
 * pass the flags over.
 */
#include "lib/expect.h"
#include "lib/kmsg.h"
#include "lib/testmod.h"

#include "lib/harness.h"

#define NAME	"testmod_flags"

FIXTURE(flags)
{
};

FIXTURE_VARIANT(flags)
{
	const char *which;
	int result;
	const char *kfunc;	/* that the log names */
	const char *says;
};

#define VARIANT(name, error, function, text)					\
	FIXTURE_VARIANT_ADD(flags, name)					\
	{									\
		.which = "which=" #name, .result = error, .kfunc = "kfunc " function ":", \
		.says = text,							\
	}

#define FORM	"KF_KPTR_GET needs KF_ACQUIRE, KF_RET_NULL and the prototype 'T *f(T **slot, ...)'"

VARIANT(good, 0, "", NULL);
VARIANT(no_acquire, -EINVAL, "testmod_flags_get", FORM);
VARIANT(no_ret_null, -EINVAL, "testmod_flags_get", FORM);
VARIANT(alone, -EINVAL, "testmod_flags_get", FORM);
VARIANT(release, -EINVAL, "testmod_flags_get", FORM);
VARIANT(hidden, -EINVAL, "testmod_flags_hidden", FORM);
VARIANT(differs, -EINVAL, "testmod_flags_differs", FORM);
VARIANT(single, -EINVAL, "testmod_flags_single", FORM);
VARIANT(triple, -EINVAL, "testmod_flags_triple", FORM);
VARIANT(void_slot, -EINVAL, "testmod_flags_void", FORM);
VARIANT(number, -EINVAL, "testmod_flags_number", FORM);
VARIANT(second, -EINVAL, "testmod_flags_second", FORM);
VARIANT(none, -EINVAL, "testmod_flags_none", FORM);
VARIANT(value, -EINVAL, "testmod_flags_value", FORM);
VARIANT(nothing, -EINVAL, "testmod_flags_nothing", FORM);
VARIANT(mixed, -EINVAL, "testmod_flags_differs", FORM);
VARIANT(owned_rcu, -EINVAL, "testmod_flags_set", "KF_OWNED_ARGS and KF_RCU exclude each other");
VARIANT(owned_trusted, 0, "", NULL);

FIXTURE_SETUP(flags)
{
}

FIXTURE_TEARDOWN(flags)
{
	if (testmod_is_there(NAME))
		EXPECT_EQ(0, testmod_unload_soon(NAME));
}

TEST_F(flags, registered)
{
	int kmsg = kmsg_open(), result = expect_kernel_patched() ? variant->result : 0;

	ASSERT_EQ(0, testmod_load(NAME, variant->which));
	EXPECT_EQ(result, testmod_get(NAME, "result"));
	EXPECT_EQ(!!result, kmsg_count_both(kmsg, result ? variant->kfunc : "kfunc",
					    result ? variant->says : ""));
	close(kmsg);
}

TEST_HARNESS_MAIN
