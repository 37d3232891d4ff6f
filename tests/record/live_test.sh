#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# A thousand processes that run when the recording ends, and a ring buffer that
# holds some fifteen at a time: each of them is in the recording once.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

count=1000
mine=$cgroup/many
mkdir "$mine"
kill_all() { [[ ! -e $mine ]] || echo 1 >"$mine/cgroup.kill"; }
at_end+=(kill_all)
mkfifo orders
(
	echo "$BASHPID" >"$mine/cgroup.procs"
	exec "$workloads/burn" -c $((count - 1)) 1 <orders >said
) &
tree=$!
exec 5<>orders
await 60 grep -qx ready said

plan 7
for ring in 4096 8388608; do
	record_in_background "data-$ring" --cgroup "$(path_of "$mine")" --ring-size "$ring"
	status=0
	stop_recorder INT || status=$?
	check "ring buffer of $ring bytes: record ends with 0" same "$status" 0
	report "data-$ring"
	sort <"$mine/cgroup.procs" >processes
	tail -n +2 "data-$ring.csv" | cut -d , -f 2 | sort >rows
	check "those that run are the processes of the cgroup" cmp processes rows
	check "each once, and the recording is complete" holds "data-$ring" 'r["complete"]' \
		"t['live'] == t['tasks'] == $count" "len({row['id'] for row in rows}) == $count"
done
echo end >&5
wait "$tree"
check "the tree has ended undisturbed" rmdir "$mine"
finish
