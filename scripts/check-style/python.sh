#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every Python script compiles without a warning.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"
require python3 python3

files '\.py$'
for file in "${files[@]}"; do
	python3 -W error -c '
import sys
name = sys.argv[1]
try:
    with open(name, encoding="utf-8") as source:
        compile(source.read(), name, "exec")
except SyntaxError as error:
    print(f"{name}:{error.lineno or 1}: {error.msg}")
' "$file"
done
