// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: A12, A13, B1, B9
/*
 * What the verifier accepts and refuses of unreferenced kptrs, with and without the
 * patches of kernel/patches.
 */
#include "lib/expect.h"

#include "kptr_unref.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = kptr_unref__elf_bytes(&object.size);
	expect_main(&object, 1);
}
