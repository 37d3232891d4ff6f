#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Counts every instruction of processes that come and go, with and without
# taskhold, by where it is; prints a table and leaves out/profile/profile.json.
# usage: run.sh KERNEL_IMAGE MODULES_DIR
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"
cd "$TASKHOLD_ROOT"

(($# == 2)) || die "usage: run.sh KERNEL_IMAGE MODULES_DIR"
out=$TASKHOLD_ROOT/out/profile
# a multiple of what fills some blocks of the recording
rounds=${ROUNDS:-3} count=${COUNT:-20000}

mkdir -p "$out"
rm -f "$out"/{counts,symbols}.* "$out"/{dumps,regions,profile.json}
tests/qemu/run.sh --name profile --out "$out" --kernel "$1" --modules "$2" --icount \
	--timeout "${BENCH_TIMEOUT:-2400}" \
	--plugin "$out/plugin.so,out=${out//,/,,}/counts,regions=${out//,/,,}/regions" -- \
	bash "$TASKHOLD_ROOT/bench/profile/guest.sh" "$out" "$TASKHOLD_ROOT/out/bench" \
	"$TASKHOLD_ROOT/out/userspace/taskhold" "$rounds" "$count"
python3 bench/profile/report.py "$out" "$count" "${2##*/}" "${FUNCTIONS:-0}"
