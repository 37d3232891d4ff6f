#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
# kmsg-allow: ^taskhold: parameter abi is read only$
#
# The module's parameters tell, and cannot be told.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

dir=/sys/module/taskhold/parameters
abi=$(sed -nE 's/^#define TASKHOLD_ABI[[:space:]]+([0-9]+).*/\1/p' \
	"$TASKHOLD_ROOT/include/taskhold/types.h")

log_has() {
	dmesg | tail -n 5 | grep -F "$1"
}
write() {
	echo "$2" >"$1"
}

plan 11
check "another abi is refused" fails_with "Invalid argument" modprobe taskhold abi=$((abi + 1))
check "the log says why" log_has "taskhold: parameter abi is read only"
check "nothing is left of it" test ! -e /sys/module/taskhold
check "its own abi is none" modprobe taskhold "abi=$abi"
check "abi is that of the header" same "$(<"$dir/abi")" "$abi"
check "it cannot be written" fails_with "" write "$dir/abi" 7
check "it has not changed" same "$(<"$dir/abi")" "$abi"
check "base_btf cannot be written" fails_with "" write "$dir/base_btf" x
check "there is no other parameter" same "$(find "$dir" -type f -printf '%f\n' | sort | paste -sd ' ')" \
	"abi base_btf"
check "nobody may write them" same "$(find "$dir" -type f -perm /222)" ""
check "it is unloaded" rmmod taskhold
finish
