// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: C1, D1, E8
/*
 * What the verifier accepts and refuses of kfuncs on pids, by the type of the
 * program and by what it gives them. Kernels without the patches of kernel/patches
 * have none of them.
 */
#include "lib/expect.h"

#include "pid_kfuncs.skel.h"
#include "pid_kptrs.skel.h"

int main(void)
{
	struct expect_object objects[2];

	objects[0].elf = pid_kfuncs__elf_bytes(&objects[0].size);
	objects[1].elf = pid_kptrs__elf_bytes(&objects[1].size);
	/* there is no map of the second one on a kernel without the patches */
	expect_main(objects, expect_kernel_patched() ? 2 : 1);
}
