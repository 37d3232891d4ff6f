#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 90
#
# --cgroup: what runs in a cgroup and below, with processes that come and go:
# each cgroup is charged with what was used in it and no more.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

top=$cgroup/top
outside=$cgroup/outside
mkdir "$top" "$top/a" "$top/b" "$outside"

# start NAME CGROUP: a process in there that burns on demand
declare -A pids fds rounds
start() {
	local name=$1 fd

	mkfifo "$name.orders"
	(
		echo "$BASHPID" >"$2/cgroup.procs"
		exec "$workloads/burn" -t 2 100 <"$name.orders" >"$name.said"
	) &
	pids[$name]=$!
	exec {fd}>"$name.orders"
	fds[$name]=$fd
	rounds[$name]=0
	await 20 grep -qx ready "$name.said"
}
done_all() { [[ $(grep -cx "done" "$1.said") == "${rounds[$1]}" ]]; }
burn() {
	rounds[$1]=$((rounds[$1] + 1))
	echo "${2:-go}" >&"${fds[$1]}"
	await 30 done_all "$1"
	await 20 at_rest "${pids[$1]}"
}
move() { echo "${pids[$1]}" >"$2/cgroup.procs"; }
end() {
	echo end >&"${fds[$1]}"
	wait "${pids[$1]}"
}

plan 13
start inside "$top/a"
start comes "$outside"
start stranger "$outside"
burn inside
burn comes
before_us=$(usage_us "$top")
before_outside_us=$(usage_us "$outside")
record_in_background data --cgroup "$(path_of "$top")"
burn inside
burn stranger
move comes "$top/b"
burn comes
burn comes child
# from one to another, with CPU time in both
move inside "$top/b"
burn inside
# and out again: it is held on, and what it uses there is not the cgroup's
move comes "$outside"
burn comes
move comes "$top/a"
burn comes
mkdir "$top/new"
(
	echo "$BASHPID" >"$top/new/cgroup.procs"
	exec "$workloads/burn" -n 200
)
rmdir "$top/new"
end inside
end comes
burn stranger
end stranger
after_us=$(usage_us "$top")
a_us=$(usage_us "$top/a")
b_us=$(usage_us "$top/b")
outside_us=$(usage_us "$outside")
status=0
stop_recorder INT || status=$?
check "record ends with 0" same "$status" 0
rmdir "$top"/*/ "$top" "$outside"
report data
a=$(path_of "$top/a") b=$(path_of "$top/b") top=$(path_of "$top") out=$(path_of "$outside")
"$lib/witness.py" figures data.json $((after_us - before_us))

check "the recording is complete" holds data 'r["complete"]' 't["live"] == 0'
check "four processes were in there" holds data 't["tasks"] == 4'
check "the one that never was is not among them" holds data \
	"${pids[stranger]} not in [row['pid'] for row in rows]"
check "those below the cgroup are covered, others not" holds data \
	"cg['$top']['covered'] and cg['$a']['covered'] and cg['$top/new']['covered']" \
	"not cg['$out']['covered'] and cg['$out']['residual_ns'] is None"
# 3 moves: a tick's worth of time may be charged to either side of each.
bound=$(((after_us - before_us) * 10))
check "all of it used what the kernel charged, to 1 %" holds data \
	"abs(cg['$top']['cpu_tree_ns'] - ($after_us - $before_us) * 1000) <= $bound"
check "and the report's own reading is the same" holds data \
	"abs(cg['$top']['cpu_stat_ns'] - ($after_us - $before_us) * 1000) <= 2000"
check "its residual is within that" holds data "abs(cg['$top']['residual_ns']) <= $bound"
check "so is each of those below" holds data \
	"abs(cg['$b']['cpu_tree_ns'] - $b_us * 1000) <= $bound" \
	"cg['$a']['cpu_tree_ns'] < $a_us * 1000"
check "one was removed meanwhile, and has all that was used in it" holds data \
	"cg['$top/new']['removed']" "abs(cg['$top/new']['residual_ns']) <= $bound" \
	"cg['$top/new']['cpu_ns'] >= 190_000_000"
check "what one of them used outside is charged there" holds data \
	"190_000_000 <= cg['$out']['cpu_ns'] < ($outside_us - $before_outside_us) * 1000"
check "who moved is marked" holds data \
	"sorted(row['pid'] for row in rows if row['cpu_moved_ns']) == sorted([${pids[inside]}, ${pids[comes]}])"
check "a cgroup that is not there is a clear error" \
	fails_with "record: --cgroup /no/such: No such file or directory" \
	taskhold record -o none --cgroup /no/such
finish
