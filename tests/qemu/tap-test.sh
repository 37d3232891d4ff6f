#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # check calls the functions
#
# The table test of tap.awk and tally.sh: what a program printed and its status,
# and what becomes of it. Runs on the host.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
scripts=$(dirname "$0")/../../scripts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# tallied STATUS TEXT: the last line of the tally for such a program.
tallied() {
	rm -rf "$work/suite"
	mkdir "$work/suite"
	printf '%b' "$2" | awk -v name=x -v status="$1" -v limit=60 \
		-v findings="${3:-}" -f "$scripts/tap.awk" >"$work/suite/x.tap"
	cat "$work/suite/x.tap"
	"$scripts/tally.sh" "$work/suite" >"$work/tally" ||
		echo "tally.sh ended with status $?"
	tail -n 1 "$work/tally" >"$work/last"
}
becomes() {
	tallied "$2" "$3" "${4:-}"
	same "$(<"$work/last")" "$1"
}

# passed failed skipped|status|name|text
cases=(
	'2 0 0|0|all pass|TAP version 13\n1..2\nok 1 a\nok 2 b\n'
	'1 1 0|1|one fails|1..2\nok 1 a\nnot ok 2 b\n'
	'1 0 1|0|one is skipped|1..2\nok 1 a\nok 2 b # SKIP no such thing\n'
	'1 0 1|4|a skip explains status 4|1..2\nok 1 a\nok 2 b # SKIP no such thing\n'
	'1 1 0|4|nothing explains status 4|1..1\nok 1 a\n'
	'0 0 1|4|a plan of none|1..0 # SKIP not on this kernel\n'
	'0 0 1|4|a plan of none and no reason|1..0\n'
	'1 1 0|3|a status that no result explains|1..1\nok 1 a\n'
	'0 1 0|1|a failure explains its status|1..1\nnot ok 1 a\n'
	'0 1 0|0|no plan|\n'
	'1 1 0|0|results without a plan|ok 1 a\n'
	'1 1 0|0|fewer results than planned|1..2\nok 1 a\n'
	'2 1 0|0|more results than planned|1..1\nok 1 a\nok 2 b\n'
	'1 1 0|0|two plans|1..1\nok 1 a\n1..1\n'
	'1 2 0|139|killed by a signal|1..3\nok 1 a\n'
	'1 2 0|124|not ended in time|1..3\nok 1 a\n'
	'0 2 0|0|bail out|1..1\nBail out! no memory\n'
	'1 0 0|0|chatter|libbpf: hello\n1..1\n# a comment\nok 1 - a\n'
	'1 0 0|0|the plan at the end|ok 1 a\n1..1\n'
	'0 0 1|0|an expected failure is no pass|1..1\nok 1 a # XFAIL known\n'
	'1 0 0|0|a name with ok in it|1..1\nok 1 not ok is not ok\n'
)
plan $((${#cases[@]} + 12))
for case in "${cases[@]}"; do
	IFS='|' read -r wanted status name text <<<"$case"
	read -r p f s <<<"$wanted"
	check "$name" becomes "$p passed, $f failed, $s skipped" "$status" "$text"
done

printf 'left pins behind\nthe kernel log is not clean\n' >"$work/findings"
check "findings are failures" becomes "1 passed, 2 failed, 0 skipped" 0 '1..1\nok 1 a\n' "$work/findings"

# ends_with LINES STATUS TEXT: what the tally says of it at the end.
ends_with() {
	local lines

	tallied "$2" "$3"
	mapfile -t lines <<<"$1"
	same "$(tail -n "${#lines[@]}" "$work/tally")" "$1"
}
harness='TAP version 13\n1..4\n# Starting 4 tests from 1 test cases.\n'
harness+='#  RUN           x.a ...\n# x.c:2:a:All is well\n#            OK  x.a\nok 1 x.a\n'
harness+='#  RUN           x.b ...\n# x.c:7:b:Expected 0 (0) == ret (1)\n# b: Test failed\n#          FAIL  x.b\nnot ok 2 x.b\n'
harness+='#  RUN           x.c ...\n# cannot go on: fork (errno 11)\n# c: Test failed\n#          FAIL  x.c\nnot ok 3 x.c\n'
harness+='#  RUN           x.d ...\n# d: Test terminated by timeout\n#          FAIL  x.d\nnot ok 4 x.d\n'
harness+='# FAILED: 1 / 4 tests passed.\n# Totals: pass:1 fail:3 xfail:0 xpass:0 skip:0 error:0\n'
check "what a program said before a failure stands below it" ends_with \
	"FAILED  suite/x: x.b
        x.c:7:b:Expected 0 (0) == ret (1)
FAILED  suite/x: x.c
        cannot go on: fork (errno 11)
FAILED  suite/x: x.d
        d: Test terminated by timeout
1 passed, 3 failed, 0 skipped" 1 "$harness"
check "a program that said nothing has nothing below it" ends_with \
	"FAILED  suite/x: x.a
1 passed, 1 failed, 0 skipped" 1 \
	'1..2\n#  RUN           x.a ...\n#          FAIL  x.a\nnot ok 1 x.a\n#  RUN           x.b ...\n#            OK  x.b\nok 2 x.b\n'
check "last words stand below what is said of how a program ended" ends_with \
	"FAILED  suite/x: x: ended with status 1, which none of its results explains
        cannot go on: modprobe testmod (errno 2)
FAILED  suite/x: x: printed no plan
0 passed, 2 failed, 0 skipped" 1 '# cannot go on: modprobe testmod (errno 2)\n'
check "a script may say what a compiler does" ends_with \
	"FAILED  suite/x: a
        x.c:1: too long
FAILED  suite/x: b
        x.c:2: no tab
0 passed, 2 failed, 0 skipped" 1 '1..2\nnot ok 1 a\n# x.c:1: too long\nnot ok 2 b\n# x.c:2: no tab\n'
check "so does what a script said after it, three lines of it" ends_with \
	"FAILED  suite/x: a
        one
        two
        three
FAILED  suite/x: c
0 passed, 2 failed, 1 skipped" 1 \
	'1..3\nnot ok 1 a\n# one\n# two\n# three\n# four\nok 2 b # SKIP none\n# of b\nnot ok 3 c\n'

fails() {
	! "$@"
}
mkdir "$work/empty" "$work/good" "$work/short"
printf 'TAP version 13\nok 1 a\n1..1\n' >"$work/good/a.tap"
printf 'TAP version 13\n1..2\nok 1 a\n' >"$work/short/a.tap"
check "a good suite" "$scripts/tally.sh" "$work/good"
check "a suite without tests fails" fails "$scripts/tally.sh" "$work/good" "$work/empty"
check "a suite that is not there fails" fails "$scripts/tally.sh" "$work/good" "$work/absent"
check "a suite may be empty where tests were picked" "$scripts/tally.sh" --some "$work/good" "$work/empty"
check "nothing at all fails, picked or not" fails "$scripts/tally.sh" --some "$work/empty"
check "a file with fewer results than planned fails" fails "$scripts/tally.sh" "$work/short"
finish
