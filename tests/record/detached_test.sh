#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
#
# Somebody detaches the recorder's policy: the recording ends and says why, as the module
# does, and the command goes on to its own end and status.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

plan 14
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
check "and has said why" grep -q \
	"^taskhold: policy .* is detached from outside: .* (unregistered, code 0); nothing is recorded any more$" data.err
check "the recording has that too" holds data "'(unregistered, code 0)' in r['recording']['end']['detached']"

has_ended() { ! kill -0 "$recorder" 2>/dev/null; }
policy_of() { taskhold status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["policies"][0]["name"])'; }
record_in_background alone
policy=$(policy_of)
echo "$policy" >/sys/module/taskhold/parameters/detach
check "without a command it ends by itself" await 20 has_ended
status=0
wait "$recorder" || status=$?
check "with a status of its own" same "$status" 6
why="the module's parameter detach named it (parameter, code 0)"
check "it says who has detached it" grep -qxF \
	"taskhold: policy $policy is detached from outside: $why; nothing is recorded any more" alone.err
check "what it has recorded can be read" report alone
check "and says the same as JSON" holds alone "r['recording']['end']['why'] == 'detached'" \
	"r['recording']['end']['detached'] == \"$why\""
taskhold report alone >alone.text
check "and for people" grep -qxF "ended      as the policy was detached: $why" alone.text
check "nothing holds the module afterwards" no_policy
finish
