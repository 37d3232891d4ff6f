#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
# kernel: stock
# kmsg-allow: ^taskhold: no usable BTF in this module: build it against the headers of the running kernel
# kmsg-allow: ^missing module BTF, cannot register (kfunc|dtor kfunc|struct_ops)s?$
# kmsg-allow: ^failed to validate module \[taskhold\] BTF: -[0-9]+$
# kmsg-allow: ^BPF: ?
# kmsg-allow: ^Kernel module BTF mismatch detected, BTF debug info may be unavailable for some modules$
#
# A module that was really built, for this kernel's release, against the BTF of
# another one (build-foreign.sh): the kernel says that all is well and registers
# nothing, so the module must refuse to load and say what to do.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/qemu/module-state.sh
. "$(dirname "$0")/../qemu/module-state.sh"

foreign=$(dirname "$0")/../../out/tests/module/foreign/taskhold.ko
own=$(modinfo -n taskhold)
mark="taskhold-test: foreign base, $$"

# Lines of the kernel's log since the mark.
said() {
	dmesg | sed -n "/$mark/,\$p" | grep -F -- "$1"
}

# A module holds the hash of what it was built against, for its parameter base_btf.
built_against() {
	xz -dcf "$1" | grep -acF -- "$2"
}
not_built_against() {
	! built_against "$@"
}
hash=$(sha256sum </sys/kernel/btf/vmlinux)
hash=${hash%% *}

plan 9
check "the module was built against this kernel's BTF" built_against "$own" "$hash"
check "the other one was not" not_built_against "$foreign" "$hash"
check "but for this kernel" same "$(modinfo -F vermagic "$foreign")" "$(modinfo -F vermagic "$own")"
echo "$mark" >/dev/kmsg
check "it is refused" fails_with "Invalid module format" insmod "$foreign"
check "the kernel had no BTF for it" said "missing module BTF, cannot register kfunc"
check "the module says what is wrong" said "taskhold: no usable BTF in this module"
check "and what to do" said "dkms install --force taskhold/$(modinfo -F version "$foreign")"
check "it is not there, nor its BTF" test ! -e /sys/module/taskhold -a ! -e /sys/kernel/btf/taskhold
check "no cache of it is left" module_slabs_gone
finish
