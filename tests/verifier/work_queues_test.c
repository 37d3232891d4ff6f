// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: A7
/* What the verifier accepts and refuses of workqueues in values that have kptrs. */
#include "lib/expect.h"

#include "work_queues.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = work_queues__elf_bytes(&object.size);
	expect_main(&object, 1);
}
