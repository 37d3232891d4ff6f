#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds what make check-upstream runs: a kernel with and without the series, the
# BPF selftests of the same source against the one without it, and their modules
# for each of the two. Prints where these are:
#
#	SELFTESTS	test_verifier, test_progs, veristat and the BPF objects
#	UNPATCHED_VMLINUZ, UNPATCHED_KMODULES, UNPATCHED_TESTMODS
#	PATCHED_VMLINUZ, PATCHED_KMODULES, PATCHED_TESTMODS
#
# The programs are the same bytes on both kernels, as only then a difference is
# the kernel's. The modules are not, as their BTF stands on that of a kernel.
# Everything is kept in the cache by the content of what went into it.
#
# usage: build.sh [--debs] NAME	of kernel/config/NAME.config
# With --debs the kernel with the series is the one that packages are made of.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
# shellcheck source=scripts/download.sh
. "$TASKHOLD_ROOT/scripts/download.sh"
# shellcheck source=kernel/lib.sh
. "$TASKHOLD_ROOT/kernel/lib.sh"

# Raise when what is built or kept of the selftests changes.
LAYOUT=1

# programs_of CONFIG: of programs.list
programs_of() {
	awk -v config="$1" '$1 == config { print $2 }' "$TASKHOLD_ROOT/tests/upstream/programs.list"
}

MODULES=(bpf_testmod bpf_test_no_cfi bpf_test_modorder_x bpf_test_modorder_y)

packed=()
if [[ ${1:-} == --debs ]]; then
	packed=(--debs)
	shift
fi
(($# == 1)) || die "usage: build.sh [--debs] NAME, of kernel/config/NAME.config"
config=$1
mapfile -t programs < <(programs_of "$config")
((${#programs[@]} > 0)) || die "tests/upstream/programs.list names none for '$config'"

require clang-19 clang-19
require llc-19 llvm-19
require ld.lld-19 lld-19
require rsync rsync
require flock util-linux

# What kernel/build.sh prints of each.
declare -A kernel=()
kernel[patched]=$("$TASKHOLD_ROOT/kernel/build.sh" --pair "${packed[@]}" "$config")
kernel[unpatched]=$("$TASKHOLD_ROOT/kernel/build.sh" --unpatched "$config")

# value KIND NAME
value() {
	sed -n "s/^$2=//p" <<<"${kernel[$1]}"
}

cache=$(cache_dir)
mkdir -p "$cache/upstream"
tmp=
trap '[[ -z $tmp ]] || rm -rf "$tmp"' EXIT
# so that what writes there has ended before
trap 'exit 143' TERM

# lock PLACE: two at once must not make the same.
lock() {
	exec 9>"$1.lock"
	flock 9
}

# publish PLACE DIR
publish() {
	chmod 755 "$2"
	mv -T "$2" "$1"
	rm -rf "$tmp" "$1.log"
	tmp=
}

# build_selftests PLACE VERSION KDIR
build_selftests() {
	local place=$1 version=$2 kdir=$3 src dir out kept module make

	tmp=$(mktemp -d "$cache/upstream/new.XXXXXX")
	out=$tmp/out
	kept=$tmp/kept
	fetch_source "$version" "$tmp"
	src=$tmp/linux-source-$SERIES
	dir=$src/tools/testing/selftests/bpf
	# The stable tree has this test without its BPF program.
	[[ -e $dir/progs/bpf_attr_size.c ]] || rm -f "$dir/prog_tests/bpf_attr_size.c"
	mkdir "$out" "$kept"
	# The modules' sources as they are, before the build leaves its own there.
	for module in "${MODULES[@]}"; do
		cp -r "$dir/$module" "$kept/"
	done
	note "building the BPF selftests of linux $version"
	# Which optional libraries this machine happens to have must not change what
	# is built; the modules that come with them want the kernel's own compiler, which
	# they share with all that is no BPF program. A part of a build that others share is not for the whole of it.
	make=(make -C "$dir" -j"${JOBS:-$(nproc)}" OUTPUT="$out"
	      "$compiler" CLANG=clang-19 LLC=llc-19 LLVM_STRIP=llvm-strip-19 LLD=lld-19
	      feature-llvm=0 feature-libcap=0 feature-libbfd=0 feature-libbfd-liberty=0
	      feature-libbfd-liberty-z=0 PCAP_CFLAGS= PCAP_LIBS=
	      VMLINUX_BTF="$kdir/vmlinux" KDIR="$kdir")
	run_logged "$place.log" "${make[@]}" "${programs[@]}"
	# Objects and skeletons are linked into test_progs, and what is left runs.
	rm -rf "$out/tools" "$out"/*.{d,o.tmp,skel.h,lskel.h,subskel.h,ko} "$out/bpftool"
	find "$out" -maxdepth 1 -name '*.o' ! -name '*.bpf.o' -delete
	llvm-strip-19 --strip-debug "${programs[@]/#/$out/}"
	mv "$kept" "$out/modules"
	publish "$place" "$out"
}

# build_modules PLACE SELFTESTS KDIR COMPILER
build_modules() {
	local place=$1 module

	tmp=$(mktemp -d "$cache/upstream/new.XXXXXX")
	cp -r "$2/modules" "$tmp/modules"
	mkdir "$tmp/kept"
	for module in "${MODULES[@]}"; do
		run_logged "$place.log" make -C "$3" "$4" M="$tmp/modules/$module" modules
		# Without BTF it would load, and its kfuncs would be nobody's.
		[[ $(readelf -SW "$tmp/modules/$module/$module.ko") == *' .BTF '* ]] ||
			die "$module.ko has no BTF; see $place.log"
		cp "$tmp/modules/$module/$module.ko" "$tmp/kept/"
	done
	publish "$place" "$tmp/kept"
}

# The compiler that the kernels were built with.
compiler=$(compiler_of "$(fragment_of "$config")")

# key WORD...: of these words, the compilers and the kernels that are named.
key() {
	{
		echo "$LAYOUT" "$@"
		clang-19 --version
		pahole --version
	} | sha256sum | cut -c 1-16
}

# kernel_of KIND: the name of its place, which says its content.
kernel_of() {
	basename "$(dirname "$(value "$1" KDIR)")"
}

version=$(value unpatched KPKG)
selftests=$cache/upstream/selftests-$(key "$version" "$(kernel_of unpatched)")
lock "$selftests"
if [[ ! -d $selftests ]]; then
	build_selftests "$selftests" "$version" "$(value unpatched KDIR)"
fi
printf 'SELFTESTS=%s\n' "$selftests"

for kind in unpatched patched; do
	place=$cache/upstream/modules-$(key "$(basename "$selftests")" "$(kernel_of "$kind")")
	lock "$place"
	if [[ ! -d $place ]]; then
		build_modules "$place" "$selftests" "$(value "$kind" KDIR)" "$compiler"
	fi
	for name in VMLINUZ KMODULES; do
		printf '%s_%s=%s\n' "${kind^^}" "$name" "$(value "$kind" "$name")"
	done
	printf '%s_TESTMODS=%s\n' "${kind^^}" "$place"
done
