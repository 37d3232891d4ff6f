// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: E7
/*
 * What the verifier accepts and refuses, and says, of
 * pointers that are read from fields of kernel objects, with and without the patches
 * of kernel/patches.
 */
#include "lib/expect.h"

#include "walked.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = walked__elf_bytes(&object.size);
	expect_main(&object, 1);
}
