// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: A8, B5
/* What the verifier accepts and refuses of objects that are given away as memory. */
#include "lib/expect.h"

#include "object_memory.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = object_memory__elf_bytes(&object.size);
	expect_main(&object, 1);
}
