#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
#
# taskhold policy check: the verdict on each program and map, of a refusal the line of
# source that the file really has there; files that are something else. It attaches
# nothing and leaves nothing.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/policy_cli.sh
. "$(dirname "$0")/../lib/policy_cli.sh"

source=$TASKHOLD_ROOT/tests/progs/cli_refused.bpf.c
# what grep has of a line: its number
line_of() {
	grep -nF "$1" "$source" | cut -d: -f1
}
checked() {
	policy check "$@" --json >"$work/json" 2>"$work/err" || (($? == 3))
}

# renamed FILE OLD NEW: a copy of the object in which a name is another of the same length
renamed() {
	sed "s/$2/$3/g" "$objects/$1" >"$work/renamed.o"
}
# why EXPRESSION TEXT: what every refusal has in JSON, and what more is asked for
why() {
	checked "$work/renamed.o" &&
		evaluate_true "r['accepted'] is False and any(\"$2\" in m for m in r['messages']) and $1"
}
verdict() {
	echo "{p['name']: (p['verdict'], p.get('reason')) for p in r['programs']}['$1']"
}

plan 31
check "a good object" holds "r['accepted'] and {m['name']: m['verdict'] for m in r['maps']}['policy'] == 'accepted' and
	{p['name']: p['verdict'] for p in r['programs']} == {n: 'accepted' for n in
	('on_admit', 'on_finish', 'count_exec', 'show_execs', 'read_all')}" \
	policy check "$objects/cli_policy.bpf.o" --json
check "in words" policy check "$objects/cli_policy.bpf.o"
check "an object with refused programs" exits 3 "the verifier refuses 2 of 3 programs" \
	policy check "$objects/cli_refused.bpf.o"
check "the source of one is told with its line" grep -qF \
	"cli_refused.bpf.c:$(line_of 'no check of parent'): return parent->tgid == 1; /* no check of parent */" "$work/stdout"
check "the instruction" grep -qE '^ +instruction [0-9]+: \([0-9a-f]{2}\) ' "$work/stdout"
check "and the reason" grep -qE "^program  no_check .*: refused: .*invalid mem access 'trusted_ptr_or_null_'" "$work/stdout"
check "of another too" grep -qE '^program  leak .*: refused: .*Unreleased reference' "$work/stdout"
check "the good one is accepted" grep -qx 'program  good (struct_ops/exit): accepted' "$work/stdout"
check "the log is no longer than that" test "$(wc -l <"$work/stdout")" -le 12
checked "$objects/cli_refused.bpf.o"
check "as JSON" evaluate_true "not r['accepted'] and {p['name']: (p['verdict'], p.get('source')) for p in r['programs']}['no_check'] ==
	('refused', 'return parent->tgid == 1; /* no check of parent */')"
check "attach says the first alike" fails_with "the verifier refuses program no_check (struct_ops/admit): R" \
	policy attach "$objects/cli_refused.bpf.o"
check "with its source" fails_with \
	"cli_refused.bpf.c:$(line_of 'no check of parent'): return parent->tgid == 1; /* no check of parent */" \
	policy attach "$objects/cli_refused.bpf.o"
renamed cli_policy.bpf.o sched_process_exec sched_process_exeX
check "a tracepoint that is not there" why "$(verdict count_exec)[0] == 'refused' and
	'sched_process_exeX' in $(verdict count_exec)[1]" sched_process_exeX
check "the rest is judged all the same" evaluate_true \
	"$(verdict on_admit)[0] == $(verdict on_finish)[0] == 'accepted'"
check "in words it is no verdict of the verifier's" exits 3 "the kernel does not take 1 of 5 programs" \
	policy check "$work/renamed.o"
check "attach says libbpf's reason" fails_with "failed to find kernel BTF type ID of 'sched_process_exeX'" \
	policy attach "$work/renamed.o"
renamed cli_refused.bpf.o taskhold_rec_acquire taskhold_rec_acquirX
check "a kfunc that is not there" why "$(verdict leak)[0] == 'refused' and
	\"kfunc 'taskhold_rec_acquirX' is referenced\" in $(verdict leak)[1]" "prog 'leak': failed to load"
renamed cli_policy.bpf.o max_held max_helX
check "a member that the module does not have" why "r['error'] and $(verdict on_admit)[0] == 'untried'" \
	"Cannot find member max_helX in kernel BTF"
check "a good object has no error" holds "r['error'] is None and r['messages'] == []" \
	policy check "$objects/cli_policy.bpf.o" --json
check "nor has one of which the verifier refuses programs" refuses "r['error'] is None and
	$(verdict no_check)[0] == 'refused'" 3 policy check "$objects/cli_refused.bpf.o" --json
check "an error is JSON, too" refuses "r['error']['status'] == 4 and
	r['error']['message'].startswith('/etc/passwd: is no object file')" 4 policy check /etc/passwd --json
check "a policy is chosen" holds "{m['name']: m['verdict'] for m in r['maps']} ==
	{'first': 'left_out', 'second': 'left_out', 'third': 'accepted', 'other': 'left_out'}" \
	policy check "$objects/cli_two.bpf.o" --map third --json
check "one that is not there" exits 2 "has no policy fourth; there is first, second, third" \
	policy check "$objects/cli_two.bpf.o" --map fourth
check "another kernel type" exits 4 "has no policy: policy is a struct tcp_congestion_ops, by_itself is a struct tcp_congestion_ops" \
	policy check "$objects/bpftool_tcp.bpf.o"
check "an object of another kind" exits 4 "has no policy: it would be a struct taskhold_ops" \
	policy check "$objects/file_hooks.bpf.o"
check "a text" exits 4 "is no object file" policy check /etc/passwd
check "a program of this machine" exits 4 "is no BPF object file but one for another machine" \
	policy check "$(command -v taskhold)"
head -c 3000 "$objects/cli_policy.bpf.o" >"$work/cut.bpf.o"
cut_short() {
	local status=0

	policy check "$work/cut.bpf.o" 2>"$work/said" || status=$?
	cat "$work/said"
	((status == 4)) && grep -q "^taskhold: .*cut.bpf.o: cannot be understood: .*may be cut short" "$work/said" &&
		! grep -q "Unknown error" "$work/said"
}
check "an object that is cut short" cut_short
check "nothing there" exits 4 "cannot be read: No such file" policy check /no/such/file
check "a directory" exits 4 "cannot be read: Is a directory" policy check /tmp
check "nothing was attached, and nothing is left" nothing_left
finish
