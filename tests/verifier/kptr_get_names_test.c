// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: C1, E8
/*
 * What the verifier accepts and refuses of kptr_get kfuncs that another module than
 * taskhold has, and whose arguments have names which mean something for others; and of
 * one with KF_OWNED_ARGS.
 */
#include "lib/expect.h"
#include "lib/testmod.h"

#include "kptr_get_names.skel.h"

#define NAME	"testmod_flags"

static void unload(void)
{
	if (testmod_unload_soon(NAME))
		die("unload " NAME);
}

int main(void)
{
	struct expect_object object;
	int err = testmod_load(NAME, "which=good");

	if (err)
		die("load " NAME ": %d", err);
	atexit(unload);
	object.elf = kptr_get_names__elf_bytes(&object.size);
	expect_main(&object, 1);
}
