// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: A13, B3, B4
/*
 * What the verifier accepts and refuses of referenced kptrs, their exchange by the
 * helper and loads, with and without the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "kptr_ref.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = kptr_ref__elf_bytes(&object.size);
	expect_main(&object, 1);
}
