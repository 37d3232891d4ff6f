#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# Far fewer processes may be held than run at a time: detail goes, the sums stay,
# and how many were folded is known.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

count=20000
mine=$cgroup/storm

plan 8
taskhold record -o storm --max-held 6 -- \
	"$workloads/storm" -g "$mine" -w 4 "$count" storm.log >storm.out 2>storm.err
charged_us=$(usage_us "$mine")
rmdir "$mine"
check "the recording can be read" report storm --by cgroup
check "it is not complete, and says why" \
	holds storm 'not r["complete"]' 'set(why) == {"fold-live"}'
check "the recorder says so too" grep -q 'processes are in the sums of their cgroups alone' storm.err
check "some were folded, and counted" \
	holds storm 't["folded"] > 0' 't["folded"] == why["fold-live"]'
check "none is lost" holds storm 't["lost"] == 0' "t['tasks'] == $count + 5"
check "those that were not folded are right" \
	"$lib/witness.py" storm storm.csv storm.log some
check "the CPU time of all is what the kernel charged" \
	charged storm "$(path_of "$mine")" "$charged_us"
check "--require-complete refuses it" status_is 5 \
	taskhold report --require-complete --json storm
"$lib/witness.py" figures storm.json "$charged_us"
finish
