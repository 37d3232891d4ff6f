// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: B8
/*
 * Each kind of kptr against what the other kinds hold, with and without the patches
 * of kernel/patches.
 */
#include "lib/expect.h"

#include "kptr_matrix.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = kptr_matrix__elf_bytes(&object.size);
	expect_main(&object, 1);
}
