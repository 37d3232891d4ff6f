# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# How bpftool is built, the kernel's own and the one with tools/bpftool; sourced,
# never run.

# make_bpftool SOURCE OUTPUT VMLINUX LOG: that of the kernel's source SOURCE, into
# OUTPUT, which libbpf is built in too. VMLINUX has the types that its own BPF
# programs are built against.
make_bpftool() {
	# Which optional libraries this machine happens to have must not change
	# what is built; a disassembler alone would pull libLLVM into each start.
	run_logged "$4" make -j"$(nproc)" -C "$1/tools/bpf/bpftool" \
		OUTPUT="$2/" VMLINUX_BTF="$3" \
		CLANG=clang-19 LLVM_STRIP=llvm-strip-19 \
		feature-llvm=0 feature-libcap=0 feature-libbfd=0 \
		feature-libbfd-liberty=0 feature-libbfd-liberty-z=0
}
