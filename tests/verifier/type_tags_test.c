// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// kernel: patched
// rows: A12, B7
/*
 * Pointers that the kernel's BTF says to be of user space or of per-CPU memory:
 * for kernels with the patches of kernel/patches, built by a compiler that writes
 * type tags.
 */
#include "lib/expect.h"
#include "lib/type_tags.h"

#include "type_tags.skel.h"

int main(void)
{
	struct expect_object object;

	if (!kernel_ought_to_have_type_tag("user")) {
		ksft_print_header();
		ksft_exit_skip("the kernel's compiler has written no type tags\n");
	}
	object.elf = type_tags__elf_bytes(&object.size);
	expect_main(&object, 1);
}
