#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
#
# A recording that goes down a pipe is the same recording.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

plan 8
mkfifo burning
"$workloads/burn" -c 3 20 <burning >said &
burn=$!
exec 5>burning
await 10 grep -qx ready said
{
	status=0
	taskhold record -o - --pid "$burn" 2>err || status=$?
	echo "$status" >status
} | tee piped | taskhold report --json - >piped.json &
reader=$!
begun_on_pipe() { begun piped; }
await 20 begun_on_pipe
echo go >&5
await 20 grep -qx "done" said
echo end >&5
ended=0
wait "$burn" || ended=$?
check "the process that is recorded ends well" same "$ended" 0
ended=0
wait "$reader" || ended=$?
check "and so does the reader at the end of the pipe" same "$ended" 0
check "record ends with 0 when its process has" same "$(<status)" 0
check "and says nothing" same "$(<err)" ""
check "the report read from the pipe is complete" holds piped 'r["complete"]' \
	't["tasks"] == 4' 't["live"] == 0' 'r["recording"]["end"]["why"] == "task"' \
	'r["recording"]["file"]["stopped"] == "whole"'
taskhold report --json piped >again.json
sed 's/"name":"-"/"name":"piped"/; s/"left":null/"left":0/' piped.json >as_file.json
check "and the same as from a file" cmp as_file.json again.json

# A reader that goes away: the recorder says so, once, and ends.
{
	status=0
	taskhold record -o - --interval 50ms 2>err || status=$?
	echo "$status" >status
} | head -c 100 >/dev/null
check "a reader that goes away is an error of writing" same "$(<status)" 4
check "with a message" grep -q '^taskhold: cannot write standard output after [0-9]* bytes: Broken pipe' err
finish
