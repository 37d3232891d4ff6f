#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# kernel: stock
#
# What the patches of tools/bpftool are for: the same source's bpftool without them,
# which all else here is built with, dies of each struct_ops type that a module
# defines. Where this fails the source has got what the patches are for: they can go.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/bpftool.sh
. "$(dirname "$0")/../lib/bpftool.sh"

# dies ARGUMENT...: by SIGSEGV, with nothing said that is JSON
dies() {
	local status=0

	"$unpatched" "$@" >"$work/said" 2>&1 || status=$?
	cat "$work/said"
	same "$status" $((128 + 11)) && ! python3 -m json.tool "$work/said" >"$work/parsed" 2>&1
}

plan 14
check "without such a type, show works" holds "r == []" "$unpatched" -j struct_ops show
check "register dies" dies struct_ops register "$policies/everything.bpf.o" "$pins"
map=$(id_of map policy struct_ops)
check "when it has pinned the link" holds "[l['pinned'] for l in r if l.get('map_id') == $map] == [['$pins/policy']]" \
	"$unpatched" -j -f link show
check "the patched one knows what it is" holds "r[0]['kernel_struct_ops'] == 'taskhold_ops'" \
	"$patched" -j struct_ops show
for command in 'struct_ops show' '-j struct_ops list' 'struct_ops dump' '-j struct_ops dump' \
	"struct_ops show id $map" "struct_ops dump name policy" 'map dump name policy' "-j map dump id $map"; do
	# shellcheck disable=SC2086 # words are what is wanted
	check "$command dies" dies $command
done
"$patched" struct_ops register "$objects/holders_ops.bpf.o" "$pins/two" 2>"$work/registered"
itself=$(id_of map by_itself struct_ops)
check "unregister dies" dies struct_ops unregister id "$itself"
check "when it has been done" until_true 10 map_gone "$itself"
finish
