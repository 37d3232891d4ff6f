#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
#
# The file that DKMS installed is what modprobe loads, signed and with the BTF
# of the kernel that runs.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

kver=$(uname -r)
file=$(modinfo -n taskhold)
build_id() {
	xz -dcf "$file" >/tmp/taskhold.ko
	readelf -n /tmp/taskhold.ko | sed -n 's/^ *Build ID: //p'
}

plan 9
check "modprobe would take what DKMS installed" \
	grep -q "^/lib/modules/$kver/updates/dkms/taskhold\.ko" <<<"$file"
check "it is signed" test -n "$(modinfo -F signer taskhold)"
check "modprobe loads it" modprobe taskhold
check "the kernel took its BTF" test -s /sys/kernel/btf/taskhold
check "it is this very build" same "$(build_id)" \
	"$(od -An -v -tx1 -j 16 /sys/module/taskhold/notes/.note.gnu.build-id | tr -d ' \n')"
check "its BTF is made against the running kernel's" \
	same "$(</sys/module/taskhold/parameters/base_btf)" "$(sha256sum </sys/kernel/btf/vmlinux | cut -d ' ' -f 1)"
check "nobody uses it" same "$(</sys/module/taskhold/refcnt)" 0
check "it is unloaded" rmmod taskhold
check "and loaded again" modprobe taskhold
finish
