#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds taskhold.ko for kernel KVER against the headers KDIR, into OUT, and
# fails where the result has no usable BTF. The sources are linked into a
# directory of their own, so several kernels can be built for at once and the
# checkout stays clean. Used by make and by DKMS.
# usage: build-module.sh KVER KDIR OUT
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

(($# == 3)) || die "usage: build-module.sh KVER KDIR OUT"
kver=$1 kdir=$2 out=$3

[[ -e $kdir/Makefile ]] ||
	die "$kdir: no kernel headers there; install linux-headers-$kver, or name others with KDIR="
header=$TASKHOLD_ROOT/include/taskhold/types.h
version=$(sed -nE 's/^#define TASKHOLD_VERSION[[:space:]]+"(.*)"$/\1/p' "$header")
packaged=$(sed -nE 's/^PACKAGE_VERSION="(.*)"$/\1/p' "$TASKHOLD_ROOT/dkms.conf")
[[ -n $version && $version == "$packaged" ]] ||
	die "TASKHOLD_VERSION of $header is '$version', PACKAGE_VERSION of dkms.conf is '$packaged': they must be the same"

mkdir -p "$out"
out=$(cd "$out" && pwd -P)
kdir=$(cd "$kdir" && pwd -P)
require make make
require pahole dwarves

grep -qs '^CONFIG_DEBUG_INFO_BTF_MODULES=y' "$kdir/include/config/auto.conf" ||
	die "kernel $kver ($kdir) was built without CONFIG_DEBUG_INFO_BTF_MODULES; taskhold needs its module's BTF"

options=()
base=$("$TASKHOLD_ROOT/scripts/base-btf.sh" "$kver" "$kdir" "$out/base") || exit 1

# The hash of what the running kernel has in /sys/kernel/btf/vmlinux.
if [[ $(od -An -tx1 -N2 "$base" | tr -d ' ') == 9feb ]]; then
	hash=$(sha256sum <"$base")
else
	section=$(mktemp)
	trap 'rm -f "$section"' EXIT
	objcopy --dump-section .BTF="$section" "$base" /dev/null
	hash=$(sha256sum <"$section")
fi
hash=${hash%% *}

# kbuild takes the BTF from a vmlinux beside the headers' Makefile and nowhere
# else. Where there is none, or one without BTF, it is given the headers through
# a directory that has one.
if [[ $base != "$(realpath -m "$kdir/vmlinux")" ]]; then
	links=$out/kdir-$kver
	rm -rf "$links"
	mkdir "$links"
	# Files are copied: what writes to one must not reach the headers.
	find "$kdir" -mindepth 1 -maxdepth 1 -xtype f ! -name vmlinux ! -name '*.o' \
		-exec cp -t "$links" {} +
	find "$kdir" -mindepth 1 -maxdepth 1 -xtype d -exec ln -s -t "$links" {} +
	ln -s "$base" "$links/vmlinux"
	kdir=$links
	# Newer headers name the folder they were packaged for.
	options+=(KBUILD_OUTPUT="$links")
fi

build=$out/build-$kver
mkdir -p "$build"
find "$build" -type l -delete
cp -rs "$TASKHOLD_ROOT/Kbuild" "$TASKHOLD_ROOT/module" "$TASKHOLD_ROOT/include" "$build/"

# A module must be built by the compiler family that built the kernel.
compiler=()
if grep -qs '^CONFIG_CC_IS_CLANG=y' "$kdir/include/config/auto.conf"; then
	major=$(sed -nE 's/^CONFIG_CLANG_VERSION=([0-9]+)[0-9]{4}$/\1/p' "$kdir/include/config/auto.conf")
	if command -v "clang-$major" >/dev/null; then
		compiler=(LLVM="-$major")
	else
		compiler=(LLVM=1)
	fi
fi

# What a caller's make was told reaches kbuild only by name: DKMS adds a CC of
# its own, and exports ARCH as Debian calls it.
for name in W C CF CHECK V KCFLAGS; do
	[[ -z ${!name:-} ]] || options+=("$name=${!name}")
done
unset MAKEFLAGS MFLAGS MAKELEVEL KERNELRELEASE ARCH CC
log=$build/make.log
status=0
make -C "$kdir" M="$build" -j"${JOBS:-$(nproc)}" "${compiler[@]}" "${options[@]}" \
	TASKHOLD_BASE_BTF="$hash" modules >"$log" 2>&1 || status=$?
cat "$log"
((status == 0)) || die "the module does not build for $kver; its log is $log"

if ! "$TASKHOLD_ROOT/scripts/btf-gate.sh" "$build/taskhold.ko" "$log"; then
	# The next run must not find it finished.
	rm -f "$build/taskhold.ko"
	exit 1
fi
cp "$build/taskhold.ko" "$out/taskhold.ko.new"
mv "$out/taskhold.ko.new" "$out/taskhold.ko"
note "$out/taskhold.ko for $kver"
