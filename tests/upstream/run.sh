#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the BPF selftests that tests/upstream/build.sh built on the kernel without
# the series and on the one with it, compares, and writes TAP to OUT. What
# differs is run again on both; compare.py says what that decides.
# usage: run.sh [--in-turn] CONFIG OUT
# out/upstream-CONFIG.env is what build.sh printed. With --in-turn there is one guest
# at a time, for where other suites run beside.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
here=$TASKHOLD_ROOT/tests/upstream
scan=$TASKHOLD_ROOT/tests/qemu/scan-log.sh

in_turn=
if [[ ${1:-} == --in-turn ]]; then
	in_turn=yes
	shift
fi
(($# == 2)) || die "usage: run.sh [--in-turn] CONFIG OUT"
config=$1
out=$(realpath "$2")
# How often what differs is run again on each kernel.
RUNS=5

value() {
	kernel_value "upstream-$config" "$1"
}
selftests=$(value SELFTESTS)

# guest KIND DIR ARGUMENT...: what guest.sh does on one of the kernels. How the
# log is judged is ours to say, so run.sh's own word counts for the rest alone.
guest() {
	local kind=$1 dir=$2 prefix=${1^^}
	shift 2

	rm -rf "$dir"
	mkdir -p "$dir"
	"$TASKHOLD_ROOT/tests/qemu/run.sh" --name "upstream, $kind" --out "$dir" \
		--timeout "${GUEST_TIMEOUT:-12600}" \
		--kernel "$(value "${prefix}_VMLINUZ")" --modules "$(value "${prefix}_KMODULES")" -- \
		"$here/guest.sh" "$selftests" "$(value "${prefix}_TESTMODS")" "$@" \
		>"$dir/guest.log" 2>&1 || echo "status $?" >>"$dir/guest.log"
	"$scan" "$dir/console.log" >"$dir/console-scan.txt" 2>&1 ||
		echo "scan-log.sh ended with status $?" >>"$dir/console-scan.txt"
}

# Both at once, if not told otherwise: each is one thread of emulation.
guests() {
	local dir=$1 kind jobs=()
	shift

	for kind in unpatched patched; do
		if [[ -n $in_turn ]]; then
			guest "$kind" "$dir/$kind" "$@"
		else
			guest "$kind" "$dir/$kind" "$@" &
			jobs+=($!)
		fi
	done
	((${#jobs[@]} == 0)) || wait "${jobs[@]}"
}

# ends_well KIND: a guest that died, or whose command failed, has said so.
ends_well() {
	local verdict=$out/$1/verdict

	[[ -r $verdict ]] || {
		grep '^run.sh: ' "$out/$1/guest.log" | tail -n 1
		return 1
	}
	if ! grep -qx 'status=0' "$verdict" || ! grep -qx 'leaks=none' "$verdict"; then
		paste -sd ' ' "$verdict"
		return 1
	fi
}

note "running the BPF selftests on the kernel with and without the series, in out/${out##*/}"
# What is compared, and how much of it has to be good.
programs=()
needs=()
while read -r of program number; do
	if [[ $of == "$config" ]]; then
		programs+=("$program")
		needs+=("$program=$number")
	fi
done <"$here/programs.list"
guests "$out" once "${programs[@]}"

{
	echo "TAP version 13"
	number=0
	for kind in unpatched patched; do
		number=$((number + 1))
		if reason=$(ends_well "$kind"); then
			echo "ok $number the guest of the $kind kernel ends well"
		else
			echo "not ok $number the guest of the $kind kernel ends well: $reason"
		fi
		sed 's/^/# /' "$out/$kind/guest.log"
	done
	echo "1..$number"
} >"$out/guests.tap"

said=$("$here/compare.py" --differing "$out/unpatched" "$out/patched" "${needs[@]}")
differing=()
[[ -z $said ]] || mapfile -t differing <<<"$said"
again=()
if ((${#differing[@]} > 0)); then
	note "differs, so it is run $RUNS times more on each: ${differing[*]}"
	guests "$out/again" again "$RUNS" "${differing[@]}"
	again=("$out/again")
fi
"$here/compare.py" "$out/unpatched" "$out/patched" "$out" "${again[@]}" "${needs[@]}" \
	"known=$here/known-$config.list" "list=$here/test_progs.list"
# but for what check.sh says until the suite has ended
find "$out" -maxdepth 1 -name '*.tap' ! -name run.tap -exec sed -n 's/^not ok/	&/p' {} +
