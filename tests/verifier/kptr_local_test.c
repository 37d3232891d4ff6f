// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: G1, G3
/*
 * What the verifier accepts and refuses of kptrs to objects that programs allocate.
 */
#include "lib/expect.h"

#include "kptr_local.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = kptr_local__elf_bytes(&object.size);
	expect_main(&object, 1);
}
