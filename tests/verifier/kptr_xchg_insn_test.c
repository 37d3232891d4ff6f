// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: A13, B2, B6, B8, B9
/*
 * What the verifier accepts and refuses of BPF_XCHG on kptrs, with and without
 * the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "kptr_xchg_insn.skel.h"
#include "kptr_xchg_object.skel.h"

int main(void)
{
	struct expect_object objects[2];

	objects[0].elf = kptr_xchg_insn__elf_bytes(&objects[0].size);
	objects[1].elf = kptr_xchg_object__elf_bytes(&objects[1].size);
	expect_main(objects, 2);
}
