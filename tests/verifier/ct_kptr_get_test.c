// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// rows: C1, C2
/*
 * What the verifier accepts and refuses of bpf_ct_kptr_get(), with and without the
 * patches of kernel/patches.
 */
#include "lib/expect.h"
#include "lib/guest.h"

#include "ct_kptr_get.skel.h"

int main(void)
{
	char *modprobe[] = { "modprobe", "nf_conntrack", NULL };
	struct expect_object object;

	if (run(modprobe))
		die("modprobe nf_conntrack");
	object.elf = ct_kptr_get__elf_bytes(&object.size);
	expect_main(&object, 1);
}
