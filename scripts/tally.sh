#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sums up the TAP files of suites: skips with their reasons, failures by name with
# what the test said of them, and in the last line "N passed, N failed, N skipped":
# who sees only the end of it knows what to look for. Fails where a test failed or
# where there is nothing to sum up.
# usage: tally.sh [--some] SUITE...
# SUITE is a directory with *.tap; with --some one of them may hold none, as
# when tests were picked by name.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

some=
if [[ ${1:-} == --some ]]; then
	some=yes
	shift
fi
(($# > 0)) || die "usage: tally.sh [--some] SUITE..."

shopt -s nullglob
for suite in "$@"; do
	files=("$suite"/*.tap)
	if ((${#files[@]} == 0)); then
		[[ -n $some ]] || printf 'F\t%s\tthe suite ran no tests\n' "${suite##*/}"
		continue
	fi
	for file in "${files[@]}"; do
		awk -v where="${suite##*/}/$(basename "$file" .tap)" '
			# What uses the harness of kselftest says before a result where and what
			# it was, among other things; all others say it afterwards.
			function tell(text) {
				sub(/^#[ \t]*/, "", text)
				if (said++ < 3)
					printf "D\t%s\n", text
			}
			BEGIN { plan = -1 }
			/^# +RUN / { harness = 1; nr_before = 0 }
			harness && (/^# [^ ]+\.[ch]:[0-9]+:/ ||
				    /^# [^ ]+: Test (terminated|exited|ended) /) {
				before[++nr_before] = $0
			}
			# the last words of a program, with the harness and without
			/^# cannot go on: / { before[++nr_before] = $0 }
			/^#/ && !harness && failed { tell($0) }
			/^1\.\.[0-9]+/ {
				plan = substr($1, 4) + 0
				if (plan == 0) {
					reason = $0
					sub(/^[^#]*#?[ \t]*(SKIP)?[ \t]*/, "", reason)
				}
			}
			/^(not )?ok([ \t]|$)/ {
				seen++
				name = $0
				bad = sub(/^not ok[ \t]*[0-9]*[ \t]*(- )?/, "", name)
				sub(/^ok[ \t]*[0-9]*[ \t]*(- )?/, "", name)
				failed = bad
				said = 0
				if (bad) {
					printf "F\t%s\t%s\n", where, name
					for (i = 1; i <= nr_before; i++)
						tell(before[i])
				} else if (match(name, /[ \t]*#[ \t]*(SKIP|XFAIL)[ \t]*/)) {
					reason = substr(name, RSTART + RLENGTH)
					printf "S\t%s\t%s: %s\n", where, substr(name, 1, RSTART - 1), \
						reason == "" ? "no reason given" : reason
				} else
					print "P"
				nr_before = 0
			}
			END {
				if (plan < 0)
					printf "F\t%s\tno plan\n", where
				else if (seen + 0 != plan)
					printf "F\t%s\t%d of %d planned results\n", where, seen, plan
				else if (plan == 0)
					printf "S\t%s\tnothing ran: %s\n", where, \
						reason == "" ? "no reason given" : reason
			}
		' "$file"
	done
done | awk -F '\t' '
	$1 == "P" { passed++ }
	$1 == "F" { failures[failed++] = $2 ": " $3 }
	$1 == "D" { details[failed] = details[failed] "\n        " substr($0, 3) }
	$1 == "S" { skips[skipped++] = $2 ": " $3 }
	END {
		for (i = 0; i < skipped; i++)
			print "SKIPPED " skips[i]
		for (i = 0; i < failed; i++)
			print "FAILED  " failures[i] details[i + 1]
		if (passed + failed + skipped == 0)
			print "no test was run"
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit (failed || passed + skipped == 0) ? 1 : 0
	}
'
