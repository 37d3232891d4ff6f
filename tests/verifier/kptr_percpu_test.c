// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: A15, B5, B8
/*
 * What the verifier accepts and refuses of pointers to per-CPU memory in map
 * values, with and without the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "kptr_percpu.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = kptr_percpu__elf_bytes(&object.size);
	expect_main(&object, 1);
}
