#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
#
# What deb/install_test has installed runs now, and loads the module that DKMS
# built when the packages were installed.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

kver=$(sed -n 's/^KVER=//p' "$TASKHOLD_ROOT/out/patched.env")

plan 4
check "it is the kernel of the packages" same "$(uname -r)" "$kver"
check "modprobe loads the module" modprobe taskhold
check "the kernel took its BTF" test -s /sys/kernel/btf/taskhold
check "it has what only this kernel lets it have" \
	grep -q ' taskhold_rec_kptr_get' /proc/kallsyms
finish
