#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
# kmsg-allow: ^taskhold: (parameter abi is read only|.* invalid for parameter .(slow_ms|detach).)$
#
# The module's parameters: two tell, and cannot be told; two are told, by root alone.
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

plan 16
check "another abi is refused" fails_with "Invalid argument" modprobe taskhold abi=$((abi + 1))
check "the log says why" log_has "taskhold: parameter abi is read only"
check "slow_ms has a bound" fails_with "Invalid argument" modprobe taskhold slow_ms=60001
check "detach is for who is loaded" fails_with "Invalid argument" modprobe taskhold detach=none
check "nothing is left of it" test ! -e /sys/module/taskhold
check "its own abi is none" modprobe taskhold "abi=$abi" slow_ms=250
check "slow_ms is what was given" same "$(<"$dir/slow_ms")" 250
check "abi is that of the header" same "$(<"$dir/abi")" "$abi"
check "it cannot be written" fails_with "" write "$dir/abi" 7
check "it has not changed" same "$(<"$dir/abi")" "$abi"
check "base_btf cannot be written" fails_with "" write "$dir/base_btf" x
check "there is no other parameter" same "$(find "$dir" -type f -printf '%f\n' | sort | paste -sd ' ')" \
	"abi base_btf detach slow_ms"
check "nobody may write those that tell" same "$(find "$dir" -type f -perm /222 -printf '%f\n' | sort | paste -sd ' ')" \
	"detach slow_ms"
check "root alone may write the others" same "$(find "$dir" -type f -perm /022)" ""
check "detach cannot be read" fails_with "" cat "$dir/detach"
check "it is unloaded" rmmod taskhold
finish
