#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# module: none
# kernel: stock
#
# From modprobe to rmmod with bpftool alone, as docs/bpftool.md has it: the module's
# types, loading, attaching a policy, what is attached and with which values, and
# detaching it. What must be printed is taken from the unpatched bpftool, where that
# tells it without struct_ops types, and from the module's BTF.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/bpftool.sh
. "$(dirname "$0")/../lib/bpftool.sh"

registered() {
	"$patched" struct_ops register "$policies/everything.bpf.o" "$pins/policies" >"$work/registered" 2>&1 ||
		{ cat "$work/registered"; return 1; }
}

plan 30
check "the module loads" modprobe taskhold
check "its types can be dumped" bash -c "'$patched' btf dump file /sys/kernel/btf/taskhold format c >'$work/types.h'"
check "the policy's is among them" grep -qE '^struct taskhold_ops \{$' "$work/types.h"
check "and what the kernel keeps of it" grep -qE '^struct bpf_struct_ops_taskhold_ops \{$' "$work/types.h"

check "a policy's program is loaded" "$patched" prog load "$policies/everything.bpf.o" "$pins-one"
check "as what it is" holds "r['type'] == 'struct_ops' and r['name'] == 'finish'" \
	"$patched" -j prog show pinned "$pins-one"
check "and goes" rm "$pins-one"

check "a policy is registered" registered
map=$(id_of map policy struct_ops)
link=$(link_of "$map")
program=$(id_of prog finish)
btf=$(id_of btf taskhold)
own=$("$unpatched" -j map show id "$map" | evaluate "r['btf_id']")
value_of taskhold_ops taskhold
check "which is said with its type and ids" \
	same "$(<"$work/registered")" "Registered taskhold_ops policy map id $map link id $link"
check "its link is listed with its pin" \
	holds "[l for l in r if l['type'] == 'struct_ops'] == [{'id': $link, 'type': 'struct_ops', 'prog_id': 0,
		'map_id': $map, 'pinned': ['$pins/policies/policy']}]" "$patched" -j -f link show

listed="r == [{'id': $map, 'name': 'policy', 'kernel_struct_ops': 'taskhold_ops'}]"
check "it is listed" same "$("$patched" struct_ops list)" "$(printf '%u: %-15s %-32s' "$map" policy taskhold_ops)"
check "as JSON" holds "$listed" "$patched" -j struct_ops list
check "shown by its id" holds "$listed" "$patched" -j struct_ops show id "$map"
check "and by its name" holds "$listed" "$patched" -j struct_ops show name policy

info="r[0]['bpf_map_info']"
data="r[1]['bpf_struct_ops_taskhold_ops']['data']"
common="{'refcnt': {'refs': {'counter': 1}}, 'state': 'BPF_STRUCT_OPS_STATE_READY'}"
dumped="list($data) == list($members) and ${data}['name'] == 'everything' and
	${data}['admit'] == 'int (struct task_struct *, struct task_struct *, __u32) 0' and
	${data}['finish'] == 'int (struct taskhold_rec *, struct task_struct *) finish/prog_id:$program' and
	${data}['detach'] == 'void (const struct taskhold_exit_info *) 0' and
	all(v == 0 or str(v).endswith(') 0') for n, v in $data.items() if n not in ('name', 'finish'))"
check "dump has the map" holds "len(r) == 2 and ${info}['id'] == $map and ${info}['name'] == 'policy' and
	${info}['type'] == 26 and ${info}['key_size'] == 4 and ${info}['max_entries'] == 1 and
	${info}['btf_id'] == $own and ${info}['btf_vmlinux_id'] == $btf and
	${info}['btf_vmlinux_value_type_id'] == $value_id and ${info}['value_size'] == $value_size" \
	"$patched" -j struct_ops dump
check "the kernel's part of its value" holds "r[1]['bpf_struct_ops_taskhold_ops']['common'] == $common" \
	"$patched" -j struct_ops dump
check "and the policy's, with programs by name and id" holds "$dumped" "$patched" -j struct_ops dump
check "plain as well" holds "$dumped" "$patched" struct_ops dump
check "by its id" holds "$dumped" "$patched" -j struct_ops dump id "$map"
check "by its name" holds "$dumped" "$patched" struct_ops dump name policy

# The kernel has the programs' ids where the policy has its functions.
value="{**{n: 0 for n in $members}, 'name': 'everything', 'finish': $program}"
at=$((data_at + $(evaluate "${members}['finish']" <<<null)))
check "map dump has the value" holds "len(r) == 1 and r[0]['formatted'] == {'value':
	{'common': $common, 'data': $value}}" "$patched" -j map dump id "$map"
check "beside its bytes" holds "r[0]['key'] == ['0x00'] * 4 and len(r[0]['value']) == $value_size and
	int.from_bytes([int(b, 16) for b in r[0]['value'][$at:$at + 8]], 'little') == $program and
	b'everything\\0' in bytes(int(b, 16) for b in r[0]['value'])" "$patched" -j map dump id "$map"
check "plain with ids as addresses" holds "len(r) == 1 and r[0]['value']['common'] == $common and
	list(r[0]['value']['data']) == list($members) and r[0]['value']['data']['name'] == 'everything' and
	int(r[0]['value']['data']['finish'], 16) == $program and r[0]['value']['data']['admit'] == '(nil)'" \
	"$patched" map dump name policy
check "and so has map lookup" holds "r['value']['data']['name'] == 'everything'" \
	"$patched" map lookup id "$map" key 0 0 0 0

check "it is in the module's way" fails_with "in use" rmmod taskhold
check "unregister is not for links, and says of what" \
	fails_with "can't unload taskhold_ops policy id $map: Operation not supported" \
	"$patched" struct_ops unregister id "$map"
check "without its pin it goes" rm "$pins/policies/policy"
check "soon" until_true 10 map_gone "$map"
check "nothing is listed any more" holds "r == []" "$patched" -j struct_ops list
check "and the module goes too" unload taskhold
finish
