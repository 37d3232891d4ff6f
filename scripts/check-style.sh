#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Checks the sources without running them, and prints TAP: one result for each
# script in scripts/check-style/, with what it found. docs/style.md says what
# each looks for, and holds the table of exceptions.
# usage: check-style.sh [CHECK...]	by name, as "spdx"; all of them otherwise
#
# A check prints "FILE:LINE: what is wrong" for each finding and ends with 0,
# whether it found something or not; any other status says that it could not
# look. An exception that excuses nothing any more is a finding too.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$TASKHOLD_ROOT"

doc=docs/style.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

checks=("$@")
if ((${#checks[@]} == 0)); then
	for check in scripts/check-style/*.sh; do
		check=$(basename "$check" .sh)
		[[ $check == lib ]] || checks+=("$check")
	done
fi
for check in "${checks[@]}"; do
	[[ -x scripts/check-style/$check.sh ]] ||
		die "no check '$check': scripts/check-style/$check.sh is not there"
done

# The rows "| check | files | finding | reason |" below the heading Exceptions.
# Backquotes are for those who read the table.
[[ -r $doc ]] || die "$doc: cannot be read; it holds the exceptions"
excused_check=() excused_files=() excused_finding=() excused_line=()
while IFS=$'\t' read -r number check files finding; do
	excused_check+=("$check")
	excused_files+=("$files")
	excused_finding+=("$finding")
	excused_line+=("$number")
done < <(awk -F '|' '
	/^## / { inside = /^## Exceptions/ }
	inside && NF == 6 && $2 !~ /^ *(-+|check) *$/ {
		for (i = 2; i <= 4; i++) {
			gsub(/`/, "", $i)
			gsub(/^ +| +$/, "", $i)
		}
		if ($5 ~ /^ *$/)
			$4 = ""
		printf "%d\t%s\t%s\t%s\n", NR, $2, $3, $4
	}' "$doc")

# excuse CHECK <findings: prints those that no exception is for, and adds the
# rows that were used to $work/used.
excuse() {
	local line file text i

	while IFS= read -r line; do
		file=${line%%:*}
		text=${line#*: }
		for i in "${!excused_check[@]}"; do
			# shellcheck disable=SC2053 # patterns are what is wanted
			if [[ ${excused_check[i]} == "$1" && -n ${excused_finding[i]} &&
			      $file == ${excused_files[i]} && $text =~ ${excused_finding[i]} ]]; then
				echo "$i" >>"$work/used"
				continue 2
			fi
		done
		printf '%s\n' "$line"
	done
	for i in "${!excused_check[@]}"; do
		if [[ ${excused_check[i]} == "$1" ]] && ! grep -qx "$i" "$work/used"; then
			printf '%s:%s: this exception excuses nothing; remove it, or give its reason\n' \
				"$doc" "${excused_line[i]}"
		fi
	done
}

printf 'TAP version 13\n1..%d\n' "${#checks[@]}"
number=0
failed=0
for check in "${checks[@]}"; do
	number=$((number + 1))
	status=0
	: >"$work/used"
	"scripts/check-style/$check.sh" >"$work/found" 2>"$work/errors" || status=$?
	excuse "$check" <"$work/found" >"$work/left"
	if ((status != 0)); then
		{
			echo "scripts/check-style/$check.sh: it broke off with status $status"
			tail -n 20 "$work/errors"
		} >>"$work/left"
	fi
	if [[ ! -s $work/left ]]; then
		echo "ok $number $check"
		continue
	fi
	failed=1
	echo "not ok $number $check: $(wc -l <"$work/left") findings"
	sed 's/^/# /' "$work/left"
done
exit "$failed"
