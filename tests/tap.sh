# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP for tests that are shell scripts; sourced by them. A test is
#
#	. "$(dirname "$0")/../tap.sh"
#	plan 2
#	check "what must hold" COMMAND...
#	skip "what could not be tried" "why not"
#	finish
#
# A script that ends early has printed fewer results than planned, and so failed.

tap_count=0
tap_skipped=0

plan() {
	printf 'TAP version 13\n1..%d\n' "$1"
}

# result STATUS NAME
result() {
	tap_count=$((tap_count + 1))
	if (($1 == 0)); then
		printf 'ok %d %s\n' "$tap_count" "$2"
	else
		tap_failed=1
		printf 'not ok %d %s\n' "$tap_count" "$2"
	fi
}

# check NAME COMMAND...: what the command printed is shown where it fails.
check() {
	local name=$1 status=0 output
	shift

	output=$("$@" 2>&1) || status=$?
	result "$status" "$name"
	if ((status != 0)); then
		printf '# %s: status %d\n' "$*" "$status"
		[[ -z $output ]] || printf '# %s\n' "${output//$'\n'/$'\n# '}"
	fi
}

skip() {
	tap_count=$((tap_count + 1))
	tap_skipped=1
	printf 'ok %d %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

finish() {
	if [[ -n ${tap_failed:-} ]]; then
		exit 1
	elif ((tap_skipped)); then
		exit 4
	fi
	exit 0
}

# Conditions for check.
fails_with() {
	local text=$1 output status=0
	shift

	output=$("$@" 2>&1) || status=$?
	printf '%s\n' "$output"
	((status != 0)) && grep -qF -- "$text" <<<"$output"
}
same() {
	[[ $1 == "$2" ]] || {
		printf "'%s' is not '%s'\n" "$1" "$2"
		return 1
	}
}
