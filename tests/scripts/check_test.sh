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
# those of who runs this test
unset TESTS UPSTREAM TASKHOLD_STOCK_IS_FRESH
# what check.sh has to end with
printf '#!/bin/bash\nexit 7\n' >"$work/tree/scripts/tally.sh"
export FAKE=$work
mkfifo "$work/begun" "$work/never"
cat >"$work/bin/make" <<'SCRIPT'
#!/bin/bash
case "$*" in
*out/*.env*)
	# locked until it has ended, and all that it started
	exec 9>"$FAKE/lock"
	flock 9
	echo "$*" >>"$FAKE/kernels"
	echo >"$FAKE/begun"
	if [[ ! -e $FAKE/quick ]]; then
		cat "$FAKE/never" &
		wait
	fi
	;;
*)
	# a suite that is made ready while kernels are built, if they are
	if [[ -e $FAKE/expected ]]; then
		timeout 10 cat "$FAKE/begun"
		rm "$FAKE/expected"
		[[ ! -e $FAKE/quick ]] || flock -w 10 "$FAKE/lock" true
	fi
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

	rm -f "$work"/{kernels,lock,expected}
	[[ -n ${TESTS:-} ]] || touch "$work/expected"
	echo "$signal" >"$work/signal"
	status=0
	(cd "$work/tree" && PATH=$work/bin:$PATH exec scripts/check.sh "$@") >"$work/said" 2>&1 ||
		status=$?
}

# Who built the kernels has ended, and what he started.
gone() {
	flock -w 10 "$work/lock" true
}

plan 8

checks TERM debug clang
check "kernels of all suites are built meanwhile" grep -qxF -- \
	"--no-print-directory -k out/debug.env out/clang.env" "$work/kernels"
check "a signal ends it" same "$status" 143
check "and who builds them, with what it started" gone

checks 0 debug clang
check "where a suite is not ready it ends with what the tally says" same "$status" 7
check "and so do they" gone

touch "$work/quick"
checks 0 debug clang
check "kernels that are there at once are asked for" test -s "$work/kernels"
check "and that nobody is left who builds them makes no difference" same "$status" 7
rm "$work/quick"

TESTS=module/btf checks 0 style upstream
check "no kernel is built for a suite that is left out" test ! -e "$work/kernels"
finish
