# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a test says about itself in the head of its source, and by its results, for
# those who run it:
# suite.sh in the guest and scripts/check.sh on the host.

# source_of TEST: TEST is <topic>/<name>_test, without tests/ and the suffix.
source_of() {
	local suffix

	for suffix in sh c; do
		if [[ -e $TASKHOLD_ROOT/tests/$1.$suffix ]]; then
			printf '%s\n' "$TASKHOLD_ROOT/tests/$1.$suffix"
			return
		fi
	done
	echo "no test $1: neither tests/$1.sh nor tests/$1.c is there" >&2
	return 1
}

# program_of SOURCE: what runs it.
program_of() {
	case $1 in
	*.sh) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$TASKHOLD_ROOT/out/tests/$(basename "$(dirname "$1")")/$(basename "$1" .c)" ;;
	esac
}

# directive SOURCE NAME: the value of each "NAME: value" that stands alone in a
# comment among the first 40 lines.
directive() {
	head -n 40 "$1" |
		sed -nE "s,^[[:space:]]*(#|//|\*|/\*)[[:space:]]*$2: *(.*[^ */])[ */]*\$,\2,p"
}

# sum_up TEST TAP SECONDS: one line.
sum_up() {
	printf '%s %s: %s, %s s\n' \
		"$(grep -q '^not ok' "$2" && echo FAIL || echo "ok  ")" "$1" \
		"$(awk '/^ok.*# *(SKIP|XFAIL)/ { s++; next } /^ok/ { p++ } /^not ok/ { f++ }
			END { printf "%d passed, %d failed, %d skipped", p, f, s }' "$2")" "$3"
}
