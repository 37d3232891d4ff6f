// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: C1, C3
/*
 * What the verifier accepts and refuses of kfuncs that take a reference to what
 * a map's kptr points to, with and without the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "kptr_get.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = kptr_get__elf_bytes(&object.size);
	expect_main(&object, 1);
}
