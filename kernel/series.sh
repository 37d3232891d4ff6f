#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Shows that each patch of kernel/patches applies, builds and works alone, that
# is with those before it and without those behind: applies them one after the
# other to one tree, and after each builds the kernel without a warning in the
# files that it touches, boots it, builds the module for it and runs the tests
# whose outcome no patch changes, and one that asks which features there are now:
# those of the patches so far, and no others. Prints TAP.
#
# usage: series.sh OUT FRAGMENT...
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
# shellcheck source=scripts/download.sh
. "$TASKHOLD_ROOT/scripts/download.sh"
# shellcheck source=kernel/lib.sh
. "$TASKHOLD_ROOT/kernel/lib.sh"
# shellcheck source=tests/head.sh
. "$TASKHOLD_ROOT/tests/head.sh"

# Those whose outcome no patch changes.
TESTS=(series/features_test kfuncs/verifier_test kfuncs/kptr_maps_test
       struct_ops/members_test struct_ops/verifier_test module/in_use_test)

# What `taskhold status --features` finds on a kernel without the series, and with
# each patch more. Patches 7 and 12 to 16 bring none by themselves: they close holes.
STOCK=(kptr_untrusted kptr_ref kptr_rcu local_kptr percpu_kptr xchg_inlined
       struct_ops nullable_args records records_iter rec_kptr)
declare -A BRINGS=(
	[0001]=task_acquire [0002]="rec_kptr_get task_kptr_get" [0003]=bad_tags_refused
	[0004]="pid_kptr file_kptr" [0005]=owned_args [0006]=xchg_insn
	[0008]=kptr_percpu [0009]=kptr_user [0010]=walked [0011]=ct_kptr_get
)

(($# > 1)) || die "usage: series.sh OUT FRAGMENT..."
mkdir -p "$1"
out=$(realpath "$1")
shift
fragments=()
for name in "$@"; do
	fragments+=("$(fragment_of "$name")")
done
compiler=$(compiler_of "${fragments[@]}")
version=$(source_version)
for name in "${TESTS[@]}"; do
	source_of "$name" >/dev/null
done

cache=$(cache_dir)
mkdir -p "$cache/build"
tmp=$(mktemp -d "$cache/build/series.XXXXXX")
tried=
trap '[[ -z $tried ]] || ! kill -TERM -- "-$tried" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
src=$tmp/linux-source-$SERIES obj=$tmp/obj
mkdir "$obj"
make=(make -C "$src" O="$obj" "$compiler" -j"${JOBS:-$(nproc)}"
      KBUILD_BUILD_USER=taskhold KBUILD_BUILD_HOST=taskhold)

# build LOG: the kernel, its modules and what a module is built against
build() {
	drop_modules "$obj"
	"${make[@]}" bzImage modules >"$1" 2>&1 || return 1
	rm -rf "$tmp/kernel"
	mkdir "$tmp/kernel"
	# shellcheck disable=SC2016 # make expands it
	"${make[@]}" INSTALL_MOD_PATH="$tmp/kernel" INSTALL_MOD_STRIP=1 modules_install \
		>>"$1" 2>&1 &&
	"${make[@]}" run-command \
		KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build '"$tmp/kernel/headers" \
		>>"$1" 2>&1 &&
	objcopy --strip-debug "$obj/vmlinux" "$tmp/kernel/headers/vmlinux"
}

# no_warnings LOG: of the compiler, of which the tree without the series has none.
no_warnings() {
	[[ -s $1 ]] && ! grep -E '(warning|WARNING): ' "$1"
}

# all_passed LOG: the suite's own status says nothing of its tests. One that has no
# results, or none but skips, did not pass.
all_passed() {
	local test tap status=0

	for test in "${TESTS[@]}"; do
		tap=$out/guest/${test//\//-}.tap
		if [[ ! -r $tap ]] || ! awk '/^ok/ && !/# SKIP/ { n++ } END { exit !n }' "$tap"; then
			echo "$test: nothing passed"
			status=1
		elif grep '^not ok' "$tap"; then
			status=1
		fi
	done >>"$1"
	return "$status"
}

# works LOG FEATURE...: what put_aside() has, with the module, in a guest. The next kernel
# is built beside it, on all processors, so it is told to have patience.
works() {
	local features=("${@:2}") booted=$tmp/booted kver

	kver=$(basename "$booted"/lib/modules/*)
	rm -f "$booted/lib/modules/$kver"/{build,source}
	"$TASKHOLD_ROOT/scripts/dkms-build.sh" "$kver" "$booted/headers" \
		"$booted/lib/modules/$kver" "$tmp/dkms" >>"$1" 2>&1 || return 1
	rm -rf "$out/guest"
	mkdir "$out/guest"
	printf '%s\n' "${features[@]}" | LC_ALL=C sort >"$out/guest/features"
	"$TASKHOLD_ROOT/tests/qemu/run.sh" --name series --out "$out/guest" --timeout 1800 \
		--slow 4 --kernel "$booted/vmlinuz" --modules "$tmp/dkms/target/lib/modules/$kver" \
		-- "$TASKHOLD_ROOT/tests/qemu/suite.sh" "$out/guest" "${TESTS[@]}" \
		>>"$1" 2>&1 || return 1
	all_passed "$1"
}

# put_aside LOG: what has been built, as the next kernel is built while it is tried.
put_aside() {
	rm -rf "$tmp/booted"
	mv "$tmp/kernel" "$tmp/booted" >>"$1" 2>&1 &&
	cp "$obj/arch/x86/boot/bzImage" "$tmp/booted/vmlinuz"
}

# begin LOG FEATURE...: works() in the background, for end() to wait for. A guest keeps
# one processor busy, and a build all of them. It has a group of its own, as ^C does
# not reach what runs in the background.
begin() {
	set -m
	if put_aside "$1"; then
		works "$@" &
	else
		false &
	fi
	set +m
	tried=$!
}

# end NAME LOG
end() {
	step "$1" "$2" wait "$tried"
	tried=
}

count=0
# step NAME LOG COMMAND...
step() {
	local name=$1 log=$2
	shift 2

	count=$((count + 1))
	if "$@"; then
		echo "ok $count $name"
	else
		echo "not ok $count $name"
		tail -n 30 "$log" | sed 's/^/# /'
	fi
}

fetch_source "$version" "$tmp"
printf 'TAP version 13\n1..%d\n' "$((2 + 3 * ${#PATCHES[@]}))"
configure "$out/configure.log" "$src" "$obj" "${fragments[@]}" -- "${make[@]}"
name="without the series it" log=$out/0000.log
step "$name builds" "$log" build "$log"
features=("${STOCK[@]}")
begin "$log" "${features[@]}"
for patch in "${PATCHES[@]}"; do
	before=$name log_before=$log
	name=${patch##*/} name=${name%.patch}
	log=$out/${name:0:4}.log
	apply_patch "$src" "$version" "$patch"
	step "$name builds" "$log" build "$log"
	step "$name builds without a warning" "$log" no_warnings "$log"
	end "$before works" "$log_before"
	read -ra brings <<<"${BRINGS[${name:0:4}]:-}"
	features+=("${brings[@]}")
	begin "$log" "${features[@]}"
done
end "$name works" "$log"
