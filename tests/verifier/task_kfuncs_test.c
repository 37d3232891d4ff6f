// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// rows: B4, C3, C4, E1, E2, E3, E5, E6, E12
/*
 * What the verifier accepts and refuses of kfuncs that take and drop references to
 * tasks: the same programs for vmlinux's pair and for the module's, which only a
 * kernel with the patches of kernel/patches has.
 */
#include "lib/expect.h"

#include "task_kfuncs_module.skel.h"
#include "task_kfuncs_vmlinux.skel.h"

int main(void)
{
	struct expect_object objects[2];

	objects[0].elf = task_kfuncs_vmlinux__elf_bytes(&objects[0].size);
	objects[1].elf = task_kfuncs_module__elf_bytes(&objects[1].size);
	expect_main(objects, 2);
}
