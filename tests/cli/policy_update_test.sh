#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 600
#
# taskhold policy update, list and show: counters carry over, the link is the same, what
# fails leaves the old policy running; two policies of one object.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/policy_cli.sh
. "$(dirname "$0")/../lib/policy_cli.sh"

object=$objects/cli_policy.bpf.o
other=$objects/cli_other.bpf.o
shown() {
	policy show cli --json | evaluate "$1"
}
with_stderr() {
	"$@" 2>"$work/err"
}
# the tracepoints with types, as the kernel has them
companions() {
	"$bpftool" -j link list | evaluate "sorted(l['tp_name'] for l in r if 'tp_name' in l)"
}
members="sorted(m['program'] for m in r['members'])"

plan 73
check "a policy is pinned" policy attach "$object" --pin "$pins/a"
for ((i = 0; i < 5; i++)); do /bin/true; done
before=$(shown "(r['id'], r['link_id'], r['attached_ns'])")
admitted=$(shown "r['admitted']")
map=$(shown "r['map_id']")
check "it has held some" test "$admitted" -ge 5
check "show has its members" same "$(shown "$members")" "['on_admit', 'on_finish']"
check "their ids are the kernel's" bash -c "'$bpftool' -j prog show id \$(taskhold policy show cli --json | python3 -c 'import json, sys
print(json.load(sys.stdin)[\"members\"][0][\"program_id\"])') | grep -q '\"name\":\"on_admit\"'"
check "its pin" same "$(shown "r['pins']")" "['$pins/a/policy']"
check "and its companions with theirs" same "$(shown "sorted((c['program'], c['pins'][0]) for c in r['companions'])")" \
	"[('count_exec', '$pins/a/count_exec'), ('show_execs', '$pins/a/show_execs')]"
mkdir "$pins/a/count_exit"
check "where its companion is to be pinned something else is" exits 4 "is no companion of the policy cli alone" \
	policy update cli "$other" --map other
rmdir "$pins/a/count_exit"
check "it is not updated" same "$(shown "($members, r['map_id'])")" "(['on_admit', 'on_finish'], $map)"
check "it is updated" holds "r['old_map_id'] == $map and r['map_id'] != $map" policy update cli "$other" --map other --json
check "it is the same, by the same link" same "$(shown "(r['id'], r['link_id'], r['attached_ns'])")" "$before"
check "its counters go on" test "$(shown "r['admitted']")" -ge "$admitted"
check "with other members" same "$(shown "$members")" "['other_admit']"
check "and another bound" same "$(shown "r['max_held']")" 500
check "under its own name" same "$(names)" "['cli']"
check "the kernel's link has the new map" same "$("$bpftool" -j link list | evaluate \
	"[l['map_id'] for l in r if l['type'] == 'struct_ops'][0]")" "$(shown "r['map_id']")"
check "the new companion is pinned in the place of the old" same "$(cd "$pins/a" && echo *)" "count_exit policy"
check "another flag is refused" exits 2 "an update cannot change its flags: they are 0, those of $other 1" \
	policy update cli "$other" --map threads
check "another name" exits 2 "an update cannot change its name to x" policy update cli "$other" --set name=x
check "a bad member of the object" exits 4 "member max_held of policy too_many: want 0 to 4194304" \
	policy update cli "$other" --map too_many
check "one that is not there" exits 2 "there is no policy nobody" policy update nobody "$other"
check "an object of two" exits 2 "has 2 policies; choose one by --map" \
	policy update cli "$objects/cli_two.bpf.o"
check "what the verifier refuses" fails_with "the verifier refuses program no_check (struct_ops/admit): " \
	policy update cli "$objects/cli_refused.bpf.o"
mkdir "$pins/a/show_execs-new"
check "where a companion cannot be pinned" exits 4 "$pins/a/show_execs-new: cannot be pinned: File exists" \
	policy update cli "$object"
rmdir "$pins/a/show_execs-new"
check "the other is taken back" same "$(cd "$pins/a" && echo *)" "count_exit policy"
check "and detached" same "$(companions)" "['sched_process_exit']"
check "a signal at the last moment" exits 143 "ended by signal 15 (Terminated); what was made is taken back" \
	with_pending TERM taskhold policy update cli "$object"
check "it runs on as it was" same "$(shown "($members, r['max_held'])")" "(['other_admit'], 500)"
check "and nothing else is pinned" same "$(cd "$pins/a" && echo *)" "count_exit policy"
check "nor attached" same "$(companions)" "['sched_process_exit']"
check "back again" policy update cli "$object"
check "with its companions" same "$(cd "$pins/a" && echo *)" "count_exec policy show_execs"
check "which count" grep -q '^execs ' "$pins/a/show_execs"
check "it goes" policy detach cli

check "a policy without attach()" policy attach "$objects/cli_plain.bpf.o" --pin "$pins/plain"
plain=$(list_value "r['policies'][0]['map_id']")
check "an update to one with a map that is pinned by its name, and a signal" exits 143 \
	"ended by signal 15 (Terminated); what was made is taken back" \
	with_pending TERM taskhold policy update plain "$objects/cli_attach.bpf.o" --force
check "leaves no such map" test ! -e /sys/fs/bpf/cli_state
check "is not updated to one that has it" exits 2 \
	"policy plain: $objects/cli_attach.bpf.o has an attach(), which an update does not call: what it sets up, such as timers, would be missing" \
	policy update plain "$objects/cli_attach.bpf.o"
check "and runs on" same "$(list_value "[p['map_id'] for p in r['policies']]")" "[$plain]"
check "nothing is pinned by its name" test ! -e /sys/fs/bpf/cli_state
check "it is by force" policy update plain "$objects/cli_attach.bpf.o" --force
check "nor from one that has it" exits 2 \
	"policy plain: what runs has an attach(), which an update does not call: what it has set up, such as timers, would be left behind" \
	policy update plain "$objects/cli_plain.bpf.o"
check "but by force" policy update plain "$objects/cli_plain.bpf.o" -f
check "between others nothing is said" with_stderr policy update plain "$objects/cli_plain.bpf.o"
check "really" test ! -s "$work/err"
check "that goes" policy detach plain
check "force is for an update" exits 2 "policy detach takes no option --force" policy detach plain --force
rm -f /sys/fs/bpf/cli_state
check "one with a detach()" policy attach "$objects/faulty.bpf.o" --map ops --pin "$pins/ops"
check "is not updated to one without" exits 2 "policy faulty: it has a detach(), and $objects/cli_plain.bpf.o none" \
	policy update faulty "$objects/cli_plain.bpf.o" --force
check "it goes too" policy detach faulty
check "census" policy attach "$policies/census.bpf.o" --pin "$pins/census"
check "is not updated by itself" exits 2 "policy census: what runs has an attach(), which an update does not call" \
	policy update census "$policies/census.bpf.o"
check "and lives" attached census
/bin/true
check "as before" attached census
check "until it is detached" policy detach census
rm /sys/fs/bpf/census_stat

here "one in the foreground" hold "$object"
check "has nobody for companions" exits 3 "would be held by nobody: the policy cli is not pinned" \
	policy update cli "$other"
check "without any it is updated" policy update cli "$objects/cli_plain.bpf.o"
check "and still held" same "$(list_value "[q['pid'] for p in r['policies'] for q in p['processes']]")" "[$holder]"
signal_holder TERM
here "until the end" ended 0

check "two policies of one object" with_stderr policy attach "$objects/cli_two.bpf.o" --pin "$pins/two"
check "what is none is left out, which is said once" same "$(cat "$work/err")" \
	"taskhold: $objects/cli_two.bpf.o: other is a struct tcp_congestion_ops, which is left out"
check "both are listed" same "$(list_value "[(p['name'], p['slot'], p['max_held'], p['pins']) for p in r['policies']]")" \
	"[('first', 0, 65536, ['$pins/two/first']), ('second', 1, 7, ['$pins/two/second'])]"
check "also for people" bash -c "taskhold policy list | grep -E '^second +1 .* $pins/two/second\$'"
check "a name twice is refused" fails_with "a policy second is attached already" \
	policy attach "$objects/cli_two.bpf.o" --map second
check "one goes" policy detach first
check "and is listed as ended" same "$(list_value "[(p['name']) for p in r['policies']] + [r['ended'][0]['name'], r['ended'][0]['kind']]")" \
	"['second', 'first', 'unregistered']"
check "the other goes" policy detach second

# which goes with the last of them
check "three that share a companion" policy attach "$objects/cli_shared.bpf.o" --pin "$pins/three"
check "one is updated" policy update left "$objects/cli_plain.bpf.o"
check "and leaves it to the others" same "$(cd "$pins/three" && echo *)" "count_shared left middle right"
check "so does one that goes" holds "r['removed'] == ['$pins/three/middle']" policy detach middle --json
check "the last takes it along" holds "sorted(r['removed']) == ['$pins/three/' + n for n in ('count_shared', 'right')]" \
	policy detach right --json
check "the one that was updated is by itself" holds "r['removed'] == ['$pins/three/left', '$pins/three']" \
	policy detach left --json
finish
