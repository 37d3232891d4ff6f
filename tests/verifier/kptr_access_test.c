// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: A7, A8, A13
/*
 * By which accesses kptrs in map values can be reached, and by which not: what the
 * verifier accepts and refuses, with and without the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "kptr_access.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = kptr_access__elf_bytes(&object.size);
	expect_main(&object, 1);
}
