#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# module: none
# kernel: stock
#
# Of struct_ops maps of vmlinux's types the patched bpftool prints what the unpatched
# one does, to the byte. Of vmlinux's and two modules' at once each is printed by its
# own BTF: the modules' types have ids in common, so that any other would be wrong.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/bpftool.sh
. "$(dirname "$0")/../lib/bpftool.sh"

# same_as_before ARGUMENT...: both say it, and it is something.
same_as_before() {
	"$unpatched" "$@" >"$work/before" 2>&1
	"$patched" "$@" >"$work/after" 2>&1
	[[ -s $work/before ]] && cmp "$work/before" "$work/after"
}
# register OBJECT: into a folder of its own, as the maps have the same names
register() {
	"$patched" struct_ops register "$1" "$pins/$(basename "$1" .bpf.o)" 2>&1 | tee "$work/registered"
}
registered() {
	grep -qxE "$1" "$work/registered" || { cat "$work/registered"; return 1; }
}
congestion_controls() {
	[[ $(</proc/sys/net/ipv4/tcp_available_congestion_control) =~ $1 ]]
}
no_congestion_controls() {
	! congestion_controls "$1"
}

plan 45
check "a congestion control is registered" register "$objects/bpftool_tcp.bpf.o"
check "its link is said" registered 'Registered tcp_congestion_ops policy map id [0-9]+ link id [0-9]+'
check "and that there is none" registered 'Registered tcp_congestion_ops by_itself id [0-9]+'
check "TCP has the one" congestion_controls th_by_link
check "and the other" congestion_controls th_by_itself
tcp=$(id_of map policy struct_ops)
for command in 'struct_ops show' '-j struct_ops list' 'struct_ops dump' '-j struct_ops dump' \
	"struct_ops dump id $tcp" '-j struct_ops dump name by_itself' \
	'map dump name policy' '-j map dump name by_itself' "map lookup id $tcp key 0 0 0 0"; do
	# shellcheck disable=SC2086 # words are what is wanted
	check "of it alone, $command says the same as unpatched" same_as_before $command
done
type="r[1]['bpf_struct_ops_tcp_congestion_ops']"
check "it has its name and programs" holds "${type}['data']['name'] == 'th_by_link' and
	${type}['data']['ssthresh'] == 'u32 (struct sock *) half_window/prog_id:$(id_of prog half_window)' and
	${type}['common']['state'] == 'BPF_STRUCT_OPS_STATE_READY'" "$patched" -j struct_ops dump name policy

selftests=$TASKHOLD_ROOT/out/tests/selftests
# one of its two has no ssthresh(), and is there to be refused
check "of the kernel's selftest bpf_dctcp one is refused" fails_with \
	"can't register struct_ops dctcp_nouse: Invalid argument" register "$selftests/bpf_dctcp.bpf.o"
check "the other is registered" registered 'Registered tcp_congestion_ops dctcp id [0-9]+'
check "TCP has it" congestion_controls bpf_dctcp
for command in 'struct_ops dump name dctcp' '-j struct_ops dump' 'map dump name dctcp'; do
	# shellcheck disable=SC2086 # words are what is wanted
	check "with it, $command says the same as unpatched" same_as_before $command
done
check "it is unregistered" "$patched" struct_ops unregister name dctcp
check "TCP has it no more" no_congestion_controls bpf_dctcp

check "taskhold loads" modprobe taskhold
check "so does a module with another type" insmod "$TASKHOLD_OUT/testmod/testmod_ops.ko"
value_of testmod_ops testmod_ops
of_testmod=$value_id testmod_members=$members testmod_size=$value_size
value_of taskhold_ops taskhold
check "an id of the one's types is one of the other's as well" holds \
	"[t['name'] for t in r['types'] if t['id'] == $of_testmod] not in ([], ['bpf_struct_ops_testmod_ops'])" \
	"$unpatched" -j btf dump file /sys/kernel/btf/taskhold
check "a policy of taskhold's is registered" register "$policies/everything.bpf.o"
first=$(id_of map policy struct_ops)
check "one of the other type" register "$objects/bpftool_module.bpf.o"
check "which is said" registered 'Registered testmod_ops policy map id [0-9]+ link id [0-9]+'
second=$(id_of map policy struct_ops)
check "and two more of taskhold's" register "$objects/holders_ops.bpf.o"
check "each is said" registered 'Registered taskhold_ops by_link map id [0-9]+ link id [0-9]+'

check "all are listed with their types" holds "[(m['name'], m['kernel_struct_ops']) for m in r] == [
	('policy', 'tcp_congestion_ops'), ('by_itself', 'tcp_congestion_ops'), ('policy', 'taskhold_ops'),
	('policy', 'testmod_ops'), ('by_link', 'taskhold_ops'), ('by_itself', 'taskhold_ops')]" \
	"$patched" -j struct_ops list
check "also plain" same "$("$patched" struct_ops show | awk '{ print $3 }' | paste -sd ' ')" \
	"tcp_congestion_ops tcp_congestion_ops taskhold_ops testmod_ops taskhold_ops taskhold_ops"
check "and dumped with them" holds "[t for o in r for t in o if t != 'bpf_map_info'] == [
	'bpf_struct_ops_' + t for t in ('tcp_congestion_ops', 'tcp_congestion_ops', 'taskhold_ops', 'testmod_ops',
	'taskhold_ops', 'taskhold_ops')]" "$patched" -j struct_ops dump
check "by the members that each has" holds "[list(t['data']) for o in r for t in o.values() if 'data' in t][2:5] == [
	list($members), list($testmod_members), list($members)]" "$patched" -j struct_ops dump
check "and the values" holds "r[1]['bpf_struct_ops_testmod_ops']['data'] == {'flags': 0x1234, 'label': 'second',
	'count': 'int (struct task_struct *, u64) count/prog_id:$(id_of prog count)'} and
	r[0]['bpf_map_info']['value_size'] == $testmod_size" "$patched" -j struct_ops dump id "$second"
data="[e['elements'][0]['formatted']['value']['data'] for e in r]"
check "map dump has all three of a name" holds "[e['id'] for e in r] == [$tcp, $first, $second] and
	[d.get('label', d.get('name')) for d in $data] == ['th_by_link', 'everything', 'second'] and
	${data}[2]['count'] == $(id_of prog count)" "$patched" -j map dump name policy
check "also plain" holds \
	"[e['elements'][0]['value']['data'].get('name') for e in r] == ['th_by_link', 'everything', None]" \
	"$patched" map dump name policy

check "what has no link is unregistered, whatever its type" \
	bash -c "'$patched' struct_ops unregister name by_itself 2>'$work/registered'"
check "which is said of the one" registered 'Unregistered tcp_congestion_ops by_itself id [0-9]+'
check "and of the other" registered 'Unregistered taskhold_ops by_itself id [0-9]+'
check "TCP has it no more" no_congestion_controls th_by_itself
rm -r "$pins"
# The link's end is what takes it away.
check "nor the other, without its pin" until_true 10 no_congestion_controls th_by_link
all_gone() { [[ $("$patched" -j struct_ops list) == '[]' ]]; }
check "nothing is listed any more" until_true 10 all_gone
check "both modules go" bash -c "set -e; $(declare -f until_true module_idle unload); unload testmod_ops; unload taskhold"
finish
