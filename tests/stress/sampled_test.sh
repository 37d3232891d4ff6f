#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# Samples every 10 ms while processes come and go: each process is counted once,
# whether it was seen running, or finished, or both.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

count=20000
mine=$cgroup/storm

plan 6
check "the storm is recorded" taskhold record -o storm --interval 10ms -- \
	"$workloads/storm" -g "$mine" -w 2 "$count" storm.log
charged_us=$(usage_us "$mine")
rmdir "$mine"
check "the recording can be read" report storm
check "it is complete" holds storm 'r["complete"]' "t['tasks'] == $count + 3" 't["live"] == 0'
check "each with its pid, parent, status and CPU time" "$lib/witness.py" storm storm.csv storm.log
check "no two are taken for one" "$lib/witness.py" identities storm.csv
check "their CPU time is what the kernel charged" \
	charged storm "$(path_of "$mine")" "$charged_us"
"$lib/witness.py" figures storm.json "$charged_us"
finish
