#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Finds the BTF that a module for kernel KVER must be built against, prints the
# file that holds it: an ELF file with a .BTF section, or BTF alone. What has to
# be unpacked for that goes to SCRATCH, never to the headers' folder: a file
# left there would be taken for the kernel's by every later build.
# usage: base-btf.sh KVER KDIR SCRATCH
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

(($# == 3)) || die "usage: base-btf.sh KVER KDIR SCRATCH"
kver=$1 kdir=$2 scratch=$3
# Where the root of the system is looked for; the tests have one of their own.
root=${TASKHOLD_SYSROOT:-}

searched=()

# has_btf FILE: is it BTF alone (magic 0xeb9f, little endian), or ELF with BTF?
has_btf() {
	local magic sections

	magic=$(od -An -tx1 -N4 "$1" | tr -d ' ')
	case $magic in
	9feb*) return 0 ;;
	7f454c46)
		# whole: a pipe that is left early would make readelf fail
		sections=$(readelf -SW "$1" 2>/dev/null) && [[ $sections =~ \ \.BTF\ +PROGBITS ]]
		;;
	*) return 1 ;;
	esac
}

# u8 and u32 of the boot protocol's header, which is little endian.
header_u8() {
	od -An -tu1 -j "$2" -N1 "$1" | tr -d ' '
}
header_u32() {
	od -An -tu4 -j "$2" -N4 "$1" | tr -d ' '
}

# unpack_image IMAGE OUT: the kernel inside a bzImage. Where the compressed
# payload is, the header says since boot protocol 2.08 (Documentation/arch/x86/
# boot.rst: setup_sects, payload_offset, payload_length).
unpack_image() {
	local image=$1 out=$2 start length magic tool

	[[ $(od -An -c -j 514 -N4 "$image" | tr -d ' ') == HdrS ]] || return 1
	start=$((($(header_u8 "$image" 497) + 1) * 512 + $(header_u32 "$image" 584)))
	length=$(header_u32 "$image" 588)
	magic=$(od -An -tx1 -j "$start" -N6 "$image" | tr -d ' ')
	case $magic in
	1f8b*) tool=gzip ;;
	fd377a585a00) tool=xz ;;
	28b52ffd*) tool=zstd ;;
	02214c18*) tool=lz4 ;;
	*)
		note "$image: its payload starts with $magic, which is none of gzip, xz, zstd, lz4"
		return 1
		;;
	esac
	require "$tool" "$tool"
	# All but gzip are followed by four bytes with the unpacked size.
	[[ $tool == gzip ]] || length=$((length - 4))
	dd if="$image" iflag=skip_bytes,count_bytes bs=1M skip="$start" count="$length" \
		status=none | "$tool" -dc >"$out" || return 1
}

checksum() {
	sha256sum <"$1"
}

# unpacked_from IMAGE OUT: is OUT what extract_btf made of this very image?
unpacked_from() {
	[[ -e $2 && -e $2.image && $(<"$2.image") == "$(checksum "$1")" ]]
}

# The unpacked kernel is 60 MB, of which its BTF is a tenth.
extract_btf() {
	local image=$1 out=$2 whole=$2.whole

	rm -f "$out.image"
	if ! unpack_image "$image" "$whole" || ! has_btf "$whole"; then
		rm -f "$whole"
		return 1
	fi
	objcopy --only-section=.BTF "$whole" "$out.new" 2>/dev/null
	rm "$whole"
	mv "$out.new" "$out"
	checksum "$image" >"$out.image"
}

try() {
	local file=$1 why

	if [[ ! -e $file ]]; then
		why="not there"
	elif [[ ! -r $file ]]; then
		why="may not be read by $(id -un)"
	elif has_btf "$file"; then
		realpath "$file"
		exit 0
	else
		why="has no .BTF section"
	fi
	searched+=("$file: $why")
}

try_image() {
	local image=$1 out=$scratch/vmlinux-$kver why

	# By content: a package's files have the times that they were built at, so
	# a kernel of the same name that comes later may well be older.
	if [[ ! -e $image ]]; then
		why="not there"
	elif [[ ! -r $image ]]; then
		why="may not be read by $(id -un)"
	elif unpacked_from "$image" "$out" || extract_btf "$image" "$out"; then
		realpath "$out"
		exit 0
	else
		why="no kernel with a .BTF section could be unpacked from it"
	fi
	searched+=("$image: $why")
}

require readelf binutils
require objcopy binutils
mkdir -p "$scratch"

try "$kdir/vmlinux"
try "$root/usr/lib/debug/boot/vmlinux-$kver"
try "$root/usr/lib/debug/lib/modules/$kver/vmlinux"
try_image "$root/boot/vmlinuz-$kver"
try_image "$root/lib/modules/$kver/vmlinuz"
if [[ $kver == "$(uname -r)" ]]; then
	try "$root/sys/kernel/btf/vmlinux"
else
	searched+=("/sys/kernel/btf/vmlinux: is of the running kernel, $(uname -r)")
fi

{
	printf '%s: no BTF of kernel %s found. Searched:\n' "${0##*/}" "$kver"
	printf '\t%s\n' "${searched[@]}"
	printf '%s\n' "Without it the module would load and register nothing. Install the kernel's" \
		"image or debug package, or build the kernel with CONFIG_DEBUG_INFO_BTF=y."
} >&2
exit 1
