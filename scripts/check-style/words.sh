#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is not meant to stay: notes about work left undone, failures that are
# swallowed, paths and servers of the machine that somebody works on.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"

# look REGEX WHY [FILE-REGEX]: the brackets keep a pattern from finding itself.
look() {
	local line

	files "${3:-.}"
	while IFS= read -r line; do
		printf '%s: %s\n' "$(cut -d : -f 1,2 <<<"$line")" "$2: $(cut -d : -f 3- <<<"$line" | tr -s '\t ' ' ')"
	done < <(grep -HnIE -- "$1" "${files[@]}" || (($? == 1)))
}

look '(^|[^[:alnum:]_])(TOD[O]|FIXM[E]|XX[X]|HAC[K])([^[:alnum:]_]|$)' \
	'work left undone: do it, or open an issue'
look '(^|[^[:alpha:]])([Ff]or no[w]|[Tt]emporary hac[k]|[Nn]ot implemented ye[t])([^[:alpha:]]|$)' \
	'work left undone: do it, or open an issue' '\.([chS]|sh|awk|py|mk)$|(^|/)(Makefile|Kbuild)$'
look '(^|[^[:alnum:]_./$}])/(work|hom[e]/[a-z]+)/' \
	'a path of one machine' '\.([chS]|sh|awk|py|mk|md)$|(^|/)(Makefile|Kbuild|dkms.conf)$'
look '(deb|security|snapshot|ftp)[.]debian[.]or[g]' \
	'a package server: apt knows which ones to use'

# A failure may be passed over where a comment, there or in the line above, says
# why.
files '\.(sh|mk)$|(^|/)Makefile$'
for file in "${files[@]}"; do
	awk -v file="$file" '
		/\|\| *(true|:)( |;|\)|$)/ && !/[ \t]#/ && above !~ /^[ \t]*#/ {
			gsub(/[ \t]+/, " ")
			printf "%s:%d: a failure is passed over, and no comment says why:%s\n", file, NR, $0
		}
		{ above = $0 }' "$file"
done
