#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs BPF selftests in the guest, and leaves in $TASKHOLD_OUT of each what it
# printed and, written last, its status. What failed is for the host to compare.
# usage: guest.sh SELFTESTS TESTMODS once PROGRAM...
#    or: guest.sh SELFTESTS TESTMODS again RUNS TEST...
# With "again" it runs only the named tests of test_progs, and test_verifier
# where that is named, RUNS times, into $TASKHOLD_OUT/1 and so on.
set -euo pipefail

selftests=$1
testmods=$2
what=$3
shift 3
list=$TASKHOLD_ROOT/tests/upstream/test_progs.list

# Changes go to memory: the guest's root is an overlay.
cd "$selftests"
cp "$testmods"/*.ko .

# Half of the cases of test_verifier are those of a user without capabilities.
sysctl -q -w kernel.unprivileged_bpf_disabled=0

# run OUT NAME SECONDS COMMAND...
run() {
	local out=$1 name=$2 limit=$3 status=0 started=$SECONDS
	shift 3

	echo "taskhold-upstream: $name begins" >/dev/kmsg
	timeout -k 10 "$limit" "$@" >"$out/$name.log" 2>"$out/$name.err" </dev/null || status=$?
	echo "$status" >"$out/$name.status"
	echo "$name: status $status, $((SECONDS - started)) s"
}

if [[ $what == again ]]; then
	runs=$1
	shift
	for ((i = 1; i <= runs; i++)); do
		mkdir -p "$TASKHOLD_OUT/$i"
		names=()
		for name in "$@"; do
			if [[ $name == test_verifier ]]; then
				run "$TASKHOLD_OUT/$i" test_verifier 1800 ./test_verifier
			else
				names+=("$name")
			fi
		done
		((${#names[@]} == 0)) ||
			run "$TASKHOLD_OUT/$i" test_progs 3600 ./test_progs "${names[@]/#/-a}"
	done
	exit 0
fi

# once PROGRAM
once() {
	case $1 in
	test_verifier) run "$TASKHOLD_OUT" test_verifier 1800 ./test_verifier ;;
	test_progs) run "$TASKHOLD_OUT" test_progs 3600 ./test_progs -a "@$list" ;;
	veristat) all_objects ;;
	*) echo "guest.sh: nobody knows how '$1' is run" >&2 && exit 1 ;;
	esac
}

# Objects that call the module's kfuncs are loaded as well. It prints what it found
# when it ends: were it given all of them at once, one that it dies of would take
# the others' results along.
all_objects() {
	insmod ./bpf_testmod.ko
	printf '%s\n' ./*.bpf.o >"$TASKHOLD_OUT/objects"
	run "$TASKHOLD_OUT" veristat 7200 xargs -a "$TASKHOLD_OUT/objects" -n 20 \
		./veristat -o csv -e file,prog,verdict,insns,states
	rmmod bpf_testmod
}

for program in "$@"; do
	once "$program"
done
