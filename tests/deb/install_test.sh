#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
# timeout: 1200
#
# The packages of the kernel with the verifier series are installed on a machine
# that has taskhold by DKMS: the kernel, its headers and the module are where a
# machine that boots it looks for them. What was installed goes to $TASKHOLD_OUT,
# from where deb/boots_test's guest boots it.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
cd "$TASKHOLD_ROOT"

value() {
	sed -n "s/^$1=//p" out/patched.env
}
kver=$(value KVER)
debs=$(value DEBS)
version=$(sed -nE 's/^PACKAGE_VERSION="(.*)"$/\1/p' dkms.conf)

# no_leftovers: nothing of this name may have been there before.
no_leftovers() {
	[[ ! -e /boot/vmlinuz-$kver && ! -e /lib/modules/$kver && ! -e /usr/src/linux-headers-$kver ]]
}

status_of() {
	dpkg-query -W -f '${db:Status-Status}' "$1"
}

plan 10
check "the machine does not have it yet" no_leftovers
check "taskhold is added to DKMS" \
	bash -c "scripts/dkms-source.sh /usr/src/taskhold-$version && dkms add -m taskhold -v $version"
# Headers first, as apt would, so that DKMS finds them with the kernel.
check "headers and image are installed" \
	dpkg -i "$debs"/linux-headers-"$kver"_*.deb "$debs"/linux-image-"$kver"_*.deb
check "the image is" same "$(status_of "linux-image-$kver")" installed
check "the headers are" same "$(status_of "linux-headers-$kver")" installed
check "the kernel is in /boot, with its configuration" \
	test -s "/boot/vmlinuz-$kver" -a -s "/boot/config-$kver"
check "its modules know their headers" \
	test -e "/lib/modules/$kver/build/include/config/auto.conf"
check "it has the series" \
	grep -q 'BPF_KPTR_USER' "/usr/src/linux-headers-$kver/include/linux/bpf.h"
# The headers have no vmlinux, so the BTF has come out of /boot.
check "DKMS has built the module for it" \
	grep -q ", $kver, .*: installed" <(dkms status -m taskhold -v "$version")
check "and it is handed on to be booted" \
	cp -rL --no-preserve=all "/boot/vmlinuz-$kver" "$TASKHOLD_OUT/vmlinuz"
# below lib/modules, where modprobe looks for them
mkdir -p "$TASKHOLD_OUT/installed/lib/modules"
tar -C /lib/modules --exclude=build --exclude=source -cf - "$kver" |
	tar -C "$TASKHOLD_OUT/installed/lib/modules" -xf -
finish
