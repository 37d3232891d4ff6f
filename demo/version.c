// SPDX-License-Identifier: GPL-2.0-only
/* Shows that the library which `make demo` built links and works. */
#include <stdio.h>

#include <bpf/libbpf.h>

int main(void)
{
	return printf("a program linked with what was built says: libbpf %s\n",
		      libbpf_version_string()) < 0;
}
