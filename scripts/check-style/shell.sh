#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every shell script, also those without a suffix, passes shellcheck, and stops
# at the first failure if it is one that is run. Options: .shellcheckrc.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"
require shellcheck shellcheck

scripts=()
files '.'
for file in "${files[@]}"; do
	! is_shell "$file" || scripts+=("$file")
done

status=0
found=$(shellcheck --format=gcc --external-sources "${scripts[@]}") || status=$?
((status <= 1)) || die "shellcheck ended with status $status"
[[ -z $found ]] || sed -E 's/^([^:]+:[0-9]+):[0-9]+: /\1: /' <<<"$found"

for file in "${scripts[@]}"; do
	[[ -x $file ]] || continue
	case $(head -n 1 "$file") in
	'#!/bin/bash') want='set -euo pipefail' ;;
	'#!/bin/sh' | '#!/bin/busybox sh') want='set -eu' ;;
	'#!'*)
		echo "$file:1: its interpreter is neither /bin/bash nor /bin/sh"
		continue
		;;
	*) continue ;;
	esac
	grep -qxF "$want" "$file" || echo "$file:1: no line '$want'"
done
