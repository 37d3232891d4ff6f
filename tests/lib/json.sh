# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What commands print as JSON, by expressions of Python; sourced by tests/lib/*.sh, which
# have made $work.

# evaluate EXPRESSION: of Python, over some lines, in which r is what stdin has as JSON
evaluate() {
	python3 -c '
import json, sys
r = json.load(sys.stdin)
print(eval("(" + sys.argv[1] + ")"))' "$1"
}

# is_true EXPRESSION FILE: of the JSON in it, which is shown where it is not
is_true() {
	[[ $(evaluate "$1" <"$2") == True ]] || {
		printf 'does not hold: %s\n' "$1"
		cat "$2"
		return 1
	}
}

# holds EXPRESSION COMMAND...: what the command prints is JSON, of which that is true.
# shellcheck disable=SC2154 # $work is made by who sources this
holds() {
	local expression=$1
	shift

	"$@" >"$work/said" 2>"$work/err" || { cat "$work/said" "$work/err"; return 1; }
	is_true "$expression" "$work/said" || { cat "$work/err"; return 1; }
}
