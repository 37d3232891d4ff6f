#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# where: host
# timeout: 300
# shellcheck disable=SC2016 # what is played expands it
#
# How scripts/check.sh runs suites: two at once and in which order, what is built
# meanwhile and what not twice at once, whose line is whose, what becomes of a suite that
# breaks off, and that all of it ends with check.sh. Runs a copy of it; make, guests and
# the programs of suites are played.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tree=$work/tree
mkdir -p "$tree/tests"/{module,qemu,dkms,upstream} "$tree/out" "$work"/{bin,plays,marks}
(cd "$root" && cp -r --parents scripts tests/head.sh tests/module/*_test.sh "$tree/")
# those of who runs this test
unset TESTS UPSTREAM TASKHOLD_STOCK_IS_FRESH CHECK_JOBS MAKEFLAGS
# what check.sh has to end with
printf '#!/bin/bash\necho the tally\nexit 7\n' >"$tree/scripts/tally.sh"
for kernel in stock patched debug clang; do
	printf 'KVER=6.12\nVMLINUZ=vmlinuz\n' >"$tree/out/$kernel.env"
done
mkfifo "$work/never"

# What is played says when it begins and ends, and does between what plays/NAME says.
export FAKE=$work
cat >"$work/play" <<'SCRIPT'
# mark NAME: for each await there has to be one.
mark() {
	echo >"$FAKE/marks/$1"
}
# await NAME: 20 s at most
await() {
	read -rt 20 <"$FAKE/marks/$1" || echo "$name: no $1" >>"$FAKE/missed"
}
# lasts: until somebody ends it. "lock" is held until it has ended, and all that it started.
lasts() {
	exec 9>"$FAKE/lock"
	flock -s 9
	mark "$name"
	cat "$FAKE/never" &
	wait
}
play() {
	local status=0

	name=$1
	echo "begin $name" >>"$FAKE/events"
	if [[ -e $FAKE/plays/$name ]]; then
		. "$FAKE/plays/$name"
	fi
	echo "end $name" >>"$FAKE/events"
	exit "$status"
}
SCRIPT
# fake FILE LINE...
fake() {
	printf '%s\n' '#!/bin/bash' ". '$work/play'" "${@:2}" >"$1"
	chmod 755 "$1"
}
fake "$work/bin/make" 'last=${!#}; play "${last#out/}"'
fake "$tree/tests/qemu/run.sh" 'echo "options: $*" >>"$FAKE/events"; play "guest-${2//\//-}"'
fake "$tree/tests/dkms/gate.sh" 'echo 1..1; echo ok 1 gate; play gate'
fake "$tree/tests/upstream/run.sh" 'echo "upstream $*" >>"$FAKE/events"; play upstream'
fake "$tree/scripts/check-style.sh" 'echo 1..1; echo ok 1 style; play style'
# How many processors and how much memory there are.
fake "$work/bin/nproc" 'cat "$FAKE/processors"'
export TASKHOLD_MEMINFO=$work/meminfo
# Who it is, without namespaces and with a password.
fake "$work/bin/id" 'echo "${WHO:-0}"'
printf '#!/bin/bash\nexit 1\n' | tee "$work/bin/unshare" >"$work/bin/sudo"
chmod 755 "$work/bin"/{unshare,sudo}

# machine PROCESSORS GIB
machine() {
	echo "$1" >"$work/processors"
	printf 'MemTotal: %d kB\nMemAvailable: %d kB\n' "$(($2 << 21))" "$((($2 << 20) + 1000))" >"$work/meminfo"
}

# plays NAME COMMAND: what it does the next time.
plays() {
	printf '%s\n' "$2" >"$work/plays/$1"
}

# start SUITE...: what it ends with is in $status, what happened in "events", what was
# printed in "said", and what did not come in time in "missed".
start() {
	local mark

	rm -f "$work"/{events,missed,lock} "$work/marks"/*
	: >"$work/events"
	: >"$work/missed"
	for mark in style gate upstream guest-{stock,dkms,patched,debug,deb} ready-{stock,dkms,patched,debug} \
		    {patched,debug,clang,upstream-base,upstream-selftests}.env all told; do
		mkfifo "$work/marks/$mark"
	done
	status=0
	(
		# they are kept open here, so that a mark waits for whom it is for
		for mark in "$work/marks"/*; do
			# shellcheck disable=SC2034 # nobody reads there
			exec {fd}<>"$mark"
		done
		cd "$tree"
		echo "$BASHPID" >"$work/checks"
		# a shell in the background has SIGINT ignored, and nohup SIGHUP
		PATH=$work/bin:$PATH exec env --default-signal=HUP,INT,TERM scripts/check.sh "$@"
	) >"$work/said" 2>&1 || status=$?
	rm -f "$work/plays"/*
}

# Conditions for check.
none_missed() {
	cat "$work/missed"
	[[ ! -s $work/missed ]]
}
# began: what did, of what matches a pattern
began() {
	sed -nE "s/^begin ($1)\$/\\1/p" "$work/events" | paste -sd ' '
}
# before FIRST SECOND: of events
before() {
	awk -v first="$1" -v second="$2" '
		$0 == first && !a { a = NR }
		$0 == second && !b { b = NR }
		END { exit !(a && b && a < b) }' "$work/events" || {
		cat "$work/events"
		return 1
	}
}
# says FILE TEXT: a result below out/
says() {
	cat "$tree/out/$1"
	grep -qxF "$2" "$tree/out/$1"
}
# Of what lasts nothing is left.
gone() {
	flock -n "$work/lock" true
}
no_prefix() {
	! grep -E '^(style|stock|dkms): ' "$work/said"
}

plan 79
machine 2 8

# --- two at once

plays guest-stock 'echo "of stock"; echo "error of stock" >&2; mark guest-stock; await guest-dkms'
plays guest-dkms 'echo "of dkms"; mark guest-dkms; await guest-stock; printf "half a line"'
start stock dkms
check "two suites run at once" none_missed
check "what the tally says is what it ends with" same "$status" 7
check "each line says its suite" grep -qx "stock: of stock" "$work/said"
check "that of the other one too" grep -qx "dkms: of dkms" "$work/said"
check "an error as well" grep -qx "stock: error of stock" "$work/said"
check "a line without an end has one" grep -qx "dkms: half a line" "$work/said"
check "the tally comes last, and no other line" same \
	"$(grep -vE '^(stock|dkms): ' "$work/said")-$(tail -n 1 "$work/said")" "the tally-the tally"

long=$(printf 'x%.0s' {1..6000})
lines='for i in {1..50}; do printf "%s\n" "$LONG"; done'
plays guest-stock "mark guest-stock; await guest-dkms; $lines"
plays guest-dkms "mark guest-dkms; await guest-stock; $lines"
LONG=$long start stock dkms
check "long lines are whole" same "$(grep -cxF -e "stock: $long" -e "dkms: $long" "$work/said")" 100

start style dkms stock
check "the order of three" before "end ready-style" "begin ready-dkms"
check "stock does not wait for dkms" before "begin ready-stock" "begin ready-dkms"

# dkms waits until all kernels are there, which the shell that built them has noticed
# when there is no such process any more, and stock until all others have ended.
plays clang.env 'echo $$ >"$FAKE/builder"; mark clang.env; rm "$FAKE/plays/clang.env"'
plays gate 'await clang.env; timeout 20 tail --pid="$(<"$FAKE/builder")" -f /dev/null'
plays guest-deb 'mark all'
plays guest-stock 'await all'
UPSTREAM=base start style dkms stock patched deb upstream debug clang
check "all suites have their turn" none_missed
check "the longest go first, style and dkms before them" same \
	"$(began 'ready-.*' | sed 's/ready-stock //')" \
	"ready-style ready-dkms ready-debug ready-patched ready-clang ready-upstream ready-deb"
check "stock begins with the first" grep -qE '^(ready-style )?ready-stock ' <<<"$(began 'ready-.*')"
check "kernels are built in the order in which their suites are named" same \
	"$(began '.*[.]env' | awk '{ for (i = 1; i <= NF; i++) if (!seen[$i]++) printf "%s ", $i }')" \
	"patched.env upstream-base.env debug.env clang.env "
check "and before it is asked for" before "end clang.env" "begin ready-clang"
check "the guests of upstream take turns" grep -qx "upstream --in-turn base out/upstream" "$work/events"

# --- kernels

export CHECK_JOBS=2
plays debug.env 'await guest-patched; rm "$FAKE/plays/debug.env"'
plays guest-patched 'mark guest-patched'
start patched debug
check "a suite whose kernel is there does not wait for another's" none_missed
check "and one whose kernel is not does" before "end debug.env" "begin ready-debug"

# the first one that asks is who builds kernels meanwhile
plays debug.env 'if mkdir "$FAKE/tried"; then status=1; else await ready-patched; fi'
plays ready-patched 'mark ready-patched'
start debug patched
rmdir "$work/tried"
check "who has to wait for a kernel holds up no other" none_missed
check "a kernel that failed at first is tried again" before "end debug.env" "begin guest-debug"
plays debug.env 'echo "no such compiler" >&2; status=1'
plays guest-patched 'mark told'
start debug patched
check "one that fails is a result" says debug/build.tap "not ok 1 build: make out/debug.env failed"
check "and says why" grep -qx "debug: no such compiler" "$work/said"
check "its suite is not run" same "$(began 'guest-.*')" guest-patched

# --- one make at a time

# Who is made ready stays at it until the other one wants the same: until it is seen to
# wait for the lock, or not to.
plays ready-stock 'until_wanted dkms'
plays ready-dkms 'until_wanted stock'
cat >>"$work/play" <<'SCRIPT'
until_wanted() {
	local end=$((SECONDS + 40)) inode

	inode=$(stat -c %i out/ready.lock)
	until grep -q "^[0-9]*: -> FLOCK .*:$inode " /proc/locks || grep -qx "end ready-$1" "$FAKE/events"; do
		if grep -qx "begin ready-$1" "$FAKE/events" || ((SECONDS > end)); then
			echo "$1 is made ready as well" >>"$FAKE/missed"
			break
		fi
	done
}
SCRIPT
start stock dkms
check "two are not made ready at once" none_missed
check "but both are" same "$(began 'ready-.*' | wc -w)" 2

# --- one at a time

CHECK_JOBS=1 start stock dkms style
check "one after the other they have the order in which they are named" same \
	"$(began 'ready-.*|guest-.*|style')" "ready-stock guest-stock ready-dkms guest-dkms ready-style style"
check "and nothing stands before their lines" no_prefix
start dkms
check "nor before those of one alone" no_prefix
start upstream
check "upstream alone has its guests at once" grep -qx "upstream selftests out/upstream" "$work/events"
check "and is made ready with its kernel" same "$(began '.*[.]env|ready-.*')" ready-upstream
check "a number that is none is refused" fails_with "CHECK_JOBS='many' is no number of suites" \
	env -C "$tree" CHECK_JOBS=many PATH="$work/bin:$PATH" scripts/check.sh style dkms

unset CHECK_JOBS
machine 1 64
start stock dkms
check "one processor: one at a time" no_prefix
machine 4 6
start stock dkms
check "too little memory: one at a time" no_prefix
check "which is said" grep -q "^check.sh: 6 GiB of memory are available and two guests at once want 7" "$work/said"
machine 2 8
WHO=1000 start stock dkms
check "where sudo would ask for a password: one at a time" no_prefix
check "which is said as well" grep -q "^check.sh: without user namespaces dkms needs root" "$work/said"
machine 1 6
CHECK_JOBS=2 start stock dkms
check "as many as are asked for all the same" grep -q '^stock: ' "$work/said"
machine 2 8
export CHECK_JOBS=2

# --- what fails beside another

plays upstream 'mark upstream; status=3'
plays guest-stock 'await upstream; echo "it goes on"'
start upstream stock
check "a suite that breaks off has failed" says upstream/run.tap \
	"not ok 1 run: the suite broke off with status 3"
check "the other one goes on" grep -qx "stock: it goes on" "$work/said"
check "and has not" test ! -e "$tree/out/stock/run.tap"
plays upstream 'mark upstream; kill -KILL "$PPID"'
plays guest-stock 'await upstream; echo "it goes on"'
start upstream stock
check "so has one that is killed" says upstream/run.tap "not ok 1 run: the suite was killed"
check "and the other one goes on" grep -qx "stock: it goes on" "$work/said"
plays ready-dkms 'status=2'
start dkms stock
check "so has one that cannot be built" says dkms/build.tap "not ok 1 build: make ready-dkms failed"
check "and is not run" same "$(began 'guest-.*|gate')" guest-stock

# --- all of it ends

# aborts SIGNAL SUITE...: while its kernels are built, a program runs on the host and
# a guest runs beside.
aborts() {
	local signal=$1 name
	shift

	for name in gate guest-stock debug.env; do
		plays "$name" lasts
	done
	# as there is nobody else who knows when all three are there
	plays ready-stock "(
		await gate; await guest-stock; await debug.env
		kill -$signal \"\$(<\"\$FAKE/checks\")\"
	) >/dev/null 2>&1 &"
	start "$@"
}
for signal in INT:130 TERM:143 HUP:129; do
	aborts "${signal%:*}" stock dkms debug
	check "SIG${signal%:*}: a guest, a program and a kernel's build are at work" none_missed
	check "it ends" same "$status" "${signal#*:}"
	check "and has waited until all that was started is gone" gone
done
plays style lasts
plays ready-style '( await style; kill -TERM "$(<"$FAKE/checks")" ) >/dev/null 2>&1 &'
start style
check "a suite alone is ended as well" same "$status" 143
check "and what it has started is gone" gone

# --- two guests of one suite

for test in {1..8}; do
	printf '#!/bin/bash\n' >"$tree/tests/module/x${test}_test.sh"
done
# tests_of GUEST: what it was given to run
tests_of() {
	sed -n "s|^options: --name $1 .*tests/qemu/suite.sh [^ ]* ||p" "$work/events" | tr ' ' '\n'
}
unset CHECK_JOBS
machine 2 8
plays guest-stock-1 'mark guest-stock; await guest-dkms; echo "of the first"'
plays guest-stock-2 'mark guest-dkms; await guest-stock; echo "of the second"'
start stock
check "a suite that is alone has two guests at once" none_missed
check "each line says its guest" grep -qx "2: of the second" "$work/said"
check "each test is in one of them" same "$({ tests_of stock/1; tests_of stock/2; } | sort | uniq -c | awk '$1 != 1')" ""
check "as many in one as in the other" same "$(tests_of stock/1 | wc -l)-$(tests_of stock/2 | wc -l)" 6-5
check "what came of a test of the second is a result of the suite" \
	says "stock/$(tests_of stock/2 | head -n 1 | tr / -).tap" "not ok 1 $(tests_of stock/2 | head -n 1): it has no result: the guest ended before"
check "and how each guest ended" test -e "$tree/out/stock/guest-1.tap" -a -e "$tree/out/stock/guest-2.tap"
CHECK_JOBS=1 start stock
check "one guest where that is asked for" same "$(began 'guest-.*')" guest-stock
machine 2 6
start stock
check "and where there is no memory for two" same "$(began 'guest-.*')" guest-stock
machine 2 8
start stock dkms
check "and beside another suite" same "$(began 'guest-stock.*')" guest-stock
# is_last KERNEL: which is there when the shell that ran stock has noticed that it has ended.
is_last() {
	plays guest-stock 'mark guest-stock'
	plays "$1" 'await guest-stock; rm "$FAKE/plays/$name"
	for pid in $(pgrep -P "$(<"$FAKE/checks")"); do
		[[ $pid == "$$" ]] || timeout 20 tail --pid="$pid" -f /dev/null
	done'
}
is_last patched.env
plays guest-patched-2 'echo "of the second"'
start stock patched
check "but the last has two where the others have ended" same "$(began 'guest-patched.*' | wc -w)" 2
check "whose lines say both" grep -qx "patched: 2: of the second" "$work/said"
is_last patched.env
CHECK_JOBS=2 start stock patched
check "also where two suites at once are asked for" same "$(began 'guest-patched.*' | wc -w)" 2
is_last upstream-selftests.env
start stock upstream
check "upstream has its own at once then" grep -qx "upstream selftests out/upstream" "$work/events"
plays guest-stock 'await guest-patched'
plays guest-patched-1 'mark guest-patched; await guest-deb'
plays guest-patched-2 'mark guest-deb'
start stock patched
check "the second begins where the first is at work still" none_missed
check "when the others have ended" before "end guest-stock" "begin guest-patched-2"
plays guest-stock 'mark guest-stock; await guest-deb'
plays guest-patched-1 'await guest-stock'
plays guest-patched-2 'mark guest-deb'
start stock patched
check "or beside one of them" none_missed
check "when the first has" before "end guest-patched-1" "begin guest-patched-2"
rm "$tree"/tests/module/x?_test.sh

# --- parts

# Each has a test of its own that only the patched kernel has.
mkdir -p "$tree/tests/kfuncs"
printf '#!/bin/bash\n# kernel: patched\n' >"$tree/tests/kfuncs/of_the_series_test.sh"
# told: what the guest is told before what it runs
told() {
	sed -n 's|^options: --name stock .* -- env \(.*\)tests/qemu/suite.sh .*|<\1>|p' "$work/events"
}
start --part stock
check "a part is told that it is one" same "$(told)" "<TASKHOLD_PART=yes >"
start stock
check "a whole suite is not" same "$(told)" "<>"
TESTS=module/btf start --part stock
check "nor one of which tests were picked" same "$(told)" "<>"
start --part patched
check "all patterns of a part have to match" grep -q "^check.sh: part_of() .* names '.*' for patched, which no test is called" "$work/said"
perl -0pi -e "s|patched\\) echo .*?;;|patched) echo module/btf ;;|s" "$tree/scripts/check.sh"
start --part patched
check "what runs on the patched kernel alone cannot be left out" grep -q \
	"^check.sh: part_of() .* leaves kfuncs/of_the_series_test out, which runs on a patched kernel only" "$work/said"
rm -r "$tree/tests/kfuncs"
start --part patched
check "what else is there can" same "$(began 'guest-.*')" guest-patched

# --- suites that are left out

TESTS=module/btf start style upstream
check "no kernel is built for a suite that is left out" same "$(began '.*')" ""
finish
