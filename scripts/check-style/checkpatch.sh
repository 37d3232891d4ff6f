#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's checkpatch over all C. Its options stand in .checkpatch.conf, so
# that it says the same when it is called by hand.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"
require perl perl

checkpatch=$(stock LINUX_SRC)/scripts/checkpatch.pl
[[ -r $checkpatch ]] || die "$checkpatch: not there; 'make out/stock.mk' fetches it"

files '\.[ch]$'
status=0
found=$(perl "$checkpatch" --terse --no-summary -f "${files[@]}") || status=$?
if ((status > 1)) || { ((status == 1)) && [[ -z $found ]]; }; then
	die "checkpatch ended with status $status"
fi
[[ -z $found ]] || printf '%s\n' "$found"
