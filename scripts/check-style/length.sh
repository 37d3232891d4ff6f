#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A file that nobody reads to its end is two files.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"

limit=800

files '\.([ch]|sh|awk|py|mk)$|(^|/)Makefile$'
for file in "${files[@]}"; do
	lines=$(wc -l <"$file")
	((lines <= limit)) || echo "$file:$lines: $lines lines, over $limit"
done
