// SPDX-License-Identifier: GPL-2.0-only
// rows: H1, H17
/*
 * What the verifier refuses and accepts of the members of a policy: arguments
 * that may be NULL, what must not be written, and who may sleep.
 */
#include "lib/expect.h"

#include "ops_reject.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = ops_reject__elf_bytes(&object.size);
	expect_main(&object, 1);
}
