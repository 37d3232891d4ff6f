# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests of `taskhold record`, which run it in the guest and compare what it
# wrote with what others saw. Sourced after tap.sh; makes $work, which is the
# current directory and is removed at the end, and names $cgroup, the one that
# the test runs in, $workloads and $lib.

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
export workloads=$lib/../../out/tests/workloads
work=$(mktemp -d)
cd "$work" || exit 1
# Commands that put back what a test has changed.
at_end=()
clean_up() {
	local command

	for command in "${at_end[@]}"; do
		$command
	done
	cd /
	rm -rf "$work"
}
trap clean_up EXIT

cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
cgroup=${cgroup%/}

# await SECONDS COMMAND...: waits for a condition, with a bound that grows with
# the slowness of the kernel.
await() {
	local end=$((SECONDS + $1 * ${TASKHOLD_SLOW:-1} + 1))
	shift

	until "$@"; do
		((SECONDS < end)) || return 1
		# a pause: nothing comes, so it fails after that time
		read -rt 0.02 <> <(:) || :
	done
}

# at_rest PID...: their threads are asleep: all that they have used is charged
at_rest() {
	local pid

	for pid in "$@"; do
		[[ $(grep -h ^State: /proc/"$pid"/task/*/status | sort -u) == $'State:\tS (sleeping)' ]] ||
			return 1
	done
}

# The first block is written when the policy is attached.
begun() { [[ -s $1 ]]; }

# record_in_background FILE OPTION...: sets $recorder, and returns when the
# policy is attached; what it says is in FILE.err.
record_in_background() {
	local file=$1
	shift

	rm -f "$file"
	taskhold record -o "$file" "$@" </dev/null >"$file.out" 2>"$file.err" &
	recorder=$!
	await 20 begun "$file" || {
		echo "# taskhold record has not begun within 20 s: $(<"$file.err")"
		return 1
	}
}

# stop_recorder [SIGNAL]: the recorder's exit status
stop_recorder() {
	local status=0

	kill -"${1:-INT}" "$recorder"
	wait "$recorder" || status=$?
	return "$status"
}

# status_is STATUS COMMAND...
status_is() {
	local want=$1 status=0
	shift

	"$@" || status=$?
	same "$status" "$want"
}

# report FILE: makes FILE.json and FILE.csv
report() {
	taskhold report --json "${@:2}" "$1" >"$1.json"
	taskhold report --csv --by task "$1" >"$1.csv"
}

holds() { "$lib/witness.py" holds "$1.json" "${@:2}"; }
charged() { "$lib/witness.py" charged "$1.json" "${@:2}"; }

# usage_us CGROUP
usage_us() {
	sed -n 's/^usage_usec //p' "$1/cpu.stat"
}

# path_of CGROUP: as reports name it
path_of() {
	printf '%s\n' "${1#/sys/fs/cgroup}"
}

no_policy() {
	local policies

	policies=$(taskhold status --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["policies"]))')
	same "$policies" 0
}
unused() { [[ $(</sys/module/taskhold/refcnt) == 0 ]]; }
