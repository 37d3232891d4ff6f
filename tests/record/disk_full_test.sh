#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# The disk is full: the error says so, what was written can be read up to the
# last whole block, and the command goes on to its end as if nothing were.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

unmount() { ! mountpoint -q "$work/small" || umount "$work/small"; }
at_end+=(unmount)

plan 9
mkdir small
mount -t tmpfs -o size=3m tmpfs small
status=0
taskhold record -o small/data -- "$workloads/storm" 20000 storm.log >out 2>err || status=$?
check "record ends with 4" same "$status" 4
check "the message says what could not be written, and why" \
	grep -qE '^taskhold: cannot write small/data after [0-9]+ bytes: No space left on device; the [0-9]+ blocks before can be read$' err
check "once" same "$(wc -l <err)" 1
check "the command went on to its end" same "$(wc -l <storm.log)" 20000
cp small/data data
umount small
report data
check "the recording can be read" holds data \
	'r["recording"]["file"]["stopped"] == "whole"' 'len(rows) > 100'
check "and says that it did not end" holds data 'not r["complete"]' '"no-end" in why'
check "the processes that it has are right" "$lib/witness.py" storm data.csv storm.log some

status=0
taskhold record -o /no/such/directory/data -- touch ran 2>err || status=$?
check "a file that cannot be made is an error before anything runs" \
	same "$status,$(ls ran 2>&1)" "4,ls: cannot access 'ran': No such file or directory"
check "nothing holds the module afterwards" no_policy
finish
