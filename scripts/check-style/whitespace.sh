#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# No blanks at the end of lines, no CR, a newline at the end of the file, no
# blank lines there; what begins with "#!" can be run, and nothing else can.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"

files '.'
for file in "${files[@]}"; do
	# In a patch, the context of an empty line is a blank.
	if [[ $file != *.patch ]]; then
		awk -v file="$file" '
			/[ \t]$/ { printf "%s:%d: blanks at the end of the line\n", file, NR }
			/\r/ { printf "%s:%d: a carriage return\n", file, NR }
			{ last = $0 }
			END {
				if (!NR)
					printf "%s:1: an empty file\n", file
				else if (last == "")
					printf "%s:%d: a blank line at the end\n", file, NR
			}' "$file"
	fi
	[[ -z $(tail -c 1 "$file" | tr -d '\n') ]] ||
		echo "$file:$(wc -l <"$file"): no newline at the end of the file"
	if [[ $(head -c 2 "$file" | tr -d '\0') == '#!' ]]; then
		[[ -x $file ]] || echo "$file:1: it begins with #! and cannot be run: chmod +x"
	elif [[ -x $file ]]; then
		echo "$file:1: it can be run and does not begin with #!: chmod -x"
	fi
done
