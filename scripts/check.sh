#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs suites, and sums up what they say. A suite that cannot be built or whose
# guest dies has failed, and the others are run all the same.
# usage: check.sh [--part] SUITE...
# With --part a suite that takes too long for every change runs a fixed part of
# itself, part_of() below; without, it is whole.
# TESTS=PATTERN (words of shell patterns) picks tests of suites that have a
# guest, by <topic>/<name>.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/head.sh
. "$TASKHOLD_ROOT/tests/head.sh"
cd "$TASKHOLD_ROOT"

part=
if [[ ${1:-} == --part ]]; then
	part=yes
	shift
fi

# What of a suite runs with --part, as TESTS has it; nothing is all of it. The
# rest of these has run on the stock kernel, whose suite is whole; on the debug
# kernel it is what keeps references and lets them go, and not what only loads.
part_of() {
	case $1 in
	patched) echo 'verifier/ kfuncs/ struct_ops/ module/ threads/ cli/features kptr_race' ;;
	debug) echo 'verifier/file_kptrs verifier/conntrack_kptrs verifier/kptr_values verifier/task_refs' \
		    'verifier/kptr_local_run verifier/kptr_get_run verifier/both_kernels_test' \
		    'verifier/kptr_iter verifier/pid_locks' \
		    'kfuncs/kptr_maps struct_ops/update module/dtors module/same_name module/unload' \
		    'threads/exec kptr_race' ;;
	clang) echo 'verifier/ kfuncs/ struct_ops/members module/btf module/dtors module/same_name' \
		    'cli/features kptr_race' ;;
	esac
}

patterns=()
if [[ -n ${TESTS:-} ]]; then
	set -f
	# shellcheck disable=SC2206 # words are what is wanted
	patterns=($TESTS)
	set +f
fi

picked() {
	local pattern

	((${#patterns[@]} > 0)) || return 0
	for pattern in "${patterns[@]}"; do
		is_like "$1" "$pattern" && return 0
	done
	return 1
}

# is_like TEST PATTERN
is_like() {
	# shellcheck disable=SC2053 # a pattern is what is wanted
	[[ $1 == $2 || $1 == *$2* ]]
}

# result FILE NAME FINDINGS: a TAP file for one test that has no program of its
# own; it failed where something was found.
result() {
	local findings=$3

	{
		echo "TAP version 13"
		if [[ -z $findings ]]; then
			echo "ok 1 $2"
		else
			echo "not ok 1 $2: ${findings//$'\n'/; }"
		fi
		echo "1..1"
	} >"$1"
}

# skip FILE NAME REASON: the same for a test that is not run.
skip() {
	printf 'TAP version 13\nok 1 %s # SKIP %s\n1..1\n' "$2" "$3" >"$1"
}

# on_host SUITE NAME SECONDS COMMAND...: a test program on this machine, in the
# same clothes as one in the guest.
on_host() {
	local suite=$1 name=$2 limit=$3 status=0 tap=out/$1/${2//\//-}.tap log=out/$1/${2//\//-}.log
	local started=$SECONDS
	shift 3

	timeout -k 5 "$limit" "$@" >"${tap%.tap}.raw" 2>"$log" </dev/null || status=$?
	awk -v name="$name" -v status="$status" -v limit="$limit" \
		-f scripts/tap.awk "${tap%.tap}.raw" >"$tap"
	sum_up "$name" "$tap" "$((SECONDS - started))"
	if grep -A 20 '^not ok' "$tap" | sed 's/^/	/'; then
		tail -n 20 "$log" | sed 's/^/	| /'
	fi
}

suite_style() {
	on_host style scan-log 60 tests/qemu/scan-log-test.sh
	on_host style tap 60 tests/qemu/tap-test.sh
	on_host style style 600 scripts/check-style.sh
	on_host style faults 600 tests/style/faults-test.sh
}

suite_dkms() {
	on_host dkms gate 600 tests/dkms/gate.sh
	in_guest dkms "$(stock VMLINUZ)" "out/dkms/target/lib/modules/$(stock KVER)" dkms/loads_test
}

# Installs the kernel's packages in a guest, and boots what has been installed in
# another one.
suite_deb() {
	local file kver

	rm -rf out/deb/{vmlinuz,installed} out/deb-booted
	in_guest deb "$(stock VMLINUZ)" "out/dkms/target/lib/modules/$(stock KVER)" deb/install_test
	kver=$(kernel_value patched KVER)
	if [[ -s out/deb/vmlinuz && -d out/deb/installed/lib/modules/$kver ]]; then
		mkdir out/deb-booted
		in_guest deb-booted out/deb/vmlinuz "out/deb/installed/lib/modules/$kver" deb/boots_test
		for file in out/deb-booted/*.tap; do
			cp "$file" "out/deb/booted-${file##*/}"
		done
	else
		result out/deb/booted.tap "deb/boots_test" "there is nothing to boot"
	fi
}

# all_tests: those of tests/*/ that are picked, but for those of suites of their own.
all_tests() {
	local test

	while read -r test; do
		if picked "$test"; then
			echo "$test"
		fi
	done < <(find tests -mindepth 2 -maxdepth 2 \( -name '*_test.c' -o -name '*_test.sh' \) \
			! -path 'tests/dkms/*' ! -path 'tests/deb/*' ! -path 'tests/series/*' |
		 sed -E 's|^tests/||; s|\.[^.]*$||' | sort)
}

suite_stock() {
	local test source limit guest=()

	while read -r test; do
		source=$(source_of "$test")
		if [[ $(directive "$source" kernel) == patched ]]; then
			skip "out/stock/${test//\//-}.tap" "$test" \
				"it is about what a stock kernel has none of"
		elif [[ $(directive "$source" where) == host ]]; then
			limit=$(directive "$source" timeout)
			on_host stock "$test" "${limit:-60}" "$(program_of "$source")"
		else
			guest+=("$test")
		fi
	done < <(all_tests)
	if picked fuzz/mutations; then
		on_host stock fuzz/mutations 600 tests/fuzz/run.sh
	fi
	((${#guest[@]} == 0)) ||
		in_guest stock "$(stock VMLINUZ)" "out/dkms/target/lib/modules/$(stock KVER)" "${guest[@]}"
}

# runs_on_built TEST: what runs in a guest runs on a kernel that is built here too.
runs_on_built() {
	local source

	source=$(source_of "$1")
	[[ $(directive "$source" where) != host && $(directive "$source" kernel) != stock ]]
}

on_built() {
	local suite=$1 test kernel modules guest=()

	while read -r test; do
		if runs_on_built "$test"; then
			guest+=("$test")
		fi
	done < <(all_tests)
	kernel=$(kernel_value "$suite" VMLINUZ)
	modules=out/$suite/dkms/target/lib/modules/$(kernel_value "$suite" KVER)
	((${#guest[@]} == 0)) || in_guest "$suite" "$kernel" "$modules" "${guest[@]}"
}

suite_patched() {
	on_built patched
}

suite_debug() {
	# the whole of it is where races are looked for at length
	[[ -n $part ]] || export TASKHOLD_RACE_SECONDS=${TASKHOLD_RACE_SECONDS:-60}
	# what KASAN and lockdep cost where the processor is emulated
	slow=5 on_built debug
}

suite_series() {
	on_host series series 14400 kernel/series.sh out/series base
}

suite_clang() {
	on_built clang
}

# The kernel's own BPF selftests, with and without the verifier series. The part is
# test_verifier on a kernel that is built for another suite as well.
suite_upstream() {
	tests/upstream/run.sh "${UPSTREAM:-selftests}" out/upstream
}

# in_guest SUITE KERNEL MODULES TEST...: with $slow, on a kernel so many times slower
in_guest() {
	local suite=$1 kernel=$2 modules=$3 out=out/$1 test status=0 environment=()
	shift 3

	# how long tests race, which the guest does not know by itself
	[[ -z ${TASKHOLD_RACE_SECONDS:-} ]] ||
		environment=(env TASKHOLD_RACE_SECONDS="$TASKHOLD_RACE_SECONDS")

	tests/qemu/run.sh --name "$suite" --out "$out" \
		--timeout "${GUEST_TIMEOUT:-$((3600 * ${slow:-1}))}" --slow "${slow:-1}" \
		--kernel "$kernel" --modules "$modules" -- \
		"${environment[@]}" tests/qemu/suite.sh "$TASKHOLD_ROOT/$out" "$@" \
		2> >(tee "$out/guest.log" >&2) || status=$?
	if ((status == 0)); then
		result "$out/guest.tap" "the guest ends well" ""
	else
		result "$out/guest.tap" "the guest ends well" \
			"$(grep '^run.sh' "$out/guest.log" | tail -n 1 || echo "status $status; see $out/guest.log")"
	fi
	for test in "$@"; do
		[[ -e $out/${test//\//-}.tap ]] ||
			result "$out/${test//\//-}.tap" "$test" "it has no result: the guest ended before"
	done
}

# run_suite SUITE: in a shell of its own
run_suite() {
	if [[ -n $part && -z ${TESTS:-} ]]; then
		set -f
		# shellcheck disable=SC2207 # words are what is wanted
		patterns=($(part_of "$1"))
		set +f
	fi
	"suite_$1"
}

# matches PATTERN CONDITION...: there is a test of this name that meets it.
matches() {
	local patterns=("$1") test tests
	shift

	mapfile -t tests < <(all_tests)
	for test in "${tests[@]}"; do
		if "$@" "$test"; then
			return
		fi
	done
	return 1
}

# A pattern that nothing matches is a mistake, and better known before the build.
for pattern in "${patterns[@]}"; do
	matches "$pattern" true || is_like fuzz/mutations "$pattern" ||
		die "no test is called like TESTS='$pattern'; they are tests/<topic>/<name>_test.c or .sh, and fuzz/mutations"
done
# So is one of a part's, whose test would be missed by nobody.
if [[ -n $part && -z ${TESTS:-} ]]; then
	for suite in "$@"; do
		read -ra wanted <<<"$(part_of "$suite")"
		for pattern in "${wanted[@]}"; do
			matches "$pattern" runs_on_built ||
				die "part_of() of scripts/check.sh names '$pattern' for $suite, which no test is called that runs there"
		done
	done
fi

[[ -z $part ]] || export UPSTREAM=${UPSTREAM:-base}
# left_out SUITE: it has none of the tests that are wanted.
left_out() {
	((${#patterns[@]} > 0)) && [[ ! $1 =~ ^(stock|patched|debug|clang)$ ]]
}

kernels=()
for suite in "$@"; do
	rm -rf "out/$suite"/*.{tap,raw,dmesg}
	mkdir -p "out/$suite"
	! left_out "$suite" || continue
	case $suite in
	patched | debug | clang) kernels+=("out/$suite.env") ;;
	upstream) kernels+=("out/upstream-${UPSTREAM:-selftests}.env") ;;
	esac
done

# make has asked for the newest kernel already, where it called this.
export TASKHOLD_STOCK_IS_FRESH=1
# Kernels are built while the suites before theirs run: an emulated guest keeps
# one processor busy. What fails here is said when its suite asks for it. A group of
# its own, as ^C does not reach what runs in the background, and all of it has to go.
if (($# > 1 && ${#kernels[@]} > 0)); then
	set -m
	nice make --no-print-directory -k "${kernels[@]}" >out/kernels.log 2>&1 </dev/null &
	set +m
	builders=$!
	# "!" as it is no failure of the checks that none is left
	trap '! kill -TERM -- "-$builders" 2>/dev/null' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
fi
for suite in "$@"; do
	! left_out "$suite" || continue
	if ! make --no-print-directory "ready-$suite"; then
		result "out/$suite/build.tap" build "make ready-$suite failed"
		continue
	fi
	# In the background "set -e" holds, which it does not left of "||".
	status=0
	run_suite "$suite" &
	wait $! || status=$?
	((status == 0)) ||
		result "out/$suite/run.tap" run "the suite broke off with status $status"
done

some=()
((${#patterns[@]} == 0)) || some=(--some)
scripts/tally.sh "${some[@]}" "${@/#/out/}"
