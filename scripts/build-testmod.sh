#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the tests' own modules, tests/testmod, for kernel KVER against the
# headers KDIR, into OUT: by the rules that build-module.sh goes by.
# usage: build-testmod.sh KVER KDIR OUT
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kbuild.sh
. "$TASKHOLD_ROOT/scripts/kbuild.sh"

(($# == 3)) || die "usage: build-testmod.sh KVER KDIR OUT"
kbuild_modules "$1" "$2" "$3" "$TASKHOLD_ROOT"/tests/testmod/{Kbuild,*.[ch],*.sh}
