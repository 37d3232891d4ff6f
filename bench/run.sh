#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots a guest whose clock counts instructions, measures in it, prints a table
# and leaves out/bench/bench.json.
# usage: run.sh KERNEL_IMAGE MODULES_DIR
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
cd "$TASKHOLD_ROOT"

(($# == 2)) || die "usage: run.sh KERNEL_IMAGE MODULES_DIR"
out=$TASKHOLD_ROOT/out/bench
rounds=${ROUNDS:-5} count=${COUNT:-10000}

rm -f "$out/results" "$out/bench.json"
tests/qemu/run.sh --name bench --out "$out" --kernel "$1" --modules "$2" --icount \
	--timeout "${BENCH_TIMEOUT:-2400}" -- \
	bash "$TASKHOLD_ROOT/bench/guest.sh" "$out/results" "$out" \
	"$TASKHOLD_ROOT/out/userspace/taskhold" "$rounds" "$count"
python3 bench/table.py "$out/results" "$out/bench.json" "${2##*/}"
