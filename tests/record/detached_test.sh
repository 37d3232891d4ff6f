#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
#
# Somebody detaches the recorder's policy: the recording ends and says why, and
# the command goes on to its own end and status.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

plan 6
set -m
record_in_background data -- "$workloads/signals" log 7
await 20 grep -qx ready data.out
links=$(bpftool -j link show | python3 -c '
import json, sys
print(*(link["id"] for link in json.load(sys.stdin) if link["type"] == "struct_ops"))')
check "there is one link to a policy" grep -qE '^[0-9]+$' <<<"$links"
check "it can be detached" bpftool link detach id "$links"
ended() { tail -n 1 data.json | grep -q . && holds data 'r["recording"]["end"]' >/dev/null; }
report_ended() { report data 2>/dev/null && ended; }
check "the recording ends" await 20 report_ended
check "and says why; it is not complete" holds data 'not r["complete"]' \
	'r["recording"]["end"]["why"] == "detached"' 'r["recording"]["file"]["stopped"] == "whole"'
kill -INT "$(python3 -c 'import json; print(json.load(open("data.json"))["recording"]["root_pid"])')"
status=0
wait "$recorder" || status=$?
check "record ends as its command does all the same" same "$status" 7
check "nothing holds the module afterwards" no_policy
finish
