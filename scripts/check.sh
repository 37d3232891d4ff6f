#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs suites, and sums up what they say. A suite that cannot be built or whose
# guest dies has failed, and the others are run all the same.
# usage: check.sh [--part] SUITE...
# With --part a suite that takes too long for every change runs a fixed part of
# itself, part_of() below, and a test that does a thing very often does it less often
# (TASKHOLD_PART); without, it is whole.
# TESTS=PATTERN (words of shell patterns) picks tests of suites that have a
# guest, by <topic>/<name>.
# CHECK_JOBS=N has N suites run at once, 1 one after the other in the order given.
# Without it there are two where the machine has processors and memory for them;
# jobs() below.
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
# rest of these has run on the stock kernel, which has all tests that do not need the
# series. On the patched kernel it is those, and what the series has a hand in; on the debug
# kernel what keeps references and lets them go, and not what only loads.
part_of() {
	case $1 in
	patched) echo 'verifier/ kfuncs/ struct_ops/members struct_ops/update struct_ops/fault' \
		      'struct_ops/registration struct_ops/map_create module/dtors module/same_name' \
		      'module/kfunc_flags module/unload policies/census cli/features kptr_race' ;;
	debug) echo 'verifier/file_kptrs verifier/conntrack_kptrs verifier/kptr_values verifier/task_refs' \
		    'verifier/kptr_local_run verifier/kptr_get_run verifier/both_kernels_test' \
		    'verifier/kptr_iter verifier/pid_locks' \
		    'kfuncs/kptr_maps struct_ops/update module/dtors module/same_name module/unload' \
		    'threads/exec kptr_race' ;;
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

	# timeout has a process group of its own, so it is job_ended() that tells it to end.
	# A series has the tree of a kernel to remove then.
	timeout -k 30 "$limit" "$@" >"${tap%.tap}.raw" 2>"$log" </dev/null &
	tested=$!
	wait "$tested" || status=$?
	tested=
	awk -v name="$name" -v status="$status" -v limit="$limit" \
		-f scripts/tap.awk "${tap%.tap}.raw" >"$tap"
	sum_up "$name" "$tap" "$((SECONDS - started))"
	if grep -A 20 '^not ok' "$tap" | sed 's/^/	/'; then
		tail -n 20 "$log" | sed 's/^/	| /'
	fi
}

# Limits are for what hangs: beside another suite's guest and a kernel's build the last
# two take up to four times the two minutes that each does alone.
suite_style() {
	on_host style scan-log 60 tests/qemu/scan-log-test.sh
	on_host style tap 60 tests/qemu/tap-test.sh
	on_host style style 1800 scripts/check-style.sh
	on_host style faults 1800 tests/style/faults-test.sh
}

suite_dkms() {
	on_host dkms gate 1200 tests/dkms/gate.sh
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
		on_host stock fuzz/mutations 1200 tests/fuzz/run.sh
	fi
	((${#guest[@]} == 0)) ||
		in_guests stock "$(stock VMLINUZ)" "out/dkms/target/lib/modules/$(stock KVER)" "${guest[@]}"
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
	((${#guest[@]} == 0)) || in_guests "$suite" "$kernel" "$modules" "${guest[@]}"
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
# test_verifier on a kernel that is built for another suite as well. Its two guests
# run at once where nothing else does. Beside another suite they take turns, as that
# one has the second processor: to wait until it has ended would leave one idle for
# longer than the minute that the turns cost.
suite_upstream() {
	local turns=()

	((jobs == 1 || (guests > 1 && ${#running[@]} == 0))) || turns=(--in-turn)
	tests/upstream/run.sh "${turns[@]}" "${UPSTREAM:-selftests}" out/upstream
}

# free_or_ended PID: until no other suite runs, or the process has ended.
free_or_ended() {
	local waits=() other

	((${#running[@]} > 0)) || return 0
	for other in "${!running[@]}"; do
		tail --pid="$other" -f /dev/null
	done &
	waits=($!)
	tail --pid="$1" -f /dev/null &
	waits+=($!)
	# whichever is first, and however: the other one is not waited for
	wait -n "${waits[@]}" || true
	# one of them has ended by itself
	kill "${waits[@]}" 2>/dev/null || true
}

# in_guests SUITE KERNEL MODULES TEST...: a suite that is alone has two guests at once
# where there is room, each of which runs every second test and has out/SUITE/N for its
# own: so does an hour's suite take half an hour. Beside the end of another suite the
# second one begins when there is a processor for it.
in_guests() {
	local suite=$1 kernel=$2 modules=$3 n i tests own first=
	shift 3
	tests=("$@")

	if ((guests == 1 || ${#tests[@]} < WORTH_TWO)); then
		in_guest "$suite" "$kernel" "$modules" "${tests[@]}"
		return
	fi
	for ((n = 1; n <= guests; n++)); do
		own=()
		for ((i = n - 1; i < ${#tests[@]}; i += guests)); do
			own+=("${tests[i]}")
		done
		rm -rf "out/$suite/$n"
		mkdir -p "out/$suite/$n"
		# modules that tests load are looked for where results are left
		ln -s ../testmod "out/$suite/$n/testmod"
		{
			[[ -z $first ]] || free_or_ended "$first"
			in_guest "$suite/$n" "$kernel" "$modules" "${own[@]}" 2>&1
		} | prefixed "$n" &
		first=${first:-$!}
	done
	# what came of them is in their TAP
	wait
	for ((n = 1; n <= guests; n++)); do
		mv "out/$suite/$n/guest.tap" "out/$suite/$n/guest-$n.tap"
		cp "out/$suite/$n"/*.tap "out/$suite/"
	done
}

# in_guest SUITE KERNEL MODULES TEST...: with $slow, on a kernel so many times slower
in_guest() {
	local suite=$1 kernel=$2 modules=$3 out=out/$1 test status=0 environment=(env)
	shift 3

	# what the guest does not know by itself: how long tests race, and whether one that
	# does a thing very often may do it less often
	[[ -z ${TASKHOLD_RACE_SECONDS:-} ]] ||
		environment+=(TASKHOLD_RACE_SECONDS="$TASKHOLD_RACE_SECONDS")
	[[ -z $part || -n ${TESTS:-} ]] || environment+=(TASKHOLD_PART=yes)

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

# And those for a patched kernel run on no other.
if [[ -n $part && -z ${TESTS:-} && " $* " == *" patched "* ]]; then
	read -ra wanted <<<"$(part_of patched)"
	while read -r test; do
		[[ $(directive "$(source_of "$test")" kernel) == patched ]] || continue
		for pattern in "${wanted[@]}"; do
			is_like "$test" "$pattern" && continue 2
		done
		die "part_of() of scripts/check.sh leaves $test out, which runs on a patched kernel only"
	done < <(all_tests)
fi

[[ -z $part ]] || export UPSTREAM=${UPSTREAM:-base}
# left_out SUITE: it has none of the tests that are wanted.
left_out() {
	((${#patterns[@]} > 0)) && [[ ! $1 =~ ^(stock|patched|debug|clang)$ ]]
}

# kernel_of SUITE: the file that names the kernel which is built for it, if one is.
kernel_of() {
	case $1 in
	patched | deb) echo out/patched.env ;;
	debug | clang) echo "out/$1.env" ;;
	upstream) echo "out/upstream-${UPSTREAM:-selftests}.env" ;;
	esac
}

# What two suites need, in GiB: a guest of 4 takes up to 2.6, as the whole of debug does,
# a kernel's linker or pahole up to 1.5.
MEMORY_OF_TWO=7

# A suite of fewer tests has one guest: to boot a second takes longer than it saves.
WORTH_TWO=8

# choose_jobs: sets "jobs", how many suites are run at once, "guests", how many one has
# that is alone, and "guests_of_last", how many the last of several has, which waits with
# the second. An emulated guest keeps one processor busy, whatever else there is.
choose_jobs() {
	local available

	jobs=1
	guests=1
	guests_of_last=1
	if [[ -n ${CHECK_JOBS:-} ]]; then
		[[ $CHECK_JOBS =~ ^[1-9][0-9]?$ ]] ||
			die "CHECK_JOBS='$CHECK_JOBS' is no number of suites; give it one from 1 to 99"
		(($# < 2)) || jobs=$CHECK_JOBS
		((jobs == 1)) || guests_of_last=2
		(($# != 1 || CHECK_JOBS == 1)) || guests=2
		return
	fi
	(($(nproc) > 1)) || return 0
	# The tests have one of their own.
	available=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' "${TASKHOLD_MEMINFO:-/proc/meminfo}")
	if ((available < MEMORY_OF_TWO)); then
		note "$available GiB of memory are available and two guests at once want $MEMORY_OF_TWO, so there is one at a time; CHECK_JOBS=2 has two at once all the same"
	elif (($# < 2)); then
		guests=2
	elif asks_for_root; then
		note "without user namespaces dkms needs root, and nobody could tell sudo a password where two suites run at once, so they run one after the other"
	else
		jobs=2
		guests_of_last=2
	fi
}

# asks_for_root: scripts/dkms-build.sh could not do without a password.
asks_for_root() {
	[[ $(id -u) != 0 ]] && ! unshare --map-root-user true 2>/dev/null && ! sudo -n true 2>/dev/null
}

# in_order SUITE...: sets "waiting", in the order in which they are begun where several
# run at once: the longest first, so that the last ones end together. But style is
# before all, as it is ready in no time and holds up no other while stock is made
# ready, and dkms behind the two: neither needs a kernel that is built here.
in_order() {
	local suite first=(style stock dkms debug patched clang upstream deb series)

	waiting=()
	for suite in "${first[@]}" "$@"; do
		if [[ " $* " == *" $suite "* && " ${waiting[*]} " != *" $suite "* ]]; then
			waiting+=("$suite")
		fi
	done
}

# make_ready SUITE: as there must be one make at a time in a tree, each waits for the
# others, but not for the build of a kernel: that is asked for before, and has a lock of
# its own (kernel/build.sh).
make_ready() {
	local kernel

	kernel=$(kernel_of "$1")
	if [[ $jobs != 1 && -n $kernel ]] && ! make --no-print-directory -s "$kernel"; then
		result "out/$1/build.tap" build "make $kernel failed"
		return 1
	fi
	if ! flock -o out/ready.lock make --no-print-directory "ready-$1"; then
		result "out/$1/build.tap" build "make ready-$1 failed"
		return 1
	fi
}

# stay_known: the shell and all that it starts, in whatever process group, hold a lock,
# so that stop() can tell when they have gone.
stay_known() {
	exec {known}>>out/running.lock
	flock -s "$known"
}

# job SUITE: all there is to do for it, in a process group of its own. It calls nothing
# with "||" behind, as "set -e" does not hold left of that.
job() {
	tested=
	stay_known
	# shellcheck disable=SC2064 # when it runs, nobody knows $1
	trap "job_ended '$1'" EXIT
	trap 'exit 143' TERM
	# alone it has been made ready by who started this
	if ((jobs > 1)) && ! make_ready "$1"; then
		return 0
	fi
	run_suite "$1"
}

# job_ended SUITE
job_ended() {
	local status=$?

	# it may just have ended
	[[ -z $tested ]] || kill -TERM "$tested" 2>/dev/null || tested=
	if ((status == 0)); then
		rm "out/$1/run.tap"
	else
		result "out/$1/run.tap" run "the suite broke off with status $status"
	fi
}

# prefixed SUITE: says whose each line is, in one write, and goes on until nobody is left
# to write one. From the background, which a terminal may be told to stop for it.
prefixed() {
	trap '' INT TERM HUP TTOU
	# shellcheck disable=SC2016 # perl's variables
	SUITE=$1 exec perl -pe 'BEGIN { $| = 1 } s/^/$ENV{SUITE}: /; s/\n?\z/\n/'
}

# begin SUITE: in a group of its own, as ^C does not reach what runs in the background,
# and all of it has to go.
begin() {
	if ((++begun == ${#wanted[@]} && jobs > 1)); then
		guests=$guests_of_last
	fi
	# In the foreground where it is alone, so that sudo can ask for a password.
	if ((jobs == 1)) && ! make_ready "$1"; then
		return 0
	fi
	# what is said of it unless it says something else
	result "out/$1/run.tap" run "the suite was killed"
	set -m
	if ((jobs == 1)); then
		job "$1" </dev/null &
	else
		job "$1" </dev/null 2>&1 | prefixed "$1" &
	fi
	set +m
	running[$!]=$1
}

# begin_ready: as many as there is room for, of those whose kernel has been built.
begin_ready() {
	local suite kernel left=()

	for suite in "${waiting[@]}"; do
		kernel=$(kernel_of "$suite")
		if ((${#running[@]} < jobs)) && [[ " ${kernels[*]} " != *" ${kernel:-none} "* ]]; then
			begin "$suite"
		else
			left+=("$suite")
		fi
	done
	waiting=("${left[@]}")
}

# build_next: the first of "kernels", which it stays until it has ended.
build_next() {
	[[ -z $builder ]] && ((${#kernels[@]} > 0)) || return 0
	set -m
	(
		stay_known
		exec nice make --no-print-directory "${kernels[0]}"
	) >"${kernels[0]}.log" 2>&1 </dev/null &
	set +m
	builder=$!
}

# wait_for_one: until one of the suites or the kernel has ended. What a signal has
# ended wait may miss, so all are looked at; how it ended is in its TAP, and is said
# by make_ready() of the kernel.
wait_for_one() {
	local pid status=0

	((${#running[@]} > 0)) || note "waiting for ${kernels[0]}, of which ${kernels[0]}.log says more"
	wait -n "${!running[@]}" ${builder:+"$builder"} || status=$?
	for pid in "${!running[@]}"; do
		kill -0 "$pid" 2>/dev/null || unset "running[$pid]"
	done
	if [[ -n $builder ]] && ! kill -0 "$builder" 2>/dev/null; then
		builder=
		kernels=("${kernels[@]:1}")
	fi
}

# stop: ends what runs, and waits for it.
stop() {
	local groups group

	mapfile -t groups < <(jobs -p)
	((${#groups[@]} > 0)) || return 0
	for group in "${groups[@]}"; do
		# none of it may be left
		kill -TERM -- "-$group" 2>/dev/null || continue
	done
	if flock -w 60 out/running.lock true; then
		# for the last words of the suites
		wait
	else
		note "something of the suites has not ended: it has out/running.lock open"
	fi
}

wanted=()
kernels=()
mkdir -p out
for suite in "$@"; do
	rm -rf "out/$suite"/*.{tap,raw,dmesg} "out/$suite"/[0-9]
	mkdir -p "out/$suite"
	! left_out "$suite" || continue
	wanted+=("$suite")
	kernel=$(kernel_of "$suite")
	# one suite alone has it built when it is made ready, and shows it
	if (($# > 1)) && [[ -n $kernel && " ${kernels[*]} " != *" $kernel "* ]]; then
		kernels+=("$kernel")
	fi
done

# make has asked for the newest kernel already, where it called this.
export TASKHOLD_STOCK_IS_FRESH=1
choose_jobs "${wanted[@]}"
waiting=("${wanted[@]}")
((jobs == 1)) || in_order "${wanted[@]}"

# Kernels are built one after the other while the suites before theirs run, with what
# these leave of the processors, and in the order in which suites were named: "make
# check" has the one first that takes least and that most need.
declare -A running=() # which suite, by the last process of its job
begun=0
builder=
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
while ((${#waiting[@]} + ${#running[@]} > 0)); do
	build_next
	begin_ready
	if ((${#running[@]} > 0)) || [[ -n $builder ]]; then
		wait_for_one
	fi
done

some=()
((${#patterns[@]} == 0)) || some=(--some)
scripts/tally.sh "${some[@]}" "${@/#/out/}"
