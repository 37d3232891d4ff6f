// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: C1, C4
/*
 * What the verifier accepts and refuses of programs that are written once for
 * kernels with and without the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "both_kernels_verifier.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = both_kernels_verifier__elf_bytes(&object.size);
	expect_main(&object, 1);
}
