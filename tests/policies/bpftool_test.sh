#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# module: none
# kernel: stock
#
# docs/policies.md with bpftool alone: each policy is attached as it is, does what it is
# for, is read out by `map dump` and goes with its link; what is left pinned does not
# keep the module.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/bpftool.sh
. "$(dirname "$0")/../lib/bpftool.sh"

workloads=$TASKHOLD_ROOT/out/tests/workloads
cgroup=/sys/fs/cgroup/taskhold-bpftool
sleeper=
tidy() {
	[[ -z $sleeper ]] || kill "$sleeper"
	rm -f /sys/fs/bpf/{container_sums,container_stat,census_stat}
	rmdir "$cgroup"
	clean_up
}
trap tidy EXIT
mkdir "$cgroup"

register() {
	"$patched" struct_ops register "$policies/$1.bpf.o" "$pins/$1"
}

# shows EXPRESSION MAP...: of the values v of a map that is dumped, soon
dumped() {
	[[ $("$patched" -j map dump "${@:2}" |
		evaluate "(lambda values: $1)([e['formatted']['value'] for e in r])") == True ]]
}
shows() {
	until_true 10 dumped "$@" || { "$patched" map dump "${@:2}" | head -n 60; return 1; }
}

burn_in_cgroup() {
	(echo "$BASHPID" >"$cgroup/cgroup.procs" && exec "$workloads/burn" -n 200)
}

kept() {
	[[ $(taskhold status --json | evaluate "[p['kept'] > 0 for p in r['policies'] if
		p['name'] == 'everything']") == '[True]' ]]
}

plan 17
modprobe taskhold
for policy in costly storms containers census everything; do
	check "$policy is registered" register "$policy"
done
check "they are listed" holds "sorted(m['name'] for m in r) == ['census', 'containers', 'costly', 'policy', 'storms']" \
	"$patched" -j struct_ops list

check "a process burns" burn_in_cgroup
"$workloads/storm" -w 1 1000 "$work/storm.log" >/dev/null
sleep infinity &
sleeper=$!

check "costly has it" shows "[v['cpu_ns'] >= 200000000 for v in values if v['comm'] == 'burn'] == [True]" \
	name costly_rows
check "storms names who had a thousand children" \
	shows "[v['peak'] > 100 and v['child'] == 'storm' for v in values if v['comm'] == 'storm'] == [True]" \
	name storm_culprits
check "and writes it down" shows "any(v['comm'] == 'storm' and v['number'] > 0 for v in values)" name storm_log
check "containers has its cgroup" shows "[v['processes'] >= 1 and v['cpu_ns'] >= 200000000 and v['max_rss'] > 0
	for v in values if v['name'] == '${cgroup##*/}'] == [True]" pinned /sys/fs/bpf/container_sums
check "census has who runs" shows "any(v['comm'] == 'sleep' and v['threads'] == 1 for v in values)" \
	name census_tasks
check "everything keeps who has ended, where nobody records" until_true 10 kept

check "the policies go with their pins" rm -r "$pins"
mkdir "$pins"
check "what is pinned by itself is there" shows "any(v['cpu_ns'] >= 200000000 for v in values)" \
	pinned /sys/fs/bpf/container_sums
check "and does not keep the module" unload taskhold
check "nor what it holds" test ! -e /sys/module/taskhold
finish
