#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fetches Debian's newest stock 6.12 kernel, its headers and the part of its
# source that holds libbpf, bpftool and the kernel's check scripts, into the
# cache. Nothing is installed on the machine. Prints, for a shell or for make:
#
#	KVER	   the kernel's release
#	KDIR	   headers to build modules against, with a BTF-only vmlinux
#	VMLINUX	   the kernel's BTF, as an ELF file
#	VMLINUZ	   the kernel image
#	KMODULES   its modules, a directory as /lib/modules/KVER is
#	LINUX_SRC  the part of the source
#	LIBBPF	   libbpf.a, with its headers in LIBBPF_INC
#	BPFTOOL	   bpftool
#
# usage: kernel.sh [stock|tools]	tools is stock and the last four
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/download.sh
. "$TASKHOLD_ROOT/scripts/download.sh"
# shellcheck source=scripts/bpftool.sh
. "$TASKHOLD_ROOT/scripts/bpftool.sh"

# The LTS series that taskhold is developed against.
SERIES=6.12
# Raise when what is unpacked or built from the source changes.
SOURCE_LAYOUT=2

what=${1:-stock}
case $what in
stock | tools) ;;
*) die "unknown argument '$what'; usage: kernel.sh [stock|tools]" ;;
esac

arch=$(dpkg --print-architecture)
[[ $arch == amd64 ]] || die "the stock kernel is fetched for amd64 only, this machine is $arch"

cache=$(cache_dir)
mkdir -p "$cache"

# Sets release and version to the newest kernel that apt offers with its headers
# in the same version. The plain flavour alone: names with cloud, rt, dbg or
# unsigned in them do not match. The name of the release is searched for, as
# Debian 12 has no package without a release in its name for this series.
resolve() {
	local -a releases
	local -A versions=()
	local name r

	mapfile -t releases < <(apt-cache pkgnames "linux-image-$SERIES." |
		sed -nE "s/^linux-image-(${SERIES/./\\.}\.[0-9]+(\+[a-z]+[0-9.]+)?-amd64)\$/\1/p" |
		sort -rV)
	((${#releases[@]} > 0)) || return 1
	# Some of the names are known to apt without being offered any more.
	while read -r name version; do
		versions[$name]=$version
	done < <(apt-cache show --no-all-versions "${releases[@]/#/linux-image-}" \
			"${releases[@]/#/linux-headers-}" 2>/dev/null |
		 awk '$1 == "Package:" { name = $2 } $1 == "Version:" { print name, $2 }')
	for r in "${releases[@]}"; do
		version=${versions[linux-image-$r]:-none}
		if [[ $version == "${versions[linux-headers-$r]:-}" ]]; then
			release=$r
			return 0
		fi
	done
	return 1
}

# All work is done in $tmp, beside its final place, and renamed when complete.
tmp=
trap '[[ -z $tmp ]] || rm -rf "$tmp"' EXIT

publish() {
	chmod 755 "$tmp"
	mv -T "$tmp" "$1"
	tmp=
}

unpack() {
	local deb

	for deb in "$tmp"/debs/*.deb; do
		dpkg -x "$deb" "$1"
	done
	rm -r "$tmp/debs"
}

# The headers' own dependencies name the two packages that belong to them.
header_dependency() {
	local name

	name=$(apt-cache depends "linux-headers-$release=$version" |
	       sed -nE "s/^ *Depends: ($1)\$/\1/p")
	[[ -n $name ]] ||
		die "linux-headers-$release $version depends on no package like $1"
	printf '%s\n' "$name"
}

download_kernel() {
	local common kbuild

	common=$(header_dependency 'linux-headers-.*-common') || exit 1
	kbuild=$(header_dependency 'linux-kbuild-.*') || exit 1
	note "fetching linux-image-$release $version and its headers"
	download "$tmp/debs" {linux-image,linux-headers}-"$release=$version" \
		"$common=$version" "$kbuild=$version"
}

unpack_kernel() {
	local dir=$1 header

	unpack "$tmp"
	# Packages built for a merged /usr alone have their modules there.
	if [[ ! -d $tmp/lib/modules ]]; then
		mkdir -p "$tmp/lib"
		ln -s ../usr/lib/modules "$tmp/lib/modules"
	fi
	# Debian's headers include their common half by its absolute path.
	while read -r header; do
		sed -i "s|/usr/src/linux-headers-|$dir/usr/src/linux-headers-|g
			s|/usr/lib/linux-kbuild-|$dir/usr/lib/linux-kbuild-|g" "$header"
	done < <(find "$tmp/usr/src" -maxdepth 2 -type f \
		      \( -name Makefile -o -name .kernelvariables \) \
		      -exec grep -lE '/usr/(src/linux-headers|lib/linux-kbuild)-' {} +)
	rm -f "$tmp/lib/modules/$release/build" "$tmp/lib/modules/$release/source"
	ln -s "$dir/usr/src/linux-headers-$release" "$tmp/lib/modules/$release/build"
	depmod -b "$tmp" "$release"
	publish "$dir"
}

unpack_source() {
	local name=linux-source-$SERIES

	unpack "$tmp/deb"
	# Unpacking everything takes 1.5 GB; this is what the tools build from.
	tar -C "$tmp" -xJf "$tmp/deb/usr/src/$name.tar.xz" --wildcards \
		"$name/Makefile" "$name/.clang-format" "$name/COPYING" \
		"$name/LICENSES" "$name/scripts" "$name/tools" \
		"$name/include/uapi" "$name/kernel/bpf/disasm.*" \
		"$name/arch/x86/include"
	rm -r "$tmp/deb"
	mv "$tmp/$name" "$tmp/linux"
	publish "$1"
}

build_tools() {
	local dir=$1

	tmp=$(mktemp -d "$dir/build.XXXXXX")
	note "building libbpf and bpftool of $(basename "$dir")"
	make_bpftool "$dir/linux" "$tmp" "$VMLINUX" "$dir/build.log"
	mkdir -p "$tmp/tools"
	cp "$tmp/bpftool" "$tmp/libbpf/libbpf.a" "$tmp/tools/"
	cp -r "$tmp/libbpf/include" "$tmp/tools/include"
	# bpf_helper_defs.h and the rest that libbpf installs for programs
	run_logged "$dir/build.log" make -C "$dir/linux/tools/lib/bpf" \
		OUTPUT="$tmp/libbpf/" DESTDIR="$tmp/headers" prefix= install_headers
	cp -r "$tmp/headers/include/." "$tmp/tools/include/"
	# Debian 12's own kernel headers are those of 6.1.
	install -D -m 644 -t "$tmp/tools/include/linux" \
		"$dir"/linux/tools/include/uapi/linux/{bpf,bpf_common,btf}.h
	mv -T "$tmp/tools" "$dir/tools"
	rm -r "$tmp"
	tmp=
}

require apt-cache apt
require depmod kmod
require flock util-linux
mkdir -p "$cache/kernel" "$cache/source"

# Two builds at once must not fetch the same kernel twice.
exec 9>"$cache/kernel.lock"
flock 9

updated=
update_lists() {
	[[ -z $updated ]] || return 1
	updated=yes
	note "updating apt's package lists"
	apt_get update
}
no_kernel() {
	die "apt offers no linux-image-$SERIES.*-amd64 with headers. Debian 13 has it in main, Debian 12 in its security suite: see that apt's sources have that ('bookworm-security main'), and that 'apt-get update' succeeds."
}

release=
version=
resolve || { update_lists && resolve; } || no_kernel
kernel=$cache/kernel/$version
if [[ ! -d $kernel ]]; then
	tmp=$(mktemp -d "$cache/kernel/new.XXXXXX")
	# A security update takes the old version off the mirror: lists older
	# than that name a file which is gone.
	if ! download_kernel; then
		update_lists ||
			die "cannot download linux-image-$release $version, although apt's lists are up to date"
		resolve || no_kernel
		kernel=$cache/kernel/$version
		download_kernel || die "cannot download linux-image-$release $version"
	fi
	rm -rf "$kernel"
	unpack_kernel "$kernel"
fi

VMLINUX=$kernel/usr/src/linux-headers-$release/vmlinux
print() {
	printf '%s=%s\n' "$1" "$2"
}
print KVER "$release"
print KPKG "$version"
print KDIR "$kernel/usr/src/linux-headers-$release"
print VMLINUX "$VMLINUX"
print VMLINUZ "$kernel/boot/vmlinuz-$release"
print KMODULES "$kernel/lib/modules/$release"
[[ $what == tools ]] || exit 0

source=$cache/source/$version-$SOURCE_LAYOUT
if [[ ! -d $source ]]; then
	tmp=$(mktemp -d "$cache/source/new.XXXXXX")
	note "fetching linux-source-$SERIES $version"
	download "$tmp/debs" "linux-source-$SERIES=$version" ||
		die "cannot download linux-source-$SERIES $version; run 'apt-get update' and try again"
	unpack_source "$source"
fi
[[ -d $source/tools ]] || build_tools "$source"
print LINUX_SRC "$source/linux"
print LIBBPF "$source/tools/libbpf.a"
print LIBBPF_INC "$source/tools/include"
print BPFTOOL "$source/tools/bpftool"
