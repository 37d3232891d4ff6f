// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: E8
/*
 * What the verifier accepts and refuses, and says, of
 * kfuncs that take nothing but what the program owns, with and without the patches
 * of kernel/patches.
 */
#include "lib/expect.h"
#include "lib/testmod.h"

#include "owned_args.skel.h"
#include "owned_conntrack.skel.h"

#define NAME	"testmod_conntrack"

static void unload(void)
{
	if (testmod_unload_soon(NAME))
		die("unload " NAME);
}

int main(void)
{
	char *conntrack[] = { "modprobe", "nf_nat", NULL };
	struct expect_object objects[2];
	int err;

	/* it needs nf_conntrack */
	if (run(conntrack))
		die("modprobe nf_nat");
	err = testmod_load(NAME, "");
	if (err)
		die("load " NAME ": %d", err);
	atexit(unload);
	objects[0].elf = owned_args__elf_bytes(&objects[0].size);
	objects[1].elf = owned_conntrack__elf_bytes(&objects[1].size);
	expect_main(objects, 2);
}
