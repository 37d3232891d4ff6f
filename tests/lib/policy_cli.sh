# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests/cli/policy_*: runs `taskhold policy` in the guest, and asks bpftool and the
# files of the kernel what is right. Sourced after tap.sh; makes $work, which is removed
# at the end together with all pins in $pins.

# shellcheck source=tests/qemu/module-state.sh
. "$TASKHOLD_ROOT/tests/qemu/module-state.sh"

# shellcheck disable=SC2034 # tests use it
objects=$TASKHOLD_ROOT/out/tests/progs
# The unpatched one: it knows ids, and is not ours.
bpftool=$(sed -n 's/^BPFTOOL=//p' "$TASKHOLD_ROOT/out/stock.env")
pins=/sys/fs/bpf/policy-test
work=$(mktemp -d)
holder=
clean_up() {
	if [[ -n $holder ]]; then
		kill -KILL "$holder"
	fi
	rm -rf "$work" "$pins"
}
trap clean_up EXIT

# evaluate EXPRESSION: of Python, over some lines, in which r is what stdin has as JSON
evaluate() {
	python3 -c '
import json, sys
r = json.load(sys.stdin)
print(eval("(" + sys.argv[1] + ")"))' "$1"
}

# holds EXPRESSION COMMAND...: what the command prints is JSON, of which that is true.
holds() {
	local expression=$1
	shift

	"$@" >"$work/said" 2>"$work/err" || { cat "$work/said" "$work/err"; return 1; }
	[[ $(evaluate "$expression" <"$work/said") == True ]] || {
		printf 'does not hold: %s\n' "$expression"
		cat "$work/said" "$work/err"
		return 1
	}
}

# evaluate_true EXPRESSION: of the JSON in $work/json
evaluate_true() {
	[[ $(evaluate "$1" <"$work/json") == True ]] || { cat "$work/json"; return 1; }
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

policy() {
	taskhold policy "$@"
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
hold() {
	taskhold policy attach "$@" >"$work/held.out" 2>"$work/held.err" &
	holder=$!
	# it speaks when all is attached
	until_true 20 test -s "$work/held.out" || { cat "$work/held.err"; return 1; }
}

# ended STATUS: the holder ends by itself, with that status.
ended() {
	local status=0

	until_true 20 not kill -0 "$holder" 2>/dev/null || { echo "it still runs"; return 1; }
	wait "$holder" || status=$?
	holder=
	cat "$work/held.out" "$work/held.err"
	((status == $1)) || { echo "status $status, not $1"; return 1; }
}

# BPF objects go by work queues and after grace periods.
nothing_left() {
	until_true 20 module_unused && [[ $("$bpftool" -j link list | evaluate \
		"[l for l in r if l['type'] == 'struct_ops']") == '[]' ]]
}

# knob OBJECT-MAP NAME: a variable as the kernel has it, by the map's BTF
knob() {
	"$bpftool" -j map dump id "$("$bpftool" -j map list | evaluate \
		"max(m['id'] for m in r if m.get('name', '').endswith('.rodata') and m['name'].startswith('$1'))")" |
		evaluate "{k: v for d in r[0]['formatted']['value']['.rodata'] for k, v in d.items()}['$2']"
}
