// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: A8, F2, F5
/*
 * What the verifier accepts and refuses of writes to objects of the kernel's: each
 * type of programs has its own word in it, and is told which object it is.
 */
#include "lib/expect.h"
#include "lib/guest.h"

#include "field_writes.skel.h"

int main(void)
{
	char *conntrack[] = { "modprobe", "nf_conntrack", NULL };
	struct expect_object object;

	if (run(conntrack))
		die("modprobe nf_conntrack");

	object.elf = field_writes__elf_bytes(&object.size);
	expect_main(&object, 1);
}
