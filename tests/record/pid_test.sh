#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 90
#
# --pid: a tree that is older than the recording, threads and all, is recorded
# from then on; so is what comes from it later, and nothing else.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

# burn LINE...: has the tree do so, and waits until it has
rounds=0
done_all() { [[ $(grep -cx "done" said) == "$rounds" ]]; }
burn() {
	local line

	for line in "$@"; do
		rounds=$((rounds + 1))
		echo "$line" >&5
		await 30 done_all
	done
}

plan 12
mine=$cgroup/tree
mkdir "$mine"
mkfifo orders
(
	echo "$BASHPID" >"$mine/cgroup.procs"
	exec "$workloads/burn" -t 4 -c 3 150 <orders >said
) &
tree=$!
exec 5>orders
await 20 grep -qx ready said
# Before the recording: none of it may be in there.
burn go
mapfile -t pids <"$mine/cgroup.procs"
await 20 at_rest "${pids[@]}"
before_us=$(usage_us "$mine")
record_in_background data --pid "$tree"
burn go thread child
echo end >&5
wait "$tree"
status=0
wait "$recorder" || status=$?
check "record ends with 0 when the process does" same "$status" 0
after_us=$(usage_us "$mine")
rmdir "$mine"
report data
"$lib/witness.py" figures data.json $((after_us - before_us))

check "it ended because the process did, and is complete" holds data 'r["complete"]' \
	'r["recording"]["end"]["why"] == "task"' 't["live"] == 0' "r['recording']['root_pid'] == $tree"
check "the tree and what came from it are five processes" holds data 't["tasks"] == 5'
check "one of them was born under the recording" holds data \
	'sum("older" not in row["flags"].split("+") for row in rows) == 1'
check "that one has no CPU time from before" holds data \
	'all(row["cpu_before_ns"] == 0 for row in rows if "older" not in row["flags"])'
check "the others have" holds data \
	'all(row["cpu_before_ns"] >= 600e6 for row in rows if "older" in row["flags"])'
check "threads older than the recording are counted" holds data \
	'sorted(row["threads"] for row in rows) == [1, 4, 4, 4, 5]'
check "the one with a thread more is the first" holds data \
	"[row['pid'] for row in rows if row['threads'] == 5] == [$tree]"
check "all have the first as parent, but for itself" holds data \
	"all(row['ppid'] == $tree for row in rows if row['pid'] != $tree)"
check "the CPU time since the begin is what the kernel charged" holds data \
	"abs(t['cpu_ns'] - ($after_us - $before_us) * 1000) <= ($after_us - $before_us)"
check "no such process: a clear error" fails_with "record: --pid $tree: No such process" \
	taskhold record -o none --pid "$tree"
check "nothing holds the module afterwards" no_policy
finish
