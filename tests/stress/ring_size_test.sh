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

count=20000 unread=200
mine=$cgroup/storm

plan 6
# What ends while the recorder is stopped finds the ring full, however slow the machine.
# shellcheck disable=SC2016 # the command's own shell expands it
taskhold record -o storm --ring-size 4096 -- sh -c '
	kill -STOP $PPID
	"$0" -g "$1" -w 2 "$3" unread.log >unread.out 2>unread.err
	kill -CONT $PPID
	exec "$0" -g "$1" -w 2 "$2" storm.log >storm.out 2>storm.err' \
	"$workloads/storm" "$mine" "$count" "$unread"
cat unread.log >>storm.log
charged_us=$(usage_us "$mine")
rmdir "$mine"
check "the recording can be read" report storm --by cgroup
check "it is not complete, and says why" holds storm 'not r["complete"]' \
	'{"fold-verdict"} <= set(why) <= {"fold-verdict", "ring-lost"}'
check "as many as there was no room for were folded, and counted" \
	holds storm "t['folded'] > $unread / 2" 't["folded"] == why["fold-verdict"]'
check "none is lost" holds storm 't["lost"] == 0' "t['tasks'] == $count + 3 + $unread + 3"
check "those that were not folded are right" \
	"$lib/witness.py" storm storm.csv storm.log some
check "the CPU time of all is what the kernel charged" \
	charged storm "$(path_of "$mine")" "$charged_us"
"$lib/witness.py" figures storm.json "$charged_us"
finish
