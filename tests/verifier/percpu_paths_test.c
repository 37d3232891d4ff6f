// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: B5, B6
/*
 * What the verifier accepts and refuses of programs two paths of which come to one
 * call of bpf_per_cpu_ptr() or bpf_this_cpu_ptr() with different pointers, with and
 * without the patches of kernel/patches.
 */
#include "lib/expect.h"

#include "percpu_paths.skel.h"

int main(void)
{
	struct expect_object object;

	object.elf = percpu_paths__elf_bytes(&object.size);
	expect_main(&object, 1);
}
