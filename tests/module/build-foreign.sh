#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds taskhold.ko for kernel KVER as if the headers were another kernel's:
# against BTF that has only those of its types that the OBJECTs need. All is
# well with such a module but that its types are numbered on from another end.
# usage: build-foreign.sh KVER KDIR VMLINUX BPFTOOL OUT OBJECT...
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

(($# >= 6)) || die "usage: build-foreign.sh KVER KDIR VMLINUX BPFTOOL OUT OBJECT..."
kver=$1 kdir=$2 vmlinux=$3 bpftool=$4 out=$5
shift 5

headers=$out/headers
rm -rf "$headers"
mkdir -p "$headers" "$out/target"
out=$(cd "$out" && pwd -P)
find "$kdir" -mindepth 1 -maxdepth 1 ! -name vmlinux -exec cp -a -t "$headers" {} +
# their links go to a sibling of the folder they came from
for link in scripts tools; do
	if [[ -L $headers/$link ]]; then
		ln -sfn "$(realpath "$kdir/$link")" "$headers/$link"
	fi
done
# base-btf.sh looks for the kernel's BTF there, after the headers.
mkdir -p "$out/target/usr/lib/debug/boot"
"$bpftool" gen min_core_btf "$vmlinux" "$out/target/usr/lib/debug/boot/vmlinux-$kver" "$@"
TASKHOLD_SYSROOT=$out/target "$TASKHOLD_ROOT/scripts/build-module.sh" "$kver" "$headers" "$out"
