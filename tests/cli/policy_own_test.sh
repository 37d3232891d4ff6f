#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# The policy that docs/policies.md has the reader write is what is tested here: taskhold
# policy accepts it, and it counts.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/policy_cli.sh
. "$(dirname "$0")/../lib/policy_cli.sh"

# what is indented below the heading, up to the commands
of_document() {
	awk '$0 == "## A policy of your own" { on = 1; next }
		/^    \$ / { exit }
		on && /^    / { print substr($0, 5); last = NR; next }
		on && last && $0 == "" { print }' "$TASKHOLD_ROOT/docs/policies.md"
}
of_source() {
	sed 1,2d "$TASKHOLD_ROOT/tests/progs/failures.bpf.c" | expand
}
without_end() {
	sed -e ':again' -e '/^\n*$/{$d;N;b again' -e '}'
}
counted() {
	[[ $("$bpftool" -j map lookup name by_status key "$1" 0 0 0 | evaluate "r['formatted']['value']") == "$2" ]]
}
# ends_with STATUS
ends_with() {
	local status=0

	bash -c "exit $1" || status=$?
	((status == $1))
}

plan 7
check "it is the one" diff <(of_document | without_end) <(of_source)
check "it is accepted" holds "r['accepted']" policy check "$objects/failures.bpf.o" --json
check "and attached" policy attach "$objects/failures.bpf.o" --pin "$pins/failures"
check "a process ends with 77" ends_with 77
check "and is counted" until_true 20 counted 77 1
check "as it is alone" counted 78 0
check "it is detached" policy detach failures
finish
