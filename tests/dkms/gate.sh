#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # check calls the functions
#
# How the module's build finds the kernel's BTF, how it fails, and which kernels
# DKMS refuses. Runs on the host, against the stock kernel's headers.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

kver=$(stock KVER) kdir=$(stock KDIR) vmlinux=$(stock VMLINUX) vmlinuz=$(stock VMLINUZ)
scripts=$TASKHOLD_ROOT/scripts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() {
	TASKHOLD_SYSROOT=$work/target "$scripts/build-module.sh" "$kver" "$1" "$work/out"
}
# The module holds the hash as text, for its parameter base_btf.
made_against() {
	grep -aqF "$1" "$work/out/taskhold.ko"
}
# listing DIR: names, sizes and times, to see that nothing was written.
listing() {
	(cd "$1" && find -L . -maxdepth 1 -printf '%p %s %T@ %i\n' | sort)
}
# objcopy wonders about the empty segments that Debian leaves in the file.
objcopy --dump-section .BTF="$work/section" "$vmlinux" /dev/null 2>/dev/null
hash=$(sha256sum <"$work/section" | cut -d ' ' -f 1)

plan 25

# Headers as a distribution ships them that packs no vmlinux.
mkdir -p "$work/headers" "$work/target/boot" "$work/tree"
find "$kdir" -mindepth 1 -maxdepth 1 ! -name vmlinux -exec cp -a -t "$work/headers" {} +
# their links go to a sibling of the folder they came from
for link in scripts tools; do
	if [[ -L $work/headers/$link ]]; then
		ln -sfn "$(realpath "$kdir/$link")" "$work/headers/$link"
	fi
done
before=$(listing "$work/headers")

check "no BTF anywhere: the build fails and says what was searched" \
	fails_with "$work/target/boot/vmlinuz-$kver: not there" build "$work/headers"
check "it names the headers too" \
	fails_with "$work/headers/vmlinux: not there" build "$work/headers"
check "it leaves no module" test ! -e "$work/out/taskhold.ko"

head -c 100000 /dev/urandom >"$work/target/boot/vmlinuz-$kver"
check "a vmlinuz that is none" \
	fails_with "no kernel with a .BTF section could be unpacked" build "$work/headers"

cp "$vmlinuz" "$work/target/boot/vmlinuz-$kver"
check "headers without vmlinux: the BTF comes from vmlinuz" build "$work/headers"
check "it is the same BTF" made_against "$hash"
echo another >"$work/out/build-$kver/.base-btf"
touch "$work/out/build-$kver/stale"
check "what was built for another kernel by this name" build "$work/headers"
check "is built anew" test ! -e "$work/out/build-$kver/stale"
check "nothing was written to the headers" same "$(listing "$work/headers")" "$before"

# What was unpacked once is known by the content of the image, not by its age.
base_btf() {
	TASKHOLD_SYSROOT=$work/target "$scripts/base-btf.sh" "$kver" "$work/headers" "$work/out/base"
}
unpacked=$(base_btf)
before_btf=$(stat -c '%i %Y' "$unpacked")
touch -d tomorrow "$work/target/boot/vmlinuz-$kver"
check "the same image, though newer, is not unpacked again" same "$(base_btf)" "$unpacked"
check "it is the same file" same "$(stat -c '%i %Y' "$unpacked")" "$before_btf"
head -c 100000 /dev/urandom >"$work/target/boot/vmlinuz-$kver"
touch -d '1 year ago' "$work/target/boot/vmlinuz-$kver"
check "another image, though older, is not taken for it" \
	fails_with "no kernel with a .BTF section could be unpacked" base_btf
cp "$vmlinuz" "$work/target/boot/vmlinuz-$kver"
touch -d '1 year ago' "$work/target/boot/vmlinuz-$kver"
check "and one that is right is unpacked" base_btf
check "anew" test "$(stat -c '%i %Y' "$unpacked")" != "$before_btf"

objcopy --remove-section .BTF "$vmlinux" "$work/headers/vmlinux" 2>/dev/null
check "headers with a vmlinux that has no BTF: it is passed over" build "$work/headers"
rm "$work/headers/vmlinux"

mkdir -p "$work/target/usr/lib/debug/boot"
objcopy --dump-section .BTF="$work/target/usr/lib/debug/boot/vmlinux-$kver" "$vmlinux" /dev/null 2>/dev/null
rm "$work/target/boot/vmlinuz-$kver"
rm -rf "$work/out"
check "BTF that is in no ELF file" build "$work/headers"
check "it is the same BTF again" made_against "$hash"

ko=$work/out/taskhold.ko
log=$work/make.log
: >"$log"
check "the gate lets the module pass" "$scripts/btf-gate.sh" "$ko" "$log"
objcopy --remove-section .BTF "$ko" "$work/no-btf.ko"
check "a module without BTF is refused" \
	fails_with "it has no .BTF section" "$scripts/btf-gate.sh" "$work/no-btf.ko" "$log"
objcopy --dump-section .BTF="$work/btf" "$ko" /dev/null
objcopy --add-section .BTF.base="$work/btf" "$ko" "$work/base.ko"
check "a module with a base of its own is refused" \
	fails_with "it has a .BTF.base section" "$scripts/btf-gate.sh" "$work/base.ko" "$log"
objcopy --dump-section .BTF_ids="$work/ids" "$ko" "$work/copy.ko"
head -c "$(stat -c %s "$work/ids")" /dev/zero >"$work/zeros"
objcopy --update-section .BTF_ids="$work/zeros" "$ko" "$work/zero.ko"
check "a module with an unresolved id is refused" \
	fails_with "has id 0 in .BTF_ids" "$scripts/btf-gate.sh" "$work/zero.ko" "$log"
echo "Skipping BTF generation for taskhold.ko due to unavailability of vmlinux" >"$log"
check "a build that skipped BTF is refused" \
	fails_with "Skipping BTF generation" "$scripts/btf-gate.sh" "$ko" "$log"
echo "WARN: resolve_btfids: unresolved symbol taskhold_x" >"$log"
check "a build with an unresolved symbol is refused" \
	fails_with "unresolved symbol" "$scripts/btf-gate.sh" "$ko" "$log"

# What dkms makes of a kernel: 77 is its answer where BUILD_EXCLUSIVE_* says no.
version=$("$scripts/dkms-source.sh" "$work/source")
mkdir "$work/usr-src"
mv "$work/source" "$work/usr-src/taskhold-$version"
dkms_refuses() {
	local status=0

	dkms build -m taskhold -v "$version" -k "$1" --arch x86_64 \
		--kernelsourcedir "$2" --config "$2/.config" \
		--dkmstree "$work/tree" --sourcetree "$work/usr-src" \
		--installtree "$work/target/lib/modules" || status=$?
	((status == 77))
}
check "dkms refuses 6.1" dkms_refuses 6.1.0-50-amd64 "$work/headers"
sed -i 's/^CONFIG_BPF_JIT=y/# CONFIG_BPF_JIT is not set/' "$work/headers/.config"
check "dkms refuses a kernel without BPF_JIT" dkms_refuses "$kver" "$work/headers"
finish
