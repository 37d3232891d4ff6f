// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: B5, B7
/*
 * What the verifier makes of kptrs in objects of the program's that nothing
 * protects any more, with and without the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "object_kinds.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = object_kinds__elf_bytes(&object.size);
	expect_main(&object, 1);
}
