#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mandoc finds nothing wrong with the manual pages.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"
require mandoc mandoc

files '\.[1-9]$'
for file in "${files[@]}"; do
	status=0
	found=$(mandoc -T lint -W warning "$file") || status=$?
	((status <= 4)) || die "mandoc ended with status $status on $file"
	[[ -z $found ]] || sed -E "s|^mandoc: [^:]*:([0-9]+):[0-9]+: |$file:\\1: |" <<<"$found"
done
