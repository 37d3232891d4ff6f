#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# where: host
#
# Whether compare.py finds what differs between two kernels: it is given results
# of two that are alike, with one thing changed at a time.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
compare=$(cd "$(dirname "$0")" && pwd -P)/compare.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# How much of the results below is good, what is not, and what tests were chosen by.
needs=(test_verifier=3 test_progs=2 veristat=2 "known=$work/known" "list=$work/list")
lists() {
	printf '%s\t%s\t%s\twhy\n' >"$work/known" \
		test_verifier FAIL 'p a case: with (words)' test_verifier SKIP 'p unsupported' \
		test_progs SKIP map_kptr/off test_progs FAIL rbtree test_progs FAIL rbtree/one
	printf '%s\n' '# kinds' '' 'map_*' wq rbtree >"$work/list"
}

# results DIR: what a guest leaves, with something of every kind.
results() {
	mkdir -p "$1"
	cat >"$1/test_verifier.log" <<-'LOG'
		#0/u add+sub+mul OK
		#0/p add+sub+mul OK
		#1/p a case: with (words) FAIL
		Unexpected error message!
			EXP: R0 invalid
			RES: R1 invalid
		#2/p two of one name OK (NOTE: not executed due to unknown alignment)
		#3/p unsupported SKIP (unsupported program type 31)
		Summary: 3 PASSED, 1 SKIPPED, 1 FAILED
	LOG
	cat >"$1/test_progs.log" <<-'LOG'
		#7/1     map_kptr/success-map:OK
		#7/2     map_kptr/off:SKIP
		#7       map_kptr:OK (SKIP: 1/2)
		a line of a test's own
		test_one:FAIL:skel_load unexpected error: -13 (errno 13)
		#8/1     rbtree/one:FAIL
		#8/2     rbtree/two:OK
		#8       rbtree:FAIL
		#9       wq:OK

		All error logs:
		test_one:FAIL:skel_load unexpected error: -13 (errno 13)
		#8/1     rbtree/one:FAIL
		#8       rbtree:FAIL
		Summary: 2/2 PASSED, 1 SKIPPED, 1 FAILED
	LOG
	cat >"$1/veristat.log" <<-'CSV'
		file_name,prog_name,verdict,total_insns,total_states
		Using guessed program type 'sched_cls' for a.bpf.o/big...
		a.bpf.o,big,success,1000,90
		a.bpf.o,small,success,10,1
		file_name,prog_name,verdict,total_insns,total_states
		b.bpf.o,wrong,failure,20,2
	CSV
	: >"$1/test_progs.err"
	echo 1 >"$1/test_verifier.status"
	echo 1 >"$1/test_progs.status"
	echo 0 >"$1/veristat.status"
	echo 'not clean: [    7.100000] WARNING: CPU: 0 PID: 7 at net/core/x.c:12 f+0x10/0x20' >"$1/log-scan.txt"
	: >"$1/console-scan.txt"
}

# changed COMMAND...: the patched kernel's results, changed by the command.
changed() {
	rm -rf "$work"/{unpatched,patched,out,again}
	mkdir "$work/out"
	results "$work/unpatched"
	results "$work/patched"
	lists
	(cd "$work/patched" && "$@")
}

# said: the results, with what stands below them.
said() {
	"$compare" "$work/unpatched" "$work/patched" "$work/out" "$@" "${needs[@]}" &&
		cat "$work"/out/*.tap
}

# fails NAME TEXT COMMAND...: changed by the command, one result fails, with this
# text; all others pass.
fails() {
	local name=$1 text=$2
	shift 2

	changed "$@"
	check "$name" one_fails "$text"
}
one_fails() {
	said >"$work/said"
	cat "$work/said"
	[[ $(grep -c '^not ok' "$work/said") == 1 ]] && grep '^not ok' "$work/said" | grep -qF -- "$1"
}

# passes TEXT: all pass, and the text stands somewhere.
passes() {
	said "${@:2}" >"$work/said"
	cat "$work/said"
	! grep '^not ok' "$work/said" && grep -qF -- "$1" "$work/said"
}

fails_in_total() {
	said >"$work/said"
	cat "$work/said"
	[[ $(grep -c '^not ok' "$work/said") == 2 ]] &&
		grep -q '^not ok 4 .*1030 and 1042: 1030 without the series, 1042 with it' "$work/said"
}
fails_again() {
	said "$work/again" >"$work/said"
	cat "$work/said"
	[[ $(grep -c '^not ok' "$work/said") == 1 ]] && grep -qF -- "$1" "$work/said"
}

plan 52

changed true
check "two that are alike" passes "ok 1 test_verifier: 5 cases"
check "every test has a result of its own" same "$(grep -c '^ok' "$work/out/test_progs.tap")" 3
check "and what both logs have is told" grep -q 'on both: WARNING: CPU: N PID: N at net/core' "$work/said"
check "then nothing is to be run again" same "$("$compare" --differing "$work/unpatched" "$work/patched" "${needs[@]}")" ""

edit=(sed -i -E)
fails "a case that fails with the series" "#0/p add+sub+mul: OK without the series, FAIL (lost) with it" \
	"${edit[@]}" 's/^(#0\/p .*)OK/\1FAIL: lost/; s/^Summary: 3 (.*) 1 FAILED/Summary: 2 \1 2 FAILED/' test_verifier.log
fails "a case that fails in another way" "FAIL (Unexpected error message) without the series, FAIL (Unexpected success to load) with it" \
	"${edit[@]}" 's/^Unexpected error message!/Unexpected success to load!/' test_verifier.log
fails "a case that is skipped with the series" "#2/p two of one name: OK without the series, SKIP with it" \
	"${edit[@]}" 's/^(#2.*name) OK.*/\1 SKIP/; s/^Summary.*/Summary: 2 PASSED, 2 SKIPPED, 1 FAILED/' test_verifier.log
fails "a case that is not there" "#3/p unsupported: SKIP without the series, no result with it" \
	"${edit[@]}" '/^#3/d; s/1 SKIPPED/0 SKIPPED/' test_verifier.log
fails "fewer cases than the summary says" "patched: test_verifier: the results are" \
	"${edit[@]}" '/^#0\/u/d' test_verifier.log
fails "a log that breaks off" "patched: test_verifier printed 0 summaries" \
	"${edit[@]}" '/^Summary/d' test_verifier.log
fails "a line that breaks off" "no verdict on '#0/u add'" \
	"${edit[@]}" 's/^(#0\/u add).*/\1/' test_verifier.log
fails "test_verifier that died" "patched: test_verifier ended with status 139" \
	cp /dev/stdin test_verifier.status <<<139
fails "test_verifier that never ended" "patched: test_verifier.status: No such file" \
	rm test_verifier.status

fails "a subtest that fails with the series" "success-map: OK without the series, FAIL with it" \
	"${edit[@]}" 's/(success-map):OK/\1:FAIL/; s/^Summary: 2\/2/Summary: 2\/1/' test_progs.log
fails "a subtest that fails in another way" "one: FAIL (skel_load -13) without the series, FAIL (skel_open -13) with it" \
	"${edit[@]}" 's/skel_load/skel_open/' test_progs.log
fails "a subtest that fails with another error" "one: FAIL (skel_load -13) without the series, FAIL (skel_load -22) with it" \
	"${edit[@]}" 's/error: -13 \(errno 13\)/error: -22 (errno 22)/' test_progs.log
fails "a subtest that is skipped with the series" "two: OK without the series, SKIP with it" \
	"${edit[@]}" 's/(rbtree\/two):OK/\1:SKIP/; s/^Summary: 2\/2/Summary: 2\/1/' test_progs.log
fails "a subtest that is not there" "off: SKIP without the series, no result with it" \
	"${edit[@]}" '/map_kptr\/off/d' test_progs.log
fails "a test that is not there" "wq, 0 subtests: the test: OK without the series, no result with it" \
	"${edit[@]}" '/^#9/d; s/^Summary: 2\/2/Summary: 1\/2/' test_progs.log
fails "a test that is there with the series alone" "new, 0 subtests: the test: no result without the series, OK with it" \
	"${edit[@]}" 's/^(#9 .*)/\1\n#10 new:OK/; s/^Summary: 2\/2/Summary: 3\/2/' test_progs.log
# All of it is missing then: each test fails as well.
changed rm test_progs.log
said >"$work/said"
check "no log of test_progs at all" same "$(grep -c '^not ok' "$work/said")" 4
changed cp /dev/stdin test_progs.status <<<134
said >"$work/said"
check "test_progs that died" grep -q '^not ok 1 patched: test_progs ended with status 134' "$work/said"

# On both alike, as where the module was not built for the guest's kernel.
no_module() {
	changed "$@"
	(cd "$work/unpatched" && "$@")
	said >"$work/said"
	cat "$work/said"
	grep -q '^not ok 1 unpatched: test_progs had no bpf_testmod: ' "$work/said" &&
		grep -q '^not ok 2 patched: test_progs had no bpf_testmod: ' "$work/said"
}
echo 'WARNING! Selftests relying on bpf_testmod.ko will be skipped.' >"$work/no-module"
check "a module that the kernel refuses" no_module \
	sed -i '1i Failed to load bpf_testmod.ko into the kernel: -22' test_progs.log
check "a module that is not there" no_module \
	sed -i "1i Can't find bpf_testmod.ko kernel module: -2" test_progs.log
check "tests that are skipped for want of it" no_module \
	cp "$work/no-module" test_progs.err
changed rm test_progs.err
said >"$work/said"
check "nothing that says whether it was loaded" \
	grep -q '^not ok 1 patched: test_progs.err: No such file' "$work/said"

fails "a program that is refused with the series" "a.bpf.o small: success without the series, failure with it" \
	"${edit[@]}" 's/small,success/small,failure/' veristat.log
fails "a program that loads with the series alone" "b.bpf.o wrong: failure without the series, success with it" \
	"${edit[@]}" 's/wrong,failure/wrong,success/' veristat.log
fails "a program with a tenth more instructions" "a.bpf.o small: 10 instructions without the series, 11 with it" \
	"${edit[@]}" 's/small,success,10/small,success,11/' veristat.log
changed "${edit[@]}" 's/big,success,1000/big,success,1010/' veristat.log
check "one with a hundredth more passes, and is told" passes "a.bpf.o big: 1000 and 1010 instructions"
changed "${edit[@]}" 's/big,success,1000/big,success,1011/; s/small,success,10/small,success,11/' veristat.log
check "all of them together" fails_in_total
fails "a program that is not there" "b.bpf.o wrong was not loaded with it" \
	"${edit[@]}" '/wrong/d' veristat.log
fails "a row that breaks off" "patched: veristat: a row that is not complete" \
	"${edit[@]}" 's/wrong.*/wrong,fail/' veristat.log

lose() {
	sed -i -E 's/^#9 .*/#9       wq:FAIL/; s/^Summary: 2\/2(.*) 1 FAILED/Summary: 1\/2\1 2 FAILED/' test_progs.log
}

# One that was not run has no results, and none are asked for.
test_verifier_alone() {
	"$compare" "$work/unpatched" "$work/patched" "$work/out" test_verifier=3 &&
		! cat "$work"/out/*.tap | grep '^not ok' &&
		[[ $(cd "$work/out" && echo ./*) == './log.tap ./needs.tap ./test_verifier.tap' ]]
}
changed rm veristat.log test_progs.log
check "one program alone" test_verifier_alone

# needs_more TEXT COMMAND...: changed on both alike, which is too little, and known.
needs_more() {
	changed "${@:2}"
	(cd "$work/unpatched" && "${@:2}")
	printf '%s\t%s\t%s\twhy\n' >>"$work/known" \
		test_verifier FAIL 'p add+sub+mul' test_progs FAIL wq
	sed -i /wq/d "$work/list"
	if [[ $1 != test_verifier* ]]; then
		sed -i /add+sub/d "$work/known"
	fi
	if [[ $1 != test_progs* ]]; then
		sed -i /wq/d "$work/known"
	fi
	one_fails "$1"
}
check "fewer good cases on both" needs_more "test_verifier: 2 are good without the series, of 3 at least" \
	"${edit[@]}" 's/^(#0\/p .*)OK/\1FAIL: lost/; s/^Summary: 3 (.*) 1 FAILED/Summary: 2 \1 2 FAILED/' test_verifier.log
check "fewer good tests on both" needs_more "test_progs: 1 are good without the series, of 2 at least" lose
check "fewer programs that load on both" needs_more "veristat: 1 are good without the series, of 2 at least" \
	"${edit[@]}" 's/small,success/small,failure/' veristat.log

# lists_fail TEXT COMMAND...: the lists are changed, the results are not.
lists_fail() {
	changed true
	(cd "$work" && "${@:2}")
	one_fails "$1"
}
check "what nobody knows to fail on both" lists_fail "rbtree/one: FAIL, and nobody knows why" \
	sed -i /one/d known
check "what is skipped on both" lists_fail "map_kptr/off: SKIP, and nobody knows why" \
	sed -i /off/d known
check "what is skipped and known to fail" lists_fail "p unsupported: SKIP, and FAIL is known" \
	sed -i 's/SKIP\tp uns/FAIL\tp uns/' known
check "what is known to fail and does not" lists_fail "wq: OK or not there, and FAIL is known" \
	sed -i 's/rbtree\/one.*/&\ntest_progs\tFAIL\twq\twhy/' known
check "a pattern that no test has" lists_fail "none of task_*" sed -i 's/wq/task_*\nwq/' list
pattern_without_good() {
	changed lose
	(cd "$work/unpatched" && lose)
	printf 'test_progs\tFAIL\twq\twhy\n' >>"$work/known"
	said test_progs=1 >"$work/said"
	cat "$work/said"
	grep -q '^not ok.*has a test that is good: none of wq$' "$work/said"
}
check "a pattern that has none which is good" pattern_without_good
# On both alike, the first of two cases of one name.
first_of_two() {
	changed true
	for kind in unpatched patched; do
		sed -i -E 's/^(#0\/p )(.*)OK/\1\2FAIL: lost\n#4\/p \2OK/' "$work/$kind/test_verifier.log"
		sed -i -E 's/^Summary: 3 (.*) 1 FAILED/Summary: 3 \1 2 FAILED/' "$work/$kind/test_verifier.log"
	done
	one_fails "p add+sub+mul: FAIL, and nobody knows why"
}
check "the first of two cases of one name" first_of_two
# broken_list TEXT LINE: of those that say what is known.
broken_list() {
	changed true
	printf '%b\n' "$2" >>"$work/known"
	if "$compare" "$work/unpatched" "$work/patched" "$work/out" "${needs[@]}" 2>"$work/said"; then
		return 1
	fi
	cat "$work/said"
	grep -qF -- "$1" "$work/said"
}
check "a line of the list that is broken" broken_list \
	'known:6: it is not PROGRAM, FAIL or SKIP, NAME and why, by tabs' 'test_progs\tBAD\twq\twhy'
check "a line that stands there already" broken_list "known:6: it says 'rbtree' a second time" \
	'test_progs\tFAIL\trbtree\tagain'
no_list() {
	changed rm ../known
	if "$compare" "$work/unpatched" "$work/patched" "$work/out" "${needs[@]}" 2>"$work/said"; then
		return 1
	fi
	cat "$work/said"
	grep -qF 'known: No such file or directory; it says what is not good' "$work/said"
}
check "no list at all" no_list

fails "a warning that the unpatched kernel has not" "kernel/bpf/verifier.c" \
	"${edit[@]}" '1a not clean: [    9.000000] WARNING: CPU: 1 PID: 9 at kernel/bpf/verifier.c:1 g+0x1/0x2' log-scan.txt
fails "a log that was not judged" "console-scan.txt: No such file" rm console-scan.txt

# Run again: five times, as tests/upstream/run.sh does.
again() {
	local i kind

	for i in {1..5}; do
		for kind in unpatched patched; do
			results "$work/again/$kind/$i"
		done
	done
}
changed lose
check "what differs can be run again" same "$("$compare" --differing "$work/unpatched" "$work/patched" "${needs[@]}")" wq
again
check "a difference that stays one" fails_again "0 were as the one with it and 5 as before"
(cd "$work/again/unpatched/3" && lose)
check "and one that the unpatched kernel shows as well, which is told" \
	fails_again "of 5 further runs without the series 1 were as the one with it and 4 as before"
finish
