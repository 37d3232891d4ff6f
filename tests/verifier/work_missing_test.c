// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// kernel: patched
// rows: A7
/* The verifier looks whether a map has a workqueue before it looks where. */
#include "lib/expect.h"

#include "work_missing.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = work_missing__elf_bytes(&object.size);
	expect_main(&object, 1);
}
