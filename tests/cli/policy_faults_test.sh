#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 600
# kmsg-allow: taskhold: policy cli-told is at fault and detached: admit\(\) returned -1, want 0 or more
# kmsg-allow: taskhold: policy signalled is at fault and detached: admit\(\) returned -1, want 0 or more
# kmsg-allow: taskhold: policy cli is at fault and detached: finish\(\) returned 77, want a verdict, 0 to 2
#
# taskhold policy where an attachment fails half-way, takes long, is interrupted, or the
# policy ends behind its pins: what is said, what is taken back, and how the rest is
# removed. Files in the bpffs and bpftool's list of links tell what there is.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/policy_cli.sh
. "$(dirname "$0")/../lib/policy_cli.sh"

object=$objects/cli_attach.bpf.o
state=/sys/fs/bpf/cli_state
slow=${TASKHOLD_SLOW:-1}
tidy() {
	rm -f "$state" /sys/fs/bpf/elsewhere
	clean_up
}
trap tidy EXIT

# state_of MEMBER: of the map's value
state_of() {
	"$bpftool" -j map dump pinned "$state" | evaluate "r[0]['formatted']['value']['$1']"
}
state_is() {
	[[ -e $state && $(state_of "$1") == "$2" ]]
}
# It may have ended by itself, where everything takes long.
go() {
	[[ -e $state ]] || return 0
	# shellcheck disable=SC2046 # numbers are what is wanted
	"$bpftool" map update pinned "$state" key 0 0 0 0 value 1 $(printf '0 %.0s' {2..24})
}
# what is pinned anywhere
pinned() {
	find /sys/fs/bpf -mindepth 1 -printf '%P\n' | sort | paste -sd ' '
}
links() {
	"$bpftool" -j link list | evaluate "sorted(l['type'] for l in r)"
}
no_links() {
	[[ $(links) == '[]' ]]
}
# nothing is pinned, and no link is left
taken_back() {
	same "$(pinned)" "${pins##*/}" && until_true 10 no_links
}
# A fault of the policy is seen when its next process has finished.
ended_by_module() {
	/bin/true
	not attached "$1"
}
detach_by_module() {
	echo "$1" >/sys/module/taskhold/parameters/detach
}
# at_fault OPTION...: stops where it pins the first link, until the module has ended it
at_fault() {
	taskhold policy attach "$objects/cli_signal.bpf.o" --pin "$pins/told" --set admit_result=-1 \
		--set signal="$(kill -l STOP)" "$@" >"$work/held.out" 2>"$work/held.err" &
	holder=$!
	until_true 20 stopped && until_true 20 link_is_dead && kill -CONT "$holder"
}
stopped() {
	[[ $(ps -o stat= -p "$holder") == T* ]]
}
link_is_dead() {
	[[ $("$bpftool" -j link list | evaluate "[l['map_id'] for l in r if l['type'] == 'struct_ops']") == '[0]' ]]
}
# as many as the module takes
fill() {
	local i

	for ((i = 0; i < 8; i++)); do
		policy attach "$objects/cli_plain.bpf.o" --pin "$pins/full/$i" --set name="$i" || return 1
	done
}
# Attaches in the background, until go() or for 18 seconds. The kernel takes nothing for stuck
# before that; as these seconds grow with the slowness, so does what it allows.
begin() {
	echo $((10 * slow)) >/proc/sys/kernel/watchdog_thresh
	echo $((21 * slow)) >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
	taskhold policy attach "$object" --pin "$pins/told" --set lasts_ns=$((slow * 18 * 10 ** 9)) \
		>"$work/held.out" 2>"$work/held.err" &
	holder=$!
}
# as what nohup starts
ignoring_it() {
	IGNORED=yes with_pending HUP taskhold policy attach "$object" --pin "$pins/told"
}
# Has every grace period take a while, as long as $work/reading is there.
begin_reading() {
	"$bpftool" prog load "$objects/rcu_reader.bpf.o" "$pins/reader"
	head -c 64 /dev/zero >"$work/packet"
	: >"$work/reading"
	while [[ -e $work/reading ]]; do
		"$bpftool" prog run pinned "$pins/reader" data_in "$work/packet" >/dev/null || break
	done &
	reader=$!
}
end_reading() {
	rm "$work/reading" "$pins/reader"
	wait "$reader"
}
told() {
	policy attach "$object" --pin "$pins/told" "$@"
}

plan 84
# which is none of what is made here
mkdir "$pins"

# what attach() returns is not what the module would have meant by it
check "attach() returns EBUSY" exits 3 "the module or attach() of the policy cli-told refuses to attach it: Device or resource busy" \
	told --set attach_result=-16
check "nothing is left, also no map that is pinned by its name" taken_back
check "it returns EEXIST" exits 3 "the module or attach() of the policy cli-told refuses to attach it: File exists" \
	policy attach "$object" --set attach_result=-17
check "nothing is left of that either" taken_back
check "it is attached" told
check "under a name that is there" exits 3 "a policy cli-told is attached already" policy attach "$object"
check "the first has its map still" test -e "$state"
check "it goes" policy detach cli-told
check "what is pinned by its name stays" same "$(pinned)" "cli_state ${pins##*/}"
check "it fails where such a map was before" fails_with "refuses to attach it" told --set attach_result=-16
check "and leaves that alone" same "$(pinned)" "cli_state ${pins##*/}"
rm -f "$state"
check "eight are attached" fill
check "which one more is told" exits 3 "8 policies are attached, which is as many as the module takes" \
	policy attach "$objects/cli_plain.bpf.o"
rm -rf "$pins/full"
check "they go with their pins" taken_back

# at fault from the first call on, and ended before all of it is pinned
here "a policy ends while it is pinned" at_fault
here "the command ends with 6" ended 6
check "and says why" grep -qF "policy signalled is detached from outside: admit() returned -1" "$work/held.err"
check "its counters are shown" grep -q '^ended  *.* ago: admit() returned -1' "$work/held.out"
check "and nothing is left" taken_back
here "one as JSON" at_fault --json
here "is an error, too" ended 6
check "and there is how it ended" is_true "r['ended']['kind'] == 'return_value' and r['ended']['code'] == -1" "$work/held.out"
check "and nothing else" taken_back

# The module tells how a policy has ended two grace periods after it is attached no more;
# one of its name has ended otherwise before.
check "one is attached and goes" told
check "as nothing is wrong with it" policy detach cli-told
rm -f "$state"
here "grace periods take long" begin_reading
check "one at fault then is not pinned either" exits 6 "policy cli-told is detached from outside: admit() returned -1" \
	told --set admit_result=-1
check "nor is its map by its name" test ! -e "$state"
check "one in the foreground ends" exits 6 "policy cli-told is detached from outside: admit() returned -1" \
	policy attach "$object" --set admit_result=-1
here "they are quick again" end_reading
rm -f "$state"
check "nothing is left of both" taken_back

# signals
check "a signal before anything is pinned" exits 143 "ended by signal 15 (Terminated); what was made is taken back" \
	with_pending TERM taskhold policy attach "$object" --pin "$pins/told"
check "leaves nothing" taken_back
check "SIGHUP alike" exits 129 "ended by signal 1 (Hangup)" with_pending HUP taskhold policy attach "$object" --pin "$pins/told"
check "leaves nothing either" taken_back
check "one while it is pinned" exits 143 "ended by signal 15 (Terminated); what was made is taken back" \
	policy attach "$objects/cli_signal.bpf.o" --pin "$pins/told"
check "leaves nothing as well" taken_back
check "as JSON" refuses "r['error']['status'] == 130" 130 \
	with_pending INT taskhold policy attach "$object" --pin "$pins/told" --json
check "one that is ignored is none" ignoring_it
check "it goes too" policy detach cli-told
rm -f "$state"

# while an attach() takes long, which it may not too long: one question each
begin
check "an attach() takes long" until_true 20 state_is inside 1
check "a signal comes" kill -TERM "$holder"
check "which attach() does not see" state_is inside 1
check "list works" holds "r['policies'] == []" policy list --json
check "it goes on" go
here "it ends by the signal" ended 143
check "and leaves nothing of it" taken_back
begin
check "another takes long" until_true 20 state_is inside 1
check "status works, and tells the holders" holds "any(h['kind'] == 'map' and h['name'] == 'told' for h in r['holders'])" \
	taskhold status --json
check "it goes on, too" go
here "it is attached" ended 0
check "it goes" policy detach cli-told
rm -f "$state"
check "and leaves nothing" taken_back

# companions by perf events
check "companions on a kprobe and a tracepoint" told
check "are pinned" same "$(cd "$pins/told" && echo *)" "count_exits count_kprobe told"
/bin/true
check "the kprobe's is called" test "$(state_of kprobes)" -ge 1
check "and the tracepoint's" test "$(state_of tracepoints)" -ge 1
check "detach ends them" policy detach cli-told
rm -f "$state"
check "all of them" taken_back

# no function, no program of its own
check "a policy without functions" policy attach "$object" --map bare --pin "$pins/bare"
check "has its companions" holds "sorted(c['program'] for c in r['companions']) == ['count_exits', 'count_kprobe'] and
	r['members'] == []" policy show cli-bare --json
check "which go with it" holds "sorted(r['removed']) == ['$pins/bare'] + ['$pins/bare/' + n for n in
	('bare', 'count_exits', 'count_kprobe')]" policy detach cli-bare --json
rm -f "$state"
check "and nothing is left" taken_back

# ended behind its pins
check "a policy is pinned" policy attach "$objects/cli_policy.bpf.o" --pin "$pins/a" --set verdict=77
check "and at fault" until_true 20 ended_by_module cli
check "its pins are still there" same "$(cd "$pins/a" && echo *)" "count_exec policy show_execs"
check "detach says what to do" exits 2 "'taskhold policy detach cli --pin DIR' removes the pins that are left of it" \
	policy detach cli
check "another from the same file" policy attach "$objects/cli_policy.bpf.o" --pin "$pins/b" --set name=lives
check "has nothing to remove" exits 2 "policy lives is attached, and goes with its pins: leave --pin $pins/a out" \
	policy detach lives --pin "$pins/a"
check "nor has its directory" exits 4 "--pin $pins/b: no policy is pinned there that has ended" \
	policy detach cli --pin "$pins/b"
check "nor one that the module knows nothing of" exits 4 "--pin $pins/b: no policy is pinned there that has ended" \
	policy detach nobody --pin "$pins/b"
check "without a directory it is none" exits 2 "there is no policy nobody" policy detach nobody
check "no directory" exits 4 "--pin $pins/c: No such file or directory" policy detach cli --pin "$pins/c"
mv "$pins/b/count_exec" "$pins/a/of_lives"
# more than the module remembers
for ((i = 0; i < 16; i++)); do
	policy attach "$objects/cli_plain.bpf.o" --pin "$pins/c" >/dev/null
	policy detach plain >/dev/null
done
check "the module has forgotten it" exits 2 "there is no policy cli" policy detach cli
check "one from another file" told
check "is ended" detach_by_module cli-told
mv "$pins/told/count_exits" "$pins/a/of_told"
check "the rest is removed, but for what is another's" holds "r['ended'] is None and sorted(r['removed']) ==
	['$pins/a/' + n for n in ('count_exec', 'policy', 'show_execs')]" policy detach cli --pin "$pins/a" --json
check "that is still there" same "$(cd "$pins/a" && echo *)" "of_lives of_told"
mv "$pins/a/of_told" "$pins/told/count_exits"
check "also of the other that has ended" policy detach cli-told --pin "$pins/told"
check "which has no directory then" test ! -e "$pins/told"
rm -f "$state"
check "the other runs on" attached lives
check "until it goes with its pins" holds "'$pins/a/of_lives' in r['removed']" policy detach lives --json
check "nothing is left" taken_back
check "not of the module either" nothing_left
finish
