#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
#
# When `taskhold policy` returns, nothing of its own holds the module any more, whether it
# did what it was to or failed: who unloads it next is not refused. The kernel's count of
# references tells, at once and not after a while.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/policy_cli.sh
. "$(dirname "$0")/../lib/policy_cli.sh"

refcnt() {
	cat /sys/module/taskhold/refcnt
}
# unheld STATUS COMMAND...: four times that status, and nobody holds the module then
unheld() {
	local expected=$1 i status
	shift

	for ((i = 0; i < 4; i++)); do
		status=0
		"$@" >"$work/said" 2>&1 || status=$?
		status="$status, refcnt $(refcnt)"
		same "$status" "$expected, refcnt 0" || { cat "$work/said"; return 1; }
	done
}
attached_and_detached() {
	policy attach "$@" --pin "$pins/a" && policy detach "$whom"
}
# Two rounds: a module that is loaded anew works.
unloaded() {
	local i

	for ((i = 0; i < 2; i++)); do
		attached_and_detached "$@" && rmmod taskhold || return 1
		modprobe taskhold
	done
}

plan 14
check "nobody holds it" until_true 20 module_unused
check "list" unheld 0 policy list
check "show of none" unheld 2 policy show nobody
check "detach of none" unheld 2 policy detach nobody
check "check" unheld 0 policy check "$objects/cli_policy.bpf.o"
check "check of what is refused" unheld 3 policy check "$objects/cli_refused.bpf.o"
check "attach of what is refused" unheld 3 policy attach "$objects/cli_refused.bpf.o"
check "update of none" unheld 2 policy update nobody "$objects/cli_plain.bpf.o"
whom=plain
check "attach and detach" unheld 0 attached_and_detached "$objects/cli_plain.bpf.o"
whom=cli
check "with companions" unheld 0 attached_and_detached "$objects/cli_policy.bpf.o"
check "it is unloaded at once" unloaded "$objects/cli_policy.bpf.o"
here "one in the foreground" hold "$objects/cli_plain.bpf.o"
check "is detached" policy detach plain
check "and nobody holds it" same "$(refcnt)" 0
finish
