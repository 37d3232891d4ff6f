#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# With 500 process ids for 20,000 processes every id is used many times: no two
# processes are taken for one, and each has its own parent and status.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

count=20000
mine=$cgroup/storm
pid_max=$(</proc/sys/kernel/pid_max)
restore_pid_max() { echo "$pid_max" >/proc/sys/kernel/pid_max; }
at_end+=(restore_pid_max)

plan 7
echo 500 >/proc/sys/kernel/pid_max
check "the storm is recorded" \
	taskhold record -o storm -- "$workloads/storm" -g "$mine" -w 2 "$count" storm.log
restore_pid_max
charged_us=$(usage_us "$mine")
rmdir "$mine"
check "the recording can be read" report storm
check "it is complete" holds storm 'r["complete"]' "t['tasks'] == $count + 3"
check "process ids were used again and again" \
	holds storm 'max(row["pid"] for row in rows) < 500'
check "each with its pid, parent, status and CPU time" "$lib/witness.py" storm storm.csv storm.log
check "no two are taken for one" "$lib/witness.py" identities storm.csv
check "their CPU time is what the kernel charged" \
	charged storm "$(path_of "$mine")" "$charged_us"
"$lib/witness.py" figures storm.json "$charged_us"
finish
