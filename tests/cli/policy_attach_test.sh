#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 600
# kmsg-allow: taskhold: policy cli is at fault and detached: finish\(\) returned 77, want a verdict, 0 to 2
# kmsg-allow: taskhold: policy cli-slow is at fault and detached: a second call in a minute was slow: exit\(\), [0-9]+ ms; see slow_ms
#
# taskhold policy attach, in the foreground and pinned: what it attaches, how it ends,
# what it leaves behind; and detach. bpftool tells which links and pins there are.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/policy_cli.sh
. "$(dirname "$0")/../lib/policy_cli.sh"

object=$objects/cli_policy.bpf.o
# what is not struct_ops: the tracepoint's, which is a raw one with types, and the iterator's
companions() {
	"$bpftool" -j link list | evaluate \
		"sorted((l['type'], l.get('tp_name', l.get('target_name'))) for l in r if l['type'] != 'struct_ops')"
}
no_companion() {
	[[ $(companions) == '[]' ]]
}
detach_by_module() {
	echo "$1" >/sys/module/taskhold/parameters/detach
}

plan 72
# foreground
here "it attaches, and stays" hold "$object"
check "it says so" grep -q '^policy cli is attached in slot 0, by link' "$work/held.out"
check "it is attached" attached cli
check "so are its companions" same "$(companions)" "[('iter', 'task'), ('raw_tracepoint', 'sched_process_exec')]"
check "and not what user space runs" not grep -q read_all "$work/held.out" "$work/held.err"
check "it is listed as held by it" same \
	"$(list_value "[(q['pid'], q['comm']) for p in r['policies'] for q in p['processes']]")" "[($holder, 'taskhold')]"
check "SIGTERM" signal_holder TERM
here "ends it with 0" ended 0
check "nothing is left" nothing_left
check "no companion either" until_true 10 no_companion
here "another" hold "$object" --set name=int
check "SIGINT" signal_holder INT
here "ends it with 0 too" ended 0
here "one more" hold "$object"
check "SIGHUP, as of a terminal that is closed" signal_holder HUP
here "ends it with 0 as well" ended 0
check "and leaves nothing" nothing_left
here "a third" hold "$object" --set name=killed
signal_holder KILL
here "SIGKILL ends it" ended 137
check "and leaves nothing" nothing_left
check "nor a companion" until_true 10 no_companion

# detached from outside
here "one that is detached by the module" hold "$object"
check "is" detach_by_module cli
here "exits with 6" ended 6
check "and says why" grep -qF "policy cli is detached from outside: the module's parameter detach named it (parameter, code 0)" "$work/held.err"
check "with its counters" grep -q '^ever  *[0-9]* admitted' "$work/held.out"
here "one in JSON" hold "$object" --json
check "that somebody else detaches" policy detach cli
here "ends it with 6" ended 6
check "says so in JSON, line by line" bash -c "python3 -c '
import json, sys
first, last = map(json.loads, open(sys.argv[1]))
assert first[\"attached\"][0][\"name\"] == \"cli\" and first[\"attached\"][0][\"pin\"] is None
assert sorted(c[\"program\"] for c in first[\"companions\"]) == [\"count_exec\", \"show_execs\"]
assert last[\"ended\"][\"kind\"] == \"unregistered\" and last[\"ended\"][\"id\"] == first[\"attached\"][0][\"id\"]
' '$work/held.out'"
check "nothing is left of these" nothing_left

# two, of which one goes
here "two in the foreground" hold "$objects/cli_two.bpf.o"
check "one of which is detached" policy detach first
check "the other is held on" until_true 10 grep -q 'policy first is detached from outside' "$work/held.err"
check "and is attached" same "$(names)" "['second']"
check "SIGTERM" signal_holder TERM
here "ends it with 6, as one had been detached" ended 6
check "nothing is left of them" nothing_left
here "one that has the name of a second" hold "$objects/cli_two.bpf.o" --map second
check "both are refused" fails_with "a policy second is attached already" \
	policy attach "$objects/cli_two.bpf.o" --pin "$pins/two"
check "the first is taken back" same "$(names)" "['second']"
check "nothing of it is pinned" test ! -e "$pins/two"
check "the held one" signal_holder TERM
here "ends as ever" ended 0

# at fault: what finish() returns is no verdict
here "a policy at fault" hold "$object" --set verdict=77
/bin/true
here "ends with 6" ended 6
check "and the verdict" grep -qF "finish() returned 77" "$work/held.err"
check "which show has" holds "r['attached'] is False and r['kind'] == 'return_value' and r['code'] == 77 and
	'finish() returned 77' in r['text'] and r['finished'] >= 1" policy show cli --json

# at fault: two calls that take too long, each of a process that ends
slow_ms=/sys/module/taskhold/parameters/slow_ms
slow_was=$(<"$slow_ms")
echo 400 >"$slow_ms"
here "one that is too slow" hold "$objects/cli_slow.bpf.o" --set exit_ms=1000
/bin/true
/bin/true
here "ends with 6 as well" ended 6
check "which show has, with the time" holds "r['attached'] is False and r['kind'] == 'slow' and
	400 < r['code'] <= 60000 and 'a second call in a minute was slow: exit()' in r['text']" \
	policy show cli-slow --json
echo "$slow_was" >"$slow_ms"

# pinned
check "it is pinned" holds "r['attached'][0]['pin'] == '$pins/a/policy'" policy attach "$object" --pin "$pins/a//" --json
check "with its companions" same "$(cd "$pins/a" && echo *)" "count_exec policy show_execs"
check "whose iterator can be read" grep -q '^execs [1-9]' "$pins/a/show_execs"
check "all survive the command" attached cli
check "detach removes the pins" holds "r['ended']['kind'] == 'unregistered' and sorted(r['removed']) ==
	['$pins/a'] + ['$pins/a/' + n for n in ('count_exec', 'policy', 'show_execs')]" policy detach cli --json
check "and the directory" test ! -e "$pins/a"
check "a directory that exists is refused" exits 4 "it exists" policy attach "$object" --pin "$pins"
check "and a name that is too long" exits 2 "has a name of 256 bytes; want 255 at most" \
	policy attach "$object" --pin "$pins/new/$(printf '%0256d' 0)"
check "of which nothing is made" test ! -e "$pins/new"
check "and one below no bpffs" exits 4 "is on no bpffs" policy attach "$object" --pin "$work/x"
check "which is JSON where that is asked for" refuses "list(r) == ['error'] and r['error']['status'] == 4 and
	'is on no bpffs' in r['error']['message']" 4 policy attach "$object" --pin "$work/x" --json
# nobody reads what it says, or it cannot be written
to_nobody() {
	python3 -c 'import os, subprocess, sys
reader, writer = os.pipe()
os.close(reader)
sys.exit(subprocess.run(sys.argv[1:], stdout=writer).returncode)' "$@"
}
to_full() {
	"$@" >/dev/full
}
for where in to_nobody to_full; do
	check "$where, in the foreground" exits 4 "cannot write to standard output" \
		"$where" taskhold policy attach "$object"
	check "leaves nothing either" nothing_left
	check "$where, pinned" exits 4 "cannot write to standard output" \
		"$where" taskhold policy attach "$object" --pin "$pins/a" --json
	check "leaves no pin" test ! -e "$pins/a"
	check "nor anything else" nothing_left
done
finish
