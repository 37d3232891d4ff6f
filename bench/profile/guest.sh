#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest that bench/profile/run.sh boots: runs bench/spawn once for each
# thing that is compared, and leaves, before each, where the regions begin, for
# the plugin, and what functions are called, for the report. OUT/dumps has
# "NAME NANOSECONDS" a line, in the order of the plugin's files.
#
# usage: guest.sh OUT BIN TASKHOLD ROUNDS COUNT
set -euo pipefail
here=$(dirname "$0")

out=$1 bin=$2 taskhold=$3 rounds=$4 count=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dump=0

# await WHAT COMMAND...: until the command succeeds, 50 s at most.
await() {
	local what=$1 tries
	shift
	for ((tries = 0; tries < 1000; tries++)); do
		if "$@"; then
			return 0
		fi
		perl -e 'select undef, undef, undef, 0.05'
	done
	echo "profile: $what: not after 50 s" >&2
	exit 1
}

# count_as NAME: the processes from here on are those of NAME.
count_as() {
	local ns

	awk '$2 ~ /[tT]/ { print $1, $3, $4 }' /proc/kallsyms >"$out/symbols.$dump"
	# "FUNCTION NAME PARENT" a line; a function that is not there begins nothing
	awk 'FNR == NR { at[$2] = at[$2] ? at[$2] : $1; next }
		/^[^#]/ { print ($1 in at ? at[$1] : 0), $2, $3 }' \
		"$out/symbols.$dump" "$here/regions" >"$out/regions"
	sync
	ns=$("$bin/spawn" "$count" 2>&1)
	echo "$1 $ns" >>"$out/dumps"
	echo "$1: $ns instructions a process"
	dump=$((dump + 1))
}

# A processor's worth of priority: a write() that is interrupted by the
# processes could not be told from them.
record() {
	local pid
	rm -f "$work/recording"
	chrt --fifo 1 "$taskhold" record -q -o "$work/recording" &
	pid=$!
	await "the recorder" test -s "$work/recording"
	count_as record
	kill -INT "$pid"
	wait "$pid"
	"$taskhold" report --require-complete --json "$work/recording" >"$work/report.json"
}

# attached WHAT: an empty policy, or an empty program on the tracepoint of a fork
attached() {
	coproc micro { "$bin/micro" "$1"; }
	# shellcheck disable=SC2154 # coproc sets micro and micro_PID
	local pid=$micro_PID line
	read -r line <&"${micro[0]}"
	[[ $line == attached ]]
	count_as "empty-$1"
	local input=${micro[1]}
	exec {input}>&-
	wait "$pid"
}

: >"$out/dumps"
# what is cold, counted and not used
count_as warm-up
for ((round = 1; round <= rounds; round++)); do
	count_as nothing
	modprobe taskhold
	count_as loaded
	attached policy
	attached program
	record
	await "the module's unloading" modprobe -r taskhold
done
count_as nothing
