#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds a 6.12 kernel with the verifier series of kernel/patches, from the
# linux-source-6.12 that apt offers, and prints what scripts/kernel.sh prints
# of the stock one: KVER, KDIR, VMLINUX, VMLINUZ, KMODULES.
#
# The configuration is tinyconfig with the fragments kernel/config/NAME.config
# on top, in the order given (kernel/lib.sh says what a fragment can choose
# instead); an option of a fragment that does not stick is an error, and so is a
# patch that does not apply as it is. What was built is kept in the cache by the
# content of everything that went into it.
#
# With --unpatched it is the same kernel without the series. --pair makes both,
# the second one in the tree of the first, which takes a fraction of the time,
# and prints the patched one's.
#
# With --debs what is printed is packed too, as bindeb-pkg does it, and there is a
# line more, DEBS, the directory with linux-image and linux-headers.
#
# usage: build.sh [--unpatched | --pair] [--debs] NAME...
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
# shellcheck source=scripts/download.sh
. "$TASKHOLD_ROOT/scripts/download.sh"
# shellcheck source=kernel/lib.sh
. "$TASKHOLD_ROOT/kernel/lib.sh"

# Raise when what is kept of a build changes, or how kernel/lib.sh configures it.
LAYOUT=3

wanted=(patched)
case ${1:-} in
--unpatched)
	wanted=(unpatched)
	shift
	;;
--pair)
	wanted=(unpatched patched)
	shift
	;;
esac
debs=
if [[ ${1:-} == --debs ]]; then
	debs=yes
	shift
fi
(($# > 0)) || die "usage: build.sh [--unpatched | --pair] [--debs] NAME..., each a kernel/config/NAME.config"
fragments=()
for name in "$@"; do
	fragments+=("$(fragment_of "$name")")
done
name=$*
name=${name// /-}
compiler=$(compiler_of "${fragments[@]}")

require apt-cache apt
require patch patch
require flock util-linux
require pahole dwarves
require bc bc
require flex flex
require bison bison
[[ -z $debs ]] || require dh_builddeb debhelper

version=$(source_version)
cache=$(cache_dir)
mkdir -p "$cache/build"

# packs_of KIND: whether packages are made of it, as of no other than is printed.
packs_of() {
	[[ $1 != "${wanted[-1]}" ]] || printf '%s\n' "$debs"
}

# What is Debian's own counts for what begins with it: at one version of the source
# there may be a new configuration. A kernel for other machines is not kept past a
# new linker either; what the small ones are built for shows in their suites.
stock=
if [[ $(fragment_directive on "${fragments[@]}" | tail -n 1) == stock ]]; then
	stock=$(stock_config && ld --version)
fi

# place_of KIND: where a build of this content is kept.
place_of() {
	local key of=$name

	[[ $1 == patched ]] || of+=-unpatched
	key=$({
		echo "$LAYOUT $version $of $compiler $(packs_of "$1")"
		if [[ $compiler == LLVM=* ]]; then
			clang-19 --version
		else
			gcc --version
		fi
		pahole --version
		cat "${fragments[@]}"
		[[ -z $stock ]] || echo "$stock"
		[[ $1 == unpatched ]] || cat "${PATCHES[@]}"
	} | sha256sum)
	printf '%s\n' "$cache/build/$of-${key:0:16}"
}

tmp=
trap '[[ -z $tmp ]] || rm -rf "$tmp"' EXIT
# so that what writes there has ended before
trap 'exit 143' TERM

# publish KIND: what is kept of the tree as it is now.
publish() {
	local built kver kernel=$tmp/kernel

	built=$(place_of "$1")

	drop_modules "$obj"
	run_logged "$built.log" "${make[@]}" bzImage modules
	kver=$("${make[@]}" -s kernelrelease)
	mkdir "$kernel"
	run_logged "$built.log" "${make[@]}" INSTALL_MOD_PATH="$kernel" INSTALL_MOD_STRIP=1 \
		modules_install
	rm -f "$kernel/lib/modules/$kver"/{build,source}
	install -m 644 "$obj/arch/x86/boot/bzImage" "$kernel/vmlinuz"
	install -m 644 "$obj/.config" "$kernel/config"
	# What a module is built against, as bindeb-pkg packs it, and the kernel's BTF.
	# shellcheck disable=SC2016 # make expands it
	run_logged "$built.log" "${make[@]}" run-command \
		KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build '"$kernel/headers"
	objcopy --strip-debug "$obj/vmlinux" "$kernel/headers/vmlinux"
	[[ -z $(packs_of "$1") ]] || pack "$built.log" "$kernel/debs"
	echo "$kver" >"$kernel/release"
	rm -rf "$built"
	mv -T "$kernel" "$built"
	rm -f "$built.log"
}

# pack LOG DIR: into packages for a machine that is to boot it. The one with the
# symbols is left out, as it is many times as large and takes as long.
pack() {
	local log=$1 dir=$2

	# Not "terse": for that the dpkg-buildpackage of Debian 13 puts an option behind the
	# variables in MAKEFLAGS, where it is a target that nobody has a rule for.
	run_logged "$log" env DEB_BUILD_PROFILES=pkg.linux-upstream.nokerneldbg DEB_BUILD_OPTIONS= \
		"${make[@]}" KDEB_PKGVERSION="$version+taskhold1" KDEB_CHANGELOG_DIST=unstable \
		KDEB_COMPRESS=zstd DPKG_FLAGS=-d DEBEMAIL=taskhold@example.org \
		DEBFULLNAME='taskhold developers' bindeb-pkg
	mkdir "$dir"
	mv "$tmp"/linux-{image,headers}-*.deb "$dir/"
	rm -f "$tmp"/linux-*.{deb,buildinfo,changes}
}

build() {
	local src=$tmp/linux-source-$SERIES obj=$tmp/obj make kind patch

	mkdir "$obj"
	fetch_source "$version" "$tmp"
	make=(make -C "$src" O="$obj" "$compiler" -j"${JOBS:-$(nproc)}"
	      KBUILD_BUILD_USER=taskhold KBUILD_BUILD_HOST=taskhold)
	for kind in "$@"; do
		note "building linux $version ($name, $kind); it takes some minutes"
		if [[ $kind == patched ]]; then
			for patch in "${PATCHES[@]}"; do
				apply_patch "$src" "$version" "$patch"
			done
		fi
		[[ -e $obj/.config ]] ||
			configure "$(place_of "$kind").log" "$src" "$obj" "${fragments[@]}" -- "${make[@]}"
		publish "$kind"
	done
}

find_missing() {
	local kind

	missing=()
	for kind in "${wanted[@]}"; do
		[[ -d $(place_of "$kind") ]] || missing+=("$kind")
	done
}

built=$(place_of "${wanted[-1]}")
find_missing
if ((${#missing[@]} > 0)); then
	# Two builds at once must not make the same kernel twice.
	exec 9>"$cache/build/$name.lock"
	flock 9
	find_missing
	tmp=$(mktemp -d "$cache/build/new.XXXXXX")
	((${#missing[@]} == 0)) || build "${missing[@]}"
fi

kver=$(<"$built/release")
printf '%s=%s\n' KVER "$kver" KPKG "$version" KDIR "$built/headers" \
	VMLINUX "$built/headers/vmlinux" VMLINUZ "$built/vmlinuz" \
	KMODULES "$built/lib/modules/$kver"
[[ -z $debs ]] || printf 'DEBS=%s\n' "$built/debs"
