#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The measurements, in the guest that bench/run.sh boots: each of them several
# times, in turn, so that what drifts drifts for all. One line of JSON a figure
# goes to RESULTS: {"round": R, "what": NAME, "instructions": NUMBER}. With one
# processor and -icount shift=0 a nanosecond is an instruction.
#
# usage: guest.sh RESULTS BIN TASKHOLD ROUNDS COUNT
set -euo pipefail

results=$1 bin=$2 taskhold=$3 rounds=$4 count=$5
accton=$(cd "$(dirname "$0")/.." && pwd -P)/out/tests/workloads/accton
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# await WHAT COMMAND...: until the command succeeds, 50 s at most. What a tool
# does before it is ready is not what it adds to a process.
await() {
	local what=$1 tries
	shift
	for ((tries = 0; tries < 1000; tries++)); do
		if "$@"; then
			return 0
		fi
		perl -e 'select undef, undef, undef, 0.05'
	done
	echo "bench: $what: not after 50 s" >&2
	exit 1
}

say() {
	printf '{"round": %d, "what": "%s", "instructions": %d}\n' "$1" "$2" "$3" >>"$results"
	echo "round $1: $2: $3"
}

spawn() { "$bin/spawn" "$count" 2>&1; }

# BSD accounting: 64 bytes a process, by the kernel.
run_accton() {
	: >"$work/pacct"
	"$accton" "$work/pacct"
	spawn
	"$accton" off
}

# A BPF program on sched_process_exit, and a line of text for each.
run_exitsnoop() {
	local pid
	exitsnoop >"$work/exitsnoop" 2>/dev/null &
	pid=$!
	await exitsnoop grep -q PCOMM "$work/exitsnoop"
	spawn
	kill -INT "$pid"
	wait "$pid" || true # it exits as it was killed
}

# The module alone.
loaded() {
	modprobe taskhold
	spawn
	modprobe -r taskhold
}

# Everything taskhold does: all fields, into a file, user space included.
record() {
	local pid
	rm -f "$work/recording"
	"$taskhold" record -q -o "$work/recording" &
	pid=$!
	await "the recorder" test -s "$work/recording"
	spawn
	kill -INT "$pid"
	wait "$pid"
	"$taskhold" report --require-complete --json "$work/recording" >"$work/report.json"
}

# An empty policy, or an empty program on the tracepoint of a fork.
attached() {
	coproc micro { "$bin/micro" "$1"; }
	# shellcheck disable=SC2154 # coproc sets micro and micro_PID
	local pid=$micro_PID line
	read -r line <&"${micro[0]}"
	[[ $line == attached ]]
	spawn
	local input=${micro[1]}
	exec {input}>&-
	wait "$pid"
}

# What ps needs for all processes, by system calls and text, a process.
run_ps() {
	local fields=pid,ppid,uid,comm,time,rss,cgroup ns lines
	lines=$(ps -eo "$fields" --no-headers | wc -l)
	ns=$("$bin/spawn" 5 ps -eo "$fields" 2>&1 >/dev/null)
	echo $((ns / lines))
}

# add ROUND NAME COMMAND...: how many more instructions a process needs while
# COMMAND makes the measurement than just before and after. What a process
# needs drifts, by some hundreds, with the state of the kernel's allocators.
base=0
add() {
	local round=$1 name=$2 with after
	shift 2
	with=$("$@")
	after=$(spawn)
	say "$round" nothing "$after"
	say "$round" "$name" $((with - (base + after) / 2))
	base=$after
}

spawn >/dev/null
base=$(spawn)
for ((round = 1; round <= rounds; round++)); do
	add "$round" accton run_accton
	add "$round" exitsnoop run_exitsnoop
	add "$round" loaded loaded
	modprobe taskhold
	add "$round" record record
	add "$round" empty-policy attached policy
	add "$round" empty-program attached program
	"$bin/micro" parts >"$work/parts"
	while read -r name ns; do
		say "$round" "$name" "$ns"
	done <"$work/parts"
	say "$round" ps "$(run_ps)"
	await "the module's unloading" modprobe -r taskhold
done
