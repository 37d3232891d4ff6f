#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# One version, wherever it is written: include/taskhold/types.h has it for the
# module and the tool, dkms.conf for DKMS, CHANGELOG.md and debian/changelog for
# people.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"

header=include/taskhold/types.h
version=$(sed -nE 's/^#define TASKHOLD_VERSION[[:space:]]+"([0-9]+\.[0-9]+\.[0-9]+)"$/\1/p' "$header")
[[ -n $version ]] || die "$header: no TASKHOLD_VERSION like \"1.2.3\""

# same FILE SED: the first line that the sed program prints of FILE.
same() {
	local found

	found=$(sed -nE "$2" "$1" | head -n 1)
	[[ $found == "$version" ]] ||
		echo "$1:1: its version is '$found', that of $header is '$version'"
}

same dkms.conf 's/^PACKAGE_VERSION="(.*)"$/\1/p'
if [[ -e CHANGELOG.md ]]; then
	same CHANGELOG.md 's/^## \[?([0-9]+\.[0-9]+\.[0-9]+)\]?.*/\1/p'
fi
if [[ -e packaging/debian/changelog ]]; then
	same packaging/debian/changelog 's/^taskhold \(([^-)]*).*/\1/p'
fi
