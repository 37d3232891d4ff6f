#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every file says its licence, in the form of comment that the kernel asks for
# its type, in its first line or in the second below "#!".
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"

id='SPDX-License-Identifier: GPL-2.0-only'

files '.'
for file in "${files[@]}"; do
	head=$(head -n 2 "$file" | tr -d '\0')
	line=1
	case $file in
	LICENSES/*) continue ;;
	*.md) want="<!-- $id -->" ;;
	*.c) want="// $id" ;;
	*.h) want="/* $id */" ;;
	*.[1-9]) want=".\\\" $id" ;;
	*.patch | *.json | */series)
		# the tag of a patch is that of the file it changes
		continue
		;;
	*) want="# $id" ;;
	esac
	if [[ $head == '#!'* ]]; then
		head=${head#*$'\n'}
		line=2
	fi
	[[ ${head%%$'\n'*} == "$want" ]] || echo "$file:$line: its licence is missing: want '$want'"
done

[[ -s LICENSES/preferred/GPL-2.0 ]] ||
	echo "LICENSES/preferred/GPL-2.0:1: the text of the licence is missing"
