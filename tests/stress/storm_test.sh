#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 240
#
# A hundred thousand processes, as fast as two processors can have them: each is
# in the recording, with its parent, its exit status and its CPU time.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

count=100000
mine=$cgroup/storm

plan 8
check "the storm is recorded" \
	taskhold record -o storm -- "$workloads/storm" -g "$mine" -w 2 "$count" storm.log
charged_us=$(usage_us "$mine")
rmdir "$mine"
check "the recording can be read" report storm --by cgroup
check "it is complete, and says so" holds storm 'r["complete"]' 'not why'
check "nothing is lost" holds storm 't["lost"] == 0' 't["folded"] == 0' 't["live"] == 0'
check "there are as many processes as there were" holds storm "t['tasks'] == $count + 3"
check "each with its pid, parent, status and CPU time" "$lib/witness.py" storm storm.csv storm.log
check "no two are taken for one" "$lib/witness.py" identities storm.csv
check "their CPU time is what the kernel charged" \
	charged storm "$(path_of "$mine")" "$charged_us"
"$lib/witness.py" figures storm.json "$charged_us"
finish
