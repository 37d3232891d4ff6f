#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
# kmsg-allow: ^taskhold: no usable BTF in this module
# kmsg-allow: ^missing module BTF, cannot register
# kmsg-allow: ^BPF:
# kmsg-allow: ^Kernel module BTF mismatch detected
#
# Without BTF, or with BTF that was made on another kernel's, the kernel would
# register nothing and say that all is well: the module must refuse to load,
# say what to do, and leave nothing behind.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

kver=$(uname -r)
file=$(modinfo -n taskhold)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
xz -dcf "$file" >"$work/whole.ko"

# say LINE: a mark in the kernel's log; since TEXT: is it there after the mark?
say() {
	echo "taskhold-btf: $1" >/dev/kmsg
}
since() {
	dmesg | awk '/taskhold-btf: / { text = "" } { text = text $0 "\n" } END { printf "%s", text }' |
		grep -F "$1"
}
nothing_left() {
	[[ ! -e /sys/module/taskhold && ! -e /sys/kernel/btf/taskhold ]] &&
		! compgen -G '/sys/kernel/slab/taskhold*'
}
refused() {
	fails_with "Invalid module format" insmod "$1"
}

plan 15
check "the whole module loads" insmod "$work/whole.ko"
first=$(bpftool btf dump file /sys/kernel/btf/taskhold | sed -nE '1s/^\[([0-9]+)\].*/\1/p')
check "its BTF begins after the kernel's" test "${first:-0}" -gt 1000
check "it is unloaded" rmmod taskhold

objcopy --remove-section .BTF "$work/whole.ko" "$work/without.ko"
say without
check "without BTF it is refused" refused "$work/without.ko"
check "the log says that it has none" since "taskhold: no usable BTF in this module"
check "and what to do" since "dkms install --force taskhold/"
check "nothing is left of it" nothing_left

objcopy --dump-section .BTF="$work/btf" "$work/whole.ko" /dev/null
"$TASKHOLD_ROOT/tests/lib/shift_btf.py" "$first" 5000 <"$work/btf" >"$work/btf-of-another"
objcopy --update-section .BTF="$work/btf-of-another" "$work/whole.ko" "$work/foreign.ko"
say foreign
check "with the BTF of another kernel's it is refused" refused "$work/foreign.ko"
check "because the kernel dropped it" since "missing module BTF, cannot register kfunc"
# The kernel says that once a boot, and another test may have been the first.
check "as it does not fit" bash -c 'dmesg | grep -F "Kernel module BTF mismatch detected"'
check "the log says that it has none that can be used" since "taskhold: no usable BTF in this module"
check "nothing is left of it" nothing_left

# Rewriting a section is not what made it fail.
"$TASKHOLD_ROOT/tests/lib/shift_btf.py" "$first" 0 <"$work/btf" >"$work/btf-again"
objcopy --update-section .BTF="$work/btf-again" "$work/whole.ko" "$work/again.ko"
check "with its own BTF put back it loads" insmod "$work/again.ko"
check "on this kernel, $kver" test -s /sys/kernel/btf/taskhold
check "it is unloaded again" rmmod taskhold
finish
