#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# record ends as its command did, and makes no file where there is no command.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

no_file() {
	[[ ! -e $1 ]] || { echo "$1 was made" && return 1; }
}

plan 21
check "true" status_is 0 taskhold record -o ok -- true
check "its recording is complete" taskhold report --require-complete --json ok
check "exit 7" status_is 7 taskhold record -o seven -- sh -c 'exit 7'
report seven
check "and the recording says so" \
	holds seven 'r["recording"]["end"]["why"] == "command"' \
	'r["recording"]["end"]["status"] == 7 << 8' 'rows[0]["exit_status"] == 7'
# shellcheck disable=SC2016 # expanded by that shell
check "killed by SIGTERM" status_is $((128 + 15)) taskhold record -o term -- sh -c 'kill -TERM $$'
report term
check "and the recording says so" \
	holds term 'r["recording"]["end"]["status"] == 15' 'rows[0]["exit_signal"] == 15' \
	'rows[0]["exit_status"] is None'
# shellcheck disable=SC2016 # expanded by that shell
check "options of the command are its own" status_is 0 taskhold record -o opts sh -c 'test "$1" = -o' x -o
check "standard input, output and error are its own" \
	same "$(echo in | taskhold record -o io -- sh -c 'cat; echo err >&2' 2>&1)" $'in\nerr'

check "no such command in PATH: 127" status_is 127 taskhold record -o none -- no-such-command
check "with a message" fails_with "no-such-command: command not found" \
	taskhold record -o none -- no-such-command
check "and no file" no_file none
check "no such file: 127" status_is 127 taskhold record -o none -- ./no-such-command
check "and no file" no_file none
echo 'exit 0' >script
check "not executable: 126" status_is 126 taskhold record -o none -- ./script
check "with a message" fails_with "./script: cannot be executed: Permission denied" \
	taskhold record -o none -- ./script
check "and no file" no_file none
check "a directory: 126" status_is 126 taskhold record -o none -- /tmp
check "and no file" no_file none
printf '#!/no/such/interpreter\n' >orphan
chmod +x orphan
check "an interpreter that is not there: 127" status_is 127 taskhold record -o late -- ./orphan
check "with a message that names the command" fails_with "./orphan" \
	taskhold record -o late -- ./orphan
check "nothing holds the module afterwards" no_policy
finish
