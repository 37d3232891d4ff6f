// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: E9, F6
/*
 * How the verifier's log names pointers that are several things at once.
 */
#include "lib/expect.h"

#include "type_names.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = type_names__elf_bytes(&object.size);
	expect_main(&object, 1);
}
