// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: E6
/*
 * What the verifier takes for trusted, for kfuncs that ask for it and for helpers
 * that read fields, and what it does not.
 */
#include "lib/expect.h"

#include "trusted_args.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = trusted_args__elf_bytes(&object.size);
	expect_main(&object, 1);
}
