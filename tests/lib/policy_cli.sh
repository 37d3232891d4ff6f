# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests/cli/policy_*: runs `taskhold policy` in the guest, and asks bpftool and the
# files of the kernel what is right. Sourced after tap.sh; makes $work, which is removed
# at the end together with all pins in $pins.

# shellcheck source=tests/qemu/module-state.sh
. "$TASKHOLD_ROOT/tests/qemu/module-state.sh"
# shellcheck source=tests/lib/json.sh
. "$TASKHOLD_ROOT/tests/lib/json.sh"

# shellcheck disable=SC2034 # tests use it
objects=$TASKHOLD_ROOT/out/tests/progs policies=$TASKHOLD_ROOT/out/bpf
# The unpatched one: it knows ids, and is not ours.
bpftool=$(sed -n 's/^BPFTOOL=//p' "$TASKHOLD_ROOT/out/stock.env")
pins=/sys/fs/bpf/policy-test
work=$(mktemp -d)
json_start
holder=
# let_go SIGNAL: of the holder, if there is one, of which nothing is left then
let_go() {
	local pid=$holder

	holder=
	[[ -n $pid ]] || return 0
	# one that has ended is waited for all the same
	kill -"$1" "$pid" 2>/dev/null || echo "the holder has ended already"
	wait "$pid" || echo "the holder's status was $?"
}
clean_up() {
	# what fails here says so, and the rest is done
	let_go KILL >/dev/null 2>&1
	json_end >/dev/null
	rm -rf "$pins" "$work"
}
trap clean_up EXIT

# here NAME COMMAND...: check() of what is to run in this shell itself, as what it sets
# and what it starts in the background is asked for later.
here() {
	local name=$1 status=0
	shift

	"$@" >"$work/here" 2>&1 || status=$?
	check "$name" heard "$status" "$@"
}
heard() {
	cat "$work/here"
	return "$1"
}

# evaluate_true EXPRESSION: of the JSON in $work/json
evaluate_true() {
	is_true "$1" "$work/json"
}

# refuses EXPRESSION STATUS COMMAND...: it fails with that status, and what it prints is
# JSON all the same, of which that is true.
refuses() {
	local expression=$1 expected=$2 status=0
	shift 2

	"$@" >"$work/said" 2>"$work/err" || status=$?
	cat "$work/err"
	((status == expected)) || { echo "status $status, not $expected"; return 1; }
	is_true "$expression" "$work/said"
}

# exits STATUS TEXT COMMAND...: that status, one line on stderr with that text.
exits() {
	local expected=$1 text=$2 status=0
	shift 2

	"$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	cat "$work/stdout" "$work/stderr"
	if ((status != expected)); then
		echo "status $status, not $expected"
		return 1
	fi
	[[ $(wc -l <"$work/stderr") == 1 ]] && grep -qF -- "$text" "$work/stderr"
}

# not COMMAND...
not() {
	! "$@"
}

# One that stays although it ought to return is ended.
policy() {
	timeout -k 5 "$((60 * ${TASKHOLD_SLOW:-1}))" taskhold policy "$@"
}

# list_value EXPRESSION: of what is listed
list_value() {
	policy list --json | evaluate "$1"
}
names() {
	list_value "sorted(p['name'] for p in r['policies'])"
}
attached() {
	[[ $(names) == *"'$1'"* ]]
}

# hold OPTION...: attaches in the background; $holder, and what it says in $work/held.*
# For here(), as is ended.
hold() {
	# what an earlier one has said must not be taken for its word
	rm -f "$work/held.out" "$work/held.err"
	taskhold policy attach "$@" >"$work/held.out" 2>"$work/held.err" &
	holder=$!
	# it speaks when all is attached
	until_true 20 test -s "$work/held.out" || {
		cat "$work/held.err"
		let_go KILL
		return 1
	}
}

signal_holder() {
	kill -"$1" "$holder"
}

# ended STATUS: the holder ends by itself, with that status.
ended() {
	local status=0

	[[ -n $holder ]] || { echo "there is none"; return 1; }
	until_true 20 not kill -0 "$holder" 2>/dev/null || {
		echo "it still runs"
		let_go KILL
		return 1
	}
	wait "$holder" || status=$?
	holder=
	cat "$work/held.out" "$work/held.err"
	((status == $1)) || { echo "status $status, not $1"; return 1; }
}

# with_pending SIGNAL COMMAND...: it comes at the first moment that the command looks;
# with IGNORED in the environment, although it is ignored
with_pending() {
	python3 -c '
import os, signal, sys
number = getattr(signal, "SIG" + sys.argv[1])
if "IGNORED" in os.environ:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
os.kill(os.getpid(), number)
os.execvp(sys.argv[2], sys.argv[2:])' "$@"
}

# BPF objects go by work queues and after grace periods.
nothing_left() {
	until_true 20 module_unused && [[ $("$bpftool" -j link list | evaluate \
		"[l for l in r if l['type'] == 'struct_ops']") == '[]' ]]
}
