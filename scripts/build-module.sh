#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds taskhold.ko for kernel KVER against the headers KDIR, into OUT, and
# fails where the result has no usable BTF. Used by make and by DKMS.
# usage: build-module.sh KVER KDIR OUT
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/kbuild.sh
. "$TASKHOLD_ROOT/scripts/kbuild.sh"

(($# == 3)) || die "usage: build-module.sh KVER KDIR OUT"
kver=$1 kdir=$2 out=$3

header=$TASKHOLD_ROOT/include/taskhold/types.h
version=$(sed -nE 's/^#define TASKHOLD_VERSION[[:space:]]+"(.*)"$/\1/p' "$header")
packaged=$(sed -nE 's/^PACKAGE_VERSION="(.*)"$/\1/p' "$TASKHOLD_ROOT/dkms.conf")
[[ -n $version && $version == "$packaged" ]] ||
	die "TASKHOLD_VERSION of $header is '$version', PACKAGE_VERSION of dkms.conf is '$packaged': they must be the same"

kbuild_modules "$kver" "$kdir" "$out" "$TASKHOLD_ROOT"/{Kbuild,module,include}
