#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# Recorders do not disturb each other: two that see the same processes, and one
# that sees its own, are all complete, on a machine that is busy besides.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

stop_load() { touch enough; }
at_end+=(stop_load)
# Load that nobody asked for: processes all the time, on both processors.
load() {
	while [[ ! -e enough ]]; do
		"$workloads/storm" -w 2 500 load.log >>load.out
	done
}

plan 10
count=5000
mine=$cgroup/storm
load &
load=$!
record_in_background all
all=$recorder
record_in_background second
second=$recorder
check "both are attached, under names of their own" same \
	"$(taskhold status --json | python3 -c '
import json, sys
print(len({policy["name"] for policy in json.load(sys.stdin)["policies"]}))')" 2
check "a third records a command beside them" \
	taskhold record -o own -- "$workloads/storm" -g "$mine" "$count" storm.log
charged_us=$(usage_us "$mine")
rmdir "$mine"
recorder=$second stop_recorder INT
touch enough
wait "$load"
recorder=$all stop_recorder INT
for data in all second own; do
	report "$data" --by cgroup
	check "$data: complete" holds "$data" 'r["complete"]'
done
check "the command's own has it and nothing else" \
	holds own "t['tasks'] == $count + 3"
for data in all second own; do
	check "$data: the command's processes are right" "$lib/witness.py" storm "$data.csv" storm.log
done
check "what they used is what the kernel charged" charged own "$(path_of "$mine")" "$charged_us"
finish
