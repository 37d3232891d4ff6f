#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds a 6.12 kernel with the verifier series of kernel/patches, from the
# linux-source-6.12 that apt offers, and prints what scripts/kernel.sh prints
# of the stock one: KVER, KDIR, VMLINUX, VMLINUZ, KMODULES.
#
# The configuration is tinyconfig with the fragments kernel/config/NAME.config
# on top, in the order given; an option of a fragment that does not stick is an
# error, and so is a patch that does not apply as it is. What was built is kept
# in the cache by the content of everything that went into it.
#
# usage: build.sh [--unpatched] NAME...
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
# shellcheck source=scripts/download.sh
. "$TASKHOLD_ROOT/scripts/download.sh"

SERIES=6.12
# Raise when what is kept of a build changes.
LAYOUT=1

usage="usage: build.sh [--unpatched] NAME..., each a kernel/config/NAME.config"
patched=yes
if [[ ${1:-} == --unpatched ]]; then
	patched=no
	shift
fi
(($# > 0)) || die "$usage"
fragments=()
for name in "$@"; do
	fragments+=("$TASKHOLD_ROOT/kernel/config/$name.config")
	[[ -r ${fragments[-1]} ]] || die "no kernel/config/$name.config; $usage"
done
name=${*// /-}
[[ $patched == yes ]] || name+=-unpatched

require apt-cache apt
require patch patch
require flock util-linux
require pahole dwarves
require bc bc
require flex flex
require bison bison

patches=()
if [[ $patched == yes ]]; then
	patches=("$TASKHOLD_ROOT/kernel/patches/$SERIES"/*.patch)
	[[ -e ${patches[0]} ]] || die "no patches in kernel/patches/$SERIES"
fi

# A clang fragment is built by the clang that the project uses for BPF.
compiler=(CC=gcc)
if grep -qs '^CONFIG_CC_IS_CLANG=y' "${fragments[@]}"; then
	require clang-19 clang-19
	require ld.lld-19 lld-19
	compiler=(LLVM=-19)
fi

source_version() {
	apt-cache show --no-all-versions "linux-source-$SERIES" 2>/dev/null |
		sed -n 's/^Version: //p' | head -n 1
}
version=$(source_version)
if [[ -z $version ]]; then
	note "apt does not know linux-source-$SERIES yet, updating its lists"
	as_root apt-get update -q >&2
	version=$(source_version)
fi
[[ -n $version ]] ||
	die "apt offers no linux-source-$SERIES. Debian 12 has it in its security suite (bookworm-security), Debian 13 in main: see that apt's sources have them."

cache=$(cache_dir)
mkdir -p "$cache/build"
key=$({
	echo "$LAYOUT $version $name ${compiler[*]}"
	"${compiler[0]/#*=/}" --version 2>/dev/null || gcc --version
	pahole --version
	cat "${fragments[@]}"
	((${#patches[@]} == 0)) || cat "${patches[@]}"
} | sha256sum)
built=$cache/build/$name-${key:0:16}

tmp=
trap '[[ -z $tmp ]] || rm -rf "$tmp"' EXIT

apply_patches() {
	local p log=$tmp/patch.log

	for p in "${patches[@]}"; do
		# exactly as it was made: fuzz can put a hunk into the wrong function
		patch -d "$1" -p1 --fuzz=0 --forward --no-backup-if-mismatch <"$p" >"$log" 2>&1 || {
			cat "$log" >&2
			die "kernel/patches/$SERIES/${p##*/} does not apply to linux-source-$SERIES $version; the ones before it did"
		}
	done
}

# Every option of the fragments must have the value that they give it: an
# option whose dependencies are not met is dropped without a word.
check_config() {
	local config=$1 line option wanted got lost=()
	shift

	# of several fragments the last one has the say
	while read -r line; do
		case $line in
		CONFIG_*=*)
			option=${line%%=*} wanted=$line
			;;
		'# CONFIG_'*' is not set')
			option=${line#\# } option=${option%% *} wanted=$line
			;;
		*) continue ;;
		esac
		got=$(grep -E "^(# )?$option(=| is not set)" "$config" || echo "# $option is not set")
		[[ $got == "$wanted" ]] || lost+=("$wanted (is: $got)")
	done < <(cat "$@" | awk '
		match($0, /CONFIG_[A-Za-z0-9_]+/) {
			option = substr($0, RSTART, RLENGTH)
			if (!(option in last)) order[++n] = option
			last[option] = $0
		}
		END { for (i = 1; i <= n; i++) print last[order[i]] }')
	((${#lost[@]} == 0)) || die "options that did not stick: $(printf '%s; ' "${lost[@]}")see what they depend on"
}

build() {
	local src=$tmp/linux-source-$SERIES obj=$tmp/obj make kver

	mkdir "$tmp/deb" "$obj"
	note "fetching linux-source-$SERIES $version"
	download "$tmp/debs" "linux-source-$SERIES=$version" ||
		die "cannot download linux-source-$SERIES $version; run 'apt-get update' and try again"
	dpkg -x "$tmp"/debs/*.deb "$tmp/deb"
	tar -C "$tmp" -xJf "$tmp/deb/usr/src/linux-source-$SERIES.tar.xz"
	rm -r "$tmp/deb" "$tmp/debs"
	apply_patches "$src"

	make=(make -C "$src" O="$obj" "${compiler[@]}" -j"${JOBS:-$(nproc)}"
	      KBUILD_BUILD_USER=taskhold KBUILD_BUILD_HOST=taskhold)
	note "building linux $version ($name); it takes some minutes"
	run_logged "$built.log" "${make[@]}" tinyconfig
	run_logged "$built.log" env -C "$src" scripts/kconfig/merge_config.sh -m -O "$obj" \
		"$obj/.config" "${fragments[@]}"
	run_logged "$built.log" "${make[@]}" olddefconfig
	check_config "$obj/.config" "${fragments[@]}"
	run_logged "$built.log" "${make[@]}" bzImage modules

	kver=$("${make[@]}" -s kernelrelease)
	mkdir "$tmp/kernel"
	run_logged "$built.log" "${make[@]}" INSTALL_MOD_PATH="$tmp/kernel" INSTALL_MOD_STRIP=1 \
		modules_install
	rm -f "$tmp/kernel/lib/modules/$kver"/{build,source}
	install -m 644 "$obj/arch/x86/boot/bzImage" "$tmp/kernel/vmlinuz"
	# What a module is built against, as bindeb-pkg packs it, and the kernel's BTF.
	# shellcheck disable=SC2016 # make expands it
	run_logged "$built.log" "${make[@]}" run-command \
		KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build '"$tmp/kernel/headers"
	objcopy --strip-debug "$obj/vmlinux" "$tmp/kernel/headers/vmlinux"
	echo "$kver" >"$tmp/kernel/release"
	mv -T "$tmp/kernel" "$built"
	rm -f "$built.log"
}

# Two builds at once must not make the same kernel twice.
exec 9>"$cache/build.lock"
flock 9
if [[ ! -d $built ]]; then
	tmp=$(mktemp -d "$cache/build/new.XXXXXX")
	build
fi

kver=$(<"$built/release")
printf '%s=%s\n' KVER "$kver" KPKG "$version" KDIR "$built/headers" \
	VMLINUX "$built/headers/vmlinux" VMLINUZ "$built/vmlinuz" \
	KMODULES "$built/lib/modules/$kver"
