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
mapfile -t options < <(grep '^--' .checkpatch.conf)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

files '\.[ch]$'
# It leaves a cache of names where it runs, and git there changes what it says.
status=0
(
	cd "$work"
	perl "$checkpatch" "${options[@]}" --terse --no-summary \
		-f "${files[@]/#/$TASKHOLD_ROOT/}"
) >"$work/found" || status=$?
if ((status > 1)) || { ((status == 1)) && [[ ! -s $work/found ]]; }; then
	die "checkpatch ended with status $status"
fi
sed "s|^$TASKHOLD_ROOT/||" "$work/found"
