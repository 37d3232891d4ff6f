// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: E10
/*
 * What the verifier accepts and refuses of programs two paths of which come to one
 * load with different pointers.
 */
#include "lib/expect.h"

#include "merged_paths.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = merged_paths__elf_bytes(&object.size);
	expect_main(&object, 1);
}
