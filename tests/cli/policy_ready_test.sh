#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
#
# Each policy of bpf-progs/ by taskhold policy from check to detach, as it stands in
# docs/policies.md but for what some must be told: whom to hold. Links and programs are
# as bpftool has them. Those who come are held, or counted by census, which holds nobody.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/policy_cli.sh
. "$(dirname "$0")/../lib/policy_cli.sh"

root_cgroup=$(stat -c %i /sys/fs/cgroup)
declare -A settings=(
	[everything]="" [subtree]="root_cgroup=$root_cgroup" [descendants]="root_tgid=$$"
	[costly]="min_ms=1" [storms]="" [containers]="" [census]=""
)
declare -A companions=(
	[everything]="on_release on_rmdir" [subtree]="on_release on_rmdir"
	[descendants]="on_release on_rmdir"
)
# what their maps ask for to be pinned as
declare -A by_name=(
	[containers]="container_stat container_sums" [census]="census_stat"
)
tidy() {
	rm -f /sys/fs/bpf/{container_stat,container_sums,census_stat}
	clean_up
}
trap tidy EXIT

# the one struct_ops link as the kernel has it
link_id() {
	"$bpftool" -j link list | evaluate "[l['id'] for l in r if l['type'] == 'struct_ops'][0]"
}
# in their order, as is shown
kernel_programs() {
	"$bpftool" -j prog list | evaluate "sorted((p['id'], p['name']) for p in r if p['type'] == 'struct_ops')"
}
# has_seen POLICY N: so many came since it was attached
has_seen() {
	case $1 in
	census)
		[[ $("$bpftool" -j map dump pinned /sys/fs/bpf/census_stat | evaluate \
			"sum(r[0]['formatted']['value'][k] for k in ('held', 'ended')) >= $2") == True ]]
		;;
	*)
		holds "r['attached'] and r['admitted'] >= $2" policy show "$1" --json
		;;
	esac
}
# left FILE...: nothing is, but for these in the bpffs
left() {
	nothing_left && same "$(find /sys/fs/bpf -type f -printf '%f\n' | sort | paste -sd ' ')" "$*"
}
try() {
	local name=$1 object=$TASKHOLD_ROOT/out/bpf/$1.bpf.o options=()

	[[ -z ${settings[$name]} ]] || options=(--set "${settings[$name]}")
	check "$name: the verifier accepts all of it" holds "r['accepted'] and r['programs'] and
		{v['verdict'] for v in r['programs'] + r['maps']} <= {'accepted'}" policy check "$object" --json
	check "and nothing stays of that" left
	check "it is attached and pinned" holds "[(p['name'], p['pin'].rsplit('/', 1)[0]) for p in r['attached']] ==
		[('$name', '$pins/$name')] and sorted(c['program'] for c in r['companions']) == '${companions[$name]-}'.split()" \
		policy attach "$object" --pin "$pins/$name" "${options[@]}" --json
	check "it is listed with link and pin" holds "[(p['name'], p['link_id'], p['processes'], [q.rsplit('/', 1)[0] for q in p['pins']])
		for p in r['policies']] == [('$name', $(link_id), [], ['$pins/$name'])]" policy list --json
	check "so it is for people" grep -qE "^$name +0 .* $pins/$name/" <(policy list)
	check "its members have these programs" holds "[(m['program_id'], m['program']) for m in
		sorted(r['members'], key=lambda m: m['program_id'])] == $(kernel_programs)" policy show "$name" --json
	for ((i = 0; i < 3; i++)); do /bin/true; done
	check "it has held who came" has_seen "$name" 3
	check "it goes with its pins" holds "r['ended']['name'] == '$name' and r['ended']['kind'] == 'unregistered' and
		r['removed'][-1] == '$pins/$name'" policy detach "$name" --json
	# shellcheck disable=SC2086 # words are what is wanted
	check "and leaves what is pinned by its name alone" left ${by_name[$name]-}
	rm -f /sys/fs/bpf/{container_stat,container_sums,census_stat}
}

plan 63
for policy in everything subtree descendants costly storms containers census; do
	try "$policy"
done
finish
