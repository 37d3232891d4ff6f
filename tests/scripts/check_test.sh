#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# where: host
#
# What scripts/check.sh has built while suites run: that it is what they need, and
# ends with check.sh. Runs a copy of it, with a make that only notes what it is asked
# for, and for kernels works until somebody ends it.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/tree/tests/module" "$work/bin"
(cd "$root" && cp -r --parents scripts tests/head.sh tests/module/*_test.sh "$work/tree/")
export FAKE=$work
cat >"$work/bin/make" <<'SCRIPT'
#!/bin/bash
case "$*" in
*out/*.env*)
	echo "$*" >>"$FAKE/kernels"
	sleep 1000 &
	echo "$$ $!" >"$FAKE/working"
	wait
	;;
*)
	# a suite that is made ready while kernels are built, if they are
	for i in {1..100}; do
		[[ ! -e $FAKE/working ]] || break
		[[ -e $FAKE/expected ]] || exit 1
		sleep 0.1
	done
	kill "-$(<"$FAKE/signal")" "$PPID"
	exit 1
	;;
esac
SCRIPT
chmod 755 "$work/bin/make"

# checks SIGNAL SUITE...: sends check.sh the signal when kernels are being built.
checks() {
	local signal=$1
	shift

	rm -f "$work"/{kernels,working,expected}
	[[ -n ${TESTS:-} ]] || touch "$work/expected"
	echo "$signal" >"$work/signal"
	status=0
	(cd "$work/tree" && PATH=$work/bin:$PATH exec scripts/check.sh "$@") >"$work/said" 2>&1 ||
		status=$?
}

# gone PID...: none of them runs any more, after a second at most.
gone() {
	local i pid

	for i in {1..100}; do
		for pid in "$@"; do
			# what waits for its parent to look has ended
			if [[ $(ps -o stat= -p "$pid") == [!Z]* ]]; then
				sleep 0.01
				continue 2
			fi
		done
		return 0
	done
	echo "$pid still runs after $i looks"
	return 1
}

plan 6

checks TERM debug clang
check "kernels of all suites are built meanwhile" grep -qxF -- \
	"--no-print-directory -k out/debug.env out/clang.env" "$work/kernels"
check "a signal ends it" same "$status" 143
# shellcheck disable=SC2046 # words are what is wanted
check "and who builds them, with what it started" gone $(<"$work/working")

checks 0 debug clang
check "it ends by itself where a suite is not ready" same "$status" 1
# shellcheck disable=SC2046 # words are what is wanted
check "and so do they" gone $(<"$work/working")

TESTS=module/btf checks 0 style upstream
check "no kernel is built for a suite that is left out" test ! -e "$work/kernels"
finish
