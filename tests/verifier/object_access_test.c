// SPDX-License-Identifier: GPL-2.0-only
// timeout: 90
// rows: B2, B4, F1, F2, F3, F4
/*
 * What the verifier accepts and refuses of objects that a program allocates: reads,
 * writes, what is the kernel's in them, and pointers that are read from them.
 */
#include "lib/expect.h"

#include "object_access.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = object_access__elf_bytes(&object.size);
	expect_main(&object, 1);
}
