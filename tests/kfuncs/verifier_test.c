// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
/*
 * What the verifier refuses and accepts of programs that call the kfuncs: one
 * result for each program of three objects, which say themselves what is to be
 * expected.
 */
#include <taskhold/types.h>

#include "lib/expect.h"

#include "hook_reject.skel.h"
#include "kfunc_accept.skel.h"
#include "kfunc_reject.skel.h"

int main(void)
{
	struct expect_object objects[3];

	objects[0].elf = kfunc_reject__elf_bytes(&objects[0].size);
	objects[1].elf = hook_reject__elf_bytes(&objects[1].size);
	objects[2].elf = kfunc_accept__elf_bytes(&objects[2].size);
	expect_main(objects, 3);
}
