#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# where: host
#
# What tests/lib/json.sh says of JSON, on which other tests stand: what holds and what
# does not, and that what goes wrong is said, and spoils no later answer.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
TASKHOLD_ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=tests/lib/json.sh
. "$TASKHOLD_ROOT/tests/lib/json.sh"
work=$(mktemp -d)
json_start
trap 'json_end >/dev/null; rm -rf "$work"' EXIT

# says TEXT EXPRESSION JSON
says() {
	same "$(printf '%s' "$3" | evaluate "$2")" "$1"
}
# wrong TEXT EXPRESSION JSON: it fails with that text
wrong() {
	local status=0

	printf '%s' "$3" | evaluate "$2" >"$work/out" 2>"$work/said" || status=$?
	cat "$work/out" "$work/said"
	((status == 1)) && [[ ! -s $work/out ]] && grep -qF -- "$1" "$work/said"
}
# not COMMAND...
not() {
	! "$@"
}
large() {
	same "$(python3 -c 'print(list(range(100000)))' | evaluate 'r' | md5sum)" \
		"$(python3 -c 'print(list(range(100000)))' | md5sum)"
}
nested() {
	same "$(echo "[$(echo '{"a": 2}' | evaluate "r['a']"), 3]" | evaluate "r[0] + r[1]")" 5
}
of_another() {
	local status=0

	# a question whose answer nobody has read
	printf '%s\0' 1 '{}' 'r' >&"$json_question"
	echo '{}' | evaluate r 2>"$work/said" || status=$?
	cat "$work/said"
	((status == 1)) && grep -q "is another's" "$work/said"
}

plan 15
check "what a value is" says 3 "r['a'] + 1" '{"a": 2}'
check "over several lines" says "[1, 2]" "[x
	for x in r]" '[1, 2]'
check "what holds" holds "r == [1]" echo '[1]'
check "what does not" not holds "r == [2]" echo '[1]'
check "what is no bool does not" not holds "r" echo '[1]'
check "a command that fails" not holds "r == [1]" sh -c 'echo "[1]"; exit 1'
check "an expression that raises says so" wrong "KeyError: 'b'" "r['b']" '{"a": 2}'
check "what is no JSON says so" wrong "JSONDecodeError" "r" '{"a": '
check "nor is nothing at all" wrong "JSONDecodeError" "r" ''
check "what no text can have does not break it" says 'a\0b \ud800' "r" '"a\u0000b \ud800"'
check "it still answers" says 3 "r['a'] + 1" '{"a": 2}'
check "an answer of any length" large
check "one question within another" nested
check "an answer that is another's is not taken" of_another
kill "$json_evaluator"
wait "$json_evaluator" || echo "# it was killed"
check "nobody there says so" wrong "nobody evaluates 'r' any more" r '{}'
finish
