#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 90
#
# SIGINT and SIGTERM: the command's, once; the recording ends whole either way.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

ready() { grep -qx ready "$1.out"; }

# ends_by FILE SIGNAL COMMAND...: the recorder's status once it got the signal
ends_by() {
	local file=$1 signal=$2 status=0
	shift 2

	record_in_background "$file" "$@"
	(($# == 0)) || await 20 ready "$file"
	stop_recorder "$signal" || status=$?
	echo "$status" >"$file.status"
	report "$file"
}

plan 16
# A shell's background jobs ignore SIGINT unless it has job control.
set -m
ends_by int INT -- "$workloads/signals" int.log 3
check "SIGINT is passed to the command, whose status counts" same "$(<int.status)" 3
check "it got it once" same "$(<int.log)" INT
check "what it did about it is recorded, to its end" holds int 'r["complete"]' \
	'r["recording"]["end"]["why"] == "command"' \
	'any(row["comm"] == "true" for row in rows)' 't["live"] == 0'
ends_by term TERM -- "$workloads/signals" term.log 3
check "SIGTERM as well" same "$(<term.status)" 3
check "it got it once" same "$(<term.log)" TERM

# Without a command, the first one ends it.
for signal in INT TERM; do
	ends_by "alone-$signal" "$signal"
	check "SIG$signal without a command ends the recording with 0" \
		same "$(<"alone-$signal.status")" 0
	check "and it is whole" holds "alone-$signal" 'r["complete"]' \
		'r["recording"]["end"]["why"] == "signal"' \
		'r["recording"]["end"]["status"] is None' \
		't["live"] > 10' 'any(row["pid"] == 1 and row["state"] == "live" for row in rows)'
done

# A command that takes no notice: the second signal ends the recording alone.
got_one() { [[ -s deaf.log ]]; }
record_in_background deaf -- "$workloads/signals" deaf.log
await 20 ready deaf
kill -INT "$recorder"
check "a command may take no notice of SIGINT" await 10 got_one
check "nor does the recorder end then" kill -0 "$recorder"
status=0
stop_recorder INT || status=$?
check "a second one ends the recording" same "$status" 0
report deaf
command=$(python3 -c 'import json; print(json.load(open("deaf.json"))["recording"]["root_pid"])')
check "and leaves the command alone" kill -0 "$command"
check "the recording is whole" holds deaf 'r["complete"]' \
	'r["recording"]["end"]["why"] == "signal"' 't["live"] >= 1'
: >deaf.log.enough
check "the command goes on to its end" await 10 test -e deaf.log.ended
check "it got one signal, and not the second" same "$(<deaf.log)" INT
finish
