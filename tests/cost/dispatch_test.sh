#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# where: host
# timeout: 900
#
# What make profile counts keeps its bounds: an empty policy against an empty tp_btf
# program on the same fork, and the module without a policy. Instructions, which repeat
# within two or three where nothing is allocated, so that some processes are enough.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd -P)
json=$root/out/profile/profile.json

# value EXPRESSION: of what was counted
value() {
	python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$json" "$1"
}

# counted: the last lines say which bound, and come first where that is cut
counted() {
	local stock=$root/out/stock.env said status=0

	said=$(ROUNDS=1 COUNT=5000 "$root/bench/profile/run.sh" "$(sed -n 's/^VMLINUZ=//p' "$stock")" \
		"$root/out/dkms/target/lib/modules/$(sed -n 's/^KVER=//p' "$stock")" 2>&1) || status=$?
	tail -n 3 <<<"$said"
	printf '%s\n' "$said"
	return "$status"
}

rm -f "$json"
plan 4
check "what comes of processes is counted, and no bound is exceeded" counted
check "a program was called" same "$(value "r['parts']['empty-program']['program'] > 50")" True
check "and the policy asked, by a trampoline" same "$(value "r['parts']['empty-policy']['birth/admit'] > 130")" True
check "without a policy the module does nothing" same "$(value "r['idle'] == 0")" True
finish
