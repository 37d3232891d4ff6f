// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: E8
/*
 * What the verifier accepts and refuses, and says, of
 * kfuncs that take nothing but what the program owns, with and without the patches
 * of kernel/patches.
 */
#include "lib/expect.h"
#include "lib/guest.h"

#include "owned_args.skel.h"

int main(void)
{
	char *conntrack[] = { "modprobe", "nf_conntrack", NULL };
	struct expect_object object;

	if (run(conntrack))
		die("modprobe nf_conntrack");

	object.elf = owned_args__elf_bytes(&object.size);
	expect_main(&object, 1);
}
