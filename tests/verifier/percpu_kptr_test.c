// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: B6
/*
 * What the verifier accepts and refuses of objects for each processor in map
 * values, with and without the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "percpu_kptr.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = percpu_kptr__elf_bytes(&object.size);
	expect_main(&object, 1);
}
