// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: B7, B8
/*
 * What the verifier makes of the type tags in a module's BTF, which clang has
 * written there on every kernel that tests run on.
 */
#include "lib/expect.h"
#include "lib/testmod.h"

#include "module_tags.skel.h"
#include "module_tags_nullable.skel.h"
#include "module_tags_places.skel.h"

#define NAME	"testmod_user"

static void unload(void)
{
	if (testmod_unload_soon(NAME))
		die("unload " NAME);
}

int main(void)
{
	struct expect_object objects[3];
	int err = testmod_load(NAME, "");

	if (err)
		die("load " NAME ": %d", err);
	atexit(unload);
	objects[0].elf = module_tags__elf_bytes(&objects[0].size);
	objects[1].elf = module_tags_places__elf_bytes(&objects[1].size);
	objects[2].elf = module_tags_nullable__elf_bytes(&objects[2].size);
	expect_main(objects, 3);
}
