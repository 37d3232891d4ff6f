#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
# timeout: 120
#
# How the command fails: each way to call it wrong, and each environment it
# cannot work in, has its exit status, one line on stderr that names what is
# wrong, and nothing else there.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The same program where somebody without privileges can reach it.
install -m 755 "$(command -v taskhold)" "$work/taskhold"
chmod 755 "$work"
cat >"$work/as-nobody" <<SCRIPT
#!/bin/bash
exec setpriv --reuid 65534 --regid 65534 --clear-groups "$work/taskhold" "\$@"
SCRIPT
# As root, but with these capabilities alone.
cat >"$work/with-bpf-caps" <<SCRIPT
#!/bin/bash
exec setpriv --inh-caps -all --bounding-set -all,+bpf,+perfmon "$work/taskhold" "\$@"
SCRIPT
# Root over a user namespace is not root.
cat >"$work/in-userns" <<SCRIPT
#!/bin/bash
exec unshare --user --map-root-user "$work/taskhold" "\$@"
SCRIPT
chmod 755 "$work"/{as-nobody,with-bpf-caps,in-userns}

# exits STATUS TEXT COMMAND...: that status, one line on stderr with that text.
exits() {
	local expected=$1 text=$2 status=0 lines
	shift 2

	"$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	lines=$(wc -l <"$work/stderr")
	sed 's/^/stderr: /' "$work/stderr"
	if ((status != expected)); then
		echo "status $status, not $expected"
		return 1
	fi
	if ((lines != 1)) || ! grep -q '^taskhold: ' "$work/stderr"; then
		echo "$lines lines on stderr, not one that begins with 'taskhold: '"
		return 1
	fi
	if ! grep -qF -- "$text" "$work/stderr"; then
		echo "no '$text' on stderr"
		return 1
	fi
}

# prints TEXT COMMAND...: succeeds, with that text on stdout and stderr empty.
prints() {
	local text=$1
	shift

	"$@" >"$work/stdout" 2>"$work/stderr" || return 1
	cat "$work/stdout" "$work/stderr"
	[[ ! -s $work/stderr ]] && grep -qF -- "$text" "$work/stdout"
}

valid_json() {
	python3 -c 'import json, sys; json.load(sys.stdin)' <"$work/stdout"
}

plan 55

# Usage: status 2.
check "no command" exits 2 "no command given" taskhold
check "a command that does not exist" exits 2 "no command bogus" taskhold bogus
check "help about one that does not exist" exits 2 "no command bogus" taskhold help bogus
check "an empty command" exits 2 "there is no command ;" taskhold ""
check "an option that does not exist" exits 2 "no option --bogus; see" taskhold --bogus
check "two that begin alike" exits 2 "more than one option begins like --ver" taskhold --ver
check "a short one" exits 2 "no option -q" taskhold -q
check "a short one in a bundle" exits 2 "no option -q" taskhold -vq status
check "an argument for an option without" exits 2 "option --verbose takes no argument" taskhold --verbose=1
check "status: an option that does not exist" exits 2 "see 'taskhold help status'" taskhold status --bogus
check "status: an argument" exits 2 "status takes no argument, not x" taskhold status x
check "status: an argument after --" exits 2 "status takes no argument, not --json" taskhold status -- --json
check "status: an argument for an option without" exits 2 "option --json takes no argument" taskhold status --json=1
check "record: -- and no command" exits 2 "no command after --" taskhold record -o "$work/r" --
check "record: an option that does not exist" exits 2 "see 'taskhold help record'" taskhold record --bogus
check "policy: an option that does not exist" exits 2 "see 'taskhold help policy'" taskhold policy --bogus
check "policy: no verb" exits 2 "policy wants attach, list" taskhold policy
check "policy: a verb that does not exist" exits 2 "policy does not know bogus" taskhold policy bogus
check "policy: no name" exits 2 "policy show wants NAME" taskhold policy show
check "policy: too many names" exits 2 "policy show takes NAME, not b" taskhold policy show a b
check "policy: an option of another verb" exits 2 "policy list takes no option --pin" taskhold policy list --pin x
check "report: an option that does not exist" exits 2 "see 'taskhold help report'" taskhold report --bogus

# Help and versions need nothing and go to stdout.
check "help" prints "usage: taskhold" taskhold help
check "--help" prints "usage: taskhold" taskhold --help
check "-h" prints "usage: taskhold" taskhold -h
for command in policy record report status; do
	check "help $command" prints "usage: taskhold $command" taskhold help "$command"
	check "$command --help" prints "usage: taskhold $command" taskhold "$command" --help
done
check "--version" prints ", ABI " taskhold --version
check "help without privileges" prints "usage: taskhold" "$work/as-nobody" help

# Output: status 4.
to_full() {
	"$@" >/dev/full
}
status_to_full() {
	local status=0

	taskhold status >/dev/full 2>"$work/said" || status=$?
	cat "$work/said"
	same "$status" 3 && grep -q "is not loaded: modprobe taskhold" "$work/said" &&
		grep -q "cannot write to standard output" "$work/said"
}
check "help to a full disk" exits 4 "cannot write to standard output" to_full taskhold help
check "--version to a full disk" exits 4 "cannot write to standard output" to_full taskhold --version

# Environment: status 3.
check "the module is not loaded yet" test ! -d /sys/module/taskhold
check "status without the module" exits 3 "is not loaded: modprobe taskhold" taskhold status
check "what it says is on stdout all the same" grep -q "^module      not loaded" "$work/stdout"
check "to a full disk it is 3 as well" status_to_full
check "without privileges it names sudo too" exits 3 "is not loaded: sudo modprobe taskhold" "$work/as-nobody" status
check "status --json without the module" exits 3 "is not loaded" taskhold status --json
check "what it prints is JSON" valid_json
for verb in list "show x" "detach x" "attach x" "update x y" "check x"; do
	# shellcheck disable=SC2086 # words are what is wanted
	check "policy $verb without the module" exits 3 "is not loaded" taskhold policy $verb
done
check "policy without privileges" exits 3 "CAP_SYS_ADMIN" "$work/as-nobody" policy list
check "record without the module" exits 3 "is not loaded" taskhold record -o "$work/r" -- true
check "record without privileges" exits 3 "CAP_SYS_ADMIN" "$work/as-nobody" record -o "$work/r" -- true
check "record with CAP_BPF and CAP_PERFMON alone" exits 3 "are not enough" \
	"$work/with-bpf-caps" record -o "$work/r" -- true
check "record in a user namespace" exits 3 "user namespace" \
	"$work/in-userns" record -o "$work/r" -- true
finish
