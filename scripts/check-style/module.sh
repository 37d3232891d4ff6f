#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module builds against Debian's headers without a warning from gcc with
# W=1, from sparse with its endianness checks, from objtool, modpost or pahole.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"
require sparse sparse

# What is up to date would not be compiled again, and so not be warned of.
out=out/style/module
rm -rf "$out"
mkdir -p "$out"
status=0
W=1 C=2 CF=-D__CHECK_ENDIAN__ \
	scripts/build-module.sh "$(stock KVER)" "$(stock KDIR)" "$out" >"$out/log" 2>&1 || status=$?

sed -nE "s|^$TASKHOLD_ROOT/$out/build-[^/]*/||; /(warning|error|WARNING|ERROR): |Error [0-9]/p" "$out/log" |
	sed -E '/^[^: ]+:[0-9]/! s|^|Kbuild:1: |; s|^([^: ]+:[0-9]+):[0-9]+: |\1: |'

grep -qE '^ *CHECK .*module/main\.c' "$out/log" ||
	die "sparse has not looked at the module; see $out/log"
if ((status != 0)); then
	tail -n 5 "$out/log" >&2
	die "the module does not build; see $out/log"
fi
