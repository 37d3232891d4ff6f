#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# A ring buffer that is far too small loses detail, never sums: processes that
# find it full are folded, and counted.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

count=20000
mine=$cgroup/storm

plan 6
taskhold record -o storm --ring-size 4096 -- \
	"$workloads/storm" -g "$mine" -w 2 "$count" storm.log >storm.out 2>storm.err
charged_us=$(usage_us "$mine")
rmdir "$mine"
check "the recording can be read" report storm --by cgroup
check "it is not complete, and says why" holds storm 'not r["complete"]' \
	'{"fold-verdict"} <= set(why) <= {"fold-verdict", "ring-lost"}'
check "some were folded, and counted" \
	holds storm 't["folded"] > 0' 't["folded"] == why["fold-verdict"]'
check "none is lost" holds storm 't["lost"] == 0' "t['tasks'] == $count + 3"
check "those that were not folded are right" \
	"$lib/witness.py" storm storm.csv storm.log some
check "the CPU time of all is what the kernel charged" \
	charged storm "$(path_of "$mine")" "$charged_us"
"$lib/witness.py" figures storm.json "$charged_us"
finish
