#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds bpftool with the patches beside this script, into OUT/bpftool. The source is
# the stock kernel's from the cache, of which bpftool's own part alone is copied and
# patched; SOURCE may be another kernel's, unpacked, and VMLINUX a file with its BTF.
# Stops at a patch that does not apply exactly as it is.
# usage: build.sh OUT [SOURCE VMLINUX]
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=scripts/bpftool.sh
. "$TASKHOLD_ROOT/scripts/bpftool.sh"

(($# == 1 || $# == 3)) || die "usage: build.sh OUT [SOURCE VMLINUX]"
mkdir -p "$1"
out=$(realpath "$1")
if (($# == 3)); then
	source=$(realpath "$2")
	vmlinux=$(realpath "$3")
else
	source=$(stock LINUX_SRC)
	vmlinux=$(stock VMLINUX)
fi
[[ -d $source/tools/bpf/bpftool ]] || die "$source has no tools/bpf/bpftool: it is no kernel's source"
[[ -r $vmlinux ]] || die "$vmlinux: not there, or it may not be read"
require patch patch

patches=$TASKHOLD_ROOT/tools/bpftool/6.12
work=$(mktemp -d "$out/build.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Its makefile finds all else by ../../.., which nothing is written to.
tree=$work/linux
mkdir -p "$tree/tools/bpf" "$work/obj"
find "$source" -mindepth 1 -maxdepth 1 ! -name tools -exec ln -s -t "$tree" {} +
find "$source/tools" -mindepth 1 -maxdepth 1 ! -name bpf -exec ln -s -t "$tree/tools" {} +
cp -r "$source/tools/bpf/bpftool" "$tree/tools/bpf/"

while read -r name; do
	said=$(patch -d "$tree" -p1 --fuzz=0 --forward --no-backup-if-mismatch <"$patches/$name" 2>&1) || {
		printf '%s\n' "$said" >&2
		die "tools/bpftool/6.12/$name does not apply to the bpftool of $source; the ones before it did"
	}
done <"$patches/series"

note "building bpftool with tools/bpftool/6.12"
make_bpftool "$tree" "$work/obj" "$vmlinux" "$out/build.log"
mv "$work/obj/bpftool" "$out/bpftool"
