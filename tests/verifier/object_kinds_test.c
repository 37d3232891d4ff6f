// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: B5, B7
/*
 * What the verifier makes of kptrs in objects of the program's that nothing
 * protects any more, and of unions there, with and without the patches of
 * kernel/patches.
 */
#include "lib/expect.h"

#include "object_kinds.skel.h"
#include "wide_unions.skel.h"

int main(void)
{
	struct expect_object objects[2];

	objects[0].elf = object_kinds__elf_bytes(&objects[0].size);
	objects[1].elf = wide_unions__elf_bytes(&objects[1].size);
	expect_main(objects, 2);
}
