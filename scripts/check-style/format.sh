#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# clang-format over all C: indentation, braces, blanks. Where a line is broken
# is its author's choice (checkpatch sees to its length), and so is what is
# lined up within lines: tables of members, constants and their comments.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"
# The output of another version is another.
require clang-format-19 clang-format-19

# One blank for each run of them, but for those that indent.
squeeze() {
	awk '{
		match($0, /^[ \t]*/)
		head = substr($0, 1, RLENGTH)
		rest = substr($0, RLENGTH + 1)
		gsub(/[ \t]+/, " ", rest)
		print head rest
	}' "$@"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

files '\.[ch]$'
for file in "${files[@]}"; do
	squeeze "$file" >"$work/has"
	clang-format-19 --style=file "$file" >"$work/formatted"
	squeeze "$work/formatted" >"$work/wants"
	diff --unchanged-line-format='' --old-line-format="$file:%dn: has   %L" \
		--new-line-format="$file:%dn: wants %L" "$work/has" "$work/wants" ||
		(($? == 1))
done
