#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Copies what DKMS builds the module from to DIR, which must not exist yet, and
# prints the version. usage: dkms-source.sh DIR
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

(($# == 1)) || die "usage: dkms-source.sh DIR"
dir=$1
[[ ! -e $dir ]] || die "$dir is there already"

install -d "$dir/mk" "$dir/scripts"
cp -r "$TASKHOLD_ROOT"/{dkms.conf,Kbuild,module,include} "$dir/"
cp "$TASKHOLD_ROOT/mk/module.mk" "$dir/mk/"
cp "$TASKHOLD_ROOT"/scripts/{lib,kbuild,build-module,base-btf,btf-gate}.sh "$dir/scripts/"
sed -nE 's/^PACKAGE_VERSION="(.*)"$/\1/p' "$dir/dkms.conf"
