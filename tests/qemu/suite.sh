#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs tests one after the other, in the guest, and writes a TAP file for each.
# usage: suite.sh DIR TEST...
# TEST is <topic>/<name>_test: a script tests/TEST.sh, or a program out/tests/TEST
# made from tests/TEST.c. The head of its source, the first 40 lines, may say:
#
#	timeout: N		seconds it may take (60), on a slower kernel more
#	module: none		it loads the module itself, if at all; without
#				this the module is loaded before it starts
#	kernel: stock		not on a kernel with the verifier series
#	kernel: patched		on no other
#	where: host		it is run on the host instead, and not by this
#	kmsg-allow: REGEX	a line it provokes in the kernel's log; repeatable
#
# each in a comment of its own. A test prints TAP and ends with 0, or 4 where it
# skipped something. It must leave nothing behind: the module has to be unloaded
# afterwards, no slab cache, pin in /sys/fs/bpf or process may remain, and the
# kernel's log between its start and its end must be clean.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
TASKHOLD_ROOT=$(cd "$here/../.." && pwd -P)
# shellcheck source=tests/head.sh
. "$TASKHOLD_ROOT/tests/head.sh"
# shellcheck source=tests/qemu/module-state.sh
. "$here/module-state.sh"

out=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cgroup=/sys/fs/cgroup/taskhold-suite

mark() {
	echo "taskhold-test: $1 $2" >/dev/kmsg
}

cgroup_empty() {
	[[ $(sed -n 's/^populated //p' "$cgroup/cgroup.events") == 0 ]]
}

# Processes and cgroups that were there before the first test.
ps -eo pid= >"$work/processes"
find /sys/fs/cgroup -type d >"$work/cgroups"

# strangers: processes that came since, but for the kernel's threads.
strangers() {
	ps -eo pid=,ppid=,args= >"$work/ps"
	awk -v self="$$" '
		NR == FNR { known[$1] = 1; next }
		$1 in known || $1 == 2 || $2 == 2 || ($2 == self && $3 == "ps") { next }
		{ pid = $1; $1 = $2 = ""; print pid, $0 }
	' "$work/processes" "$work/ps" >"$work/strangers"
}

nobody_left() {
	strangers && [[ ! -s $work/strangers ]] && cgroup_empty
}

# One process that a test left is enough to hold the module and to disturb the
# next one, also one that went to a cgroup of its own; so is a cgroup. What is
# just ending gets a second for it.
end_processes() {
	local pid args dir

	if ! until_true 1 nobody_left; then
		while read -r pid args; do
			echo "left a process behind: $args" >>"$work/findings"
			# It may have ended by now, which is as well.
			if kill -0 "$pid" 2>/dev/null; then
				kill -KILL "$pid" || echo "cannot kill it" >>"$work/findings"
			fi
		done <"$work/strangers"
		until_true 10 nobody_left ||
			echo "a process cannot be killed" >>"$work/findings"
	fi
	find "$cgroup" -depth -type d -exec rmdir {} + 2>>"$work/findings"
	while read -r dir; do
		echo "left a cgroup behind: $dir" >>"$work/findings"
		rmdir "$dir" 2>>"$work/findings" || continue
	done < <(find /sys/fs/cgroup -depth -type d | grep -vxFf "$work/cgroups")
}

run_one() {
	local test=$1 source exe limit module status=0 pins reason started=$SECONDS
	local tap=$out/${test//\//-}.tap log=$out/${test//\//-}.log

	source=$(source_of "$test")
	exe=$(program_of "$source")
	limit=$(directive "$source" timeout)
	limit=$((${limit:-60} * ${TASKHOLD_SLOW:-1}))
	module=$(directive "$source" module)
	directive "$source" kmsg-allow >"$work/allow"
	cat "$work/allow" >>"$out/log.allow"
	: >"$work/findings"
	: >"$work/raw"

	mark begin "$test"
	mkdir "$cgroup"
	if [[ $module != none && ! -e /sys/module/taskhold ]] &&
	   ! reason=$(modprobe taskhold 2>&1); then
		echo "modprobe taskhold failed: ${reason//$'\n'/; }" >>"$work/findings"
		echo "1..0 # SKIP the module could not be loaded" >"$work/raw"
	else
		# The shell moves itself, so that nothing the test starts is missed.
		(
			echo "$BASHPID" >"$cgroup/cgroup.procs"
			exec timeout -k 5 "$limit" "$exe" </dev/null
		) >"$work/raw" 2>"$log" || status=$?
	fi
	end_processes

	pins=$(find /sys/fs/bpf -mindepth 1 | paste -sd ' ')
	if [[ -n $pins ]]; then
		echo "left pins behind: $pins" >>"$work/findings"
		find /sys/fs/bpf -mindepth 1 -delete
	fi
	# They may hold the module.
	while read -r module; do
		echo "left a module behind: $module" >>"$work/findings"
		rmmod "$module" 2>>"$work/findings" || continue
	done < <(cd /sys/module && compgen -G 'testmod_*')
	if ! reason=$(module_unload); then
		echo "$reason" >>"$work/findings"
		module_holders >>"$log" 2>&1
	fi
	mark end "$test"

	# What is matched starts anew at each mark, so the last run of this name counts.
	dmesg | awk -v name="$test" '
		$0 ~ /taskhold-test: begin / && $NF == name { inside = 1; text = "" }
		inside { text = text $0 "\n" }
		$0 ~ /taskhold-test: end / && $NF == name { inside = 0 }
		END { printf "%s", text }
	' >"$out/${test//\//-}.dmesg"
	if ! "$here/scan-log.sh" --allow "$work/allow" "$out/${test//\//-}.dmesg" >"$work/scan" 2>&1; then
		[[ -s $work/scan ]] || echo "not judged: scan-log.sh said nothing" >"$work/scan"
		sed 's/^/the kernel log is /;s/is not clean: */is not clean: /' "$work/scan" >>"$work/findings"
	fi

	awk -v name="$test" -v status="$status" -v limit="$limit" \
		-v findings="$work/findings" -f "$TASKHOLD_ROOT/scripts/tap.awk" "$work/raw" >"$tap"

	sum_up "$test" "$tap" "$((SECONDS - started))"
	if grep '^not ok' "$tap" | sed 's/^/	/'; then
		# of those that passed nothing
		awk '
			/^# +RUN / { n = 0 }
			/^#/ && !/^# +(RUN|OK) / && n < 40 { lines[n++] = "\t" $0 }
			/^ok/ { n = 0 }
			/^not ok/ || /^1\.\./ {
				for (i = 0; i < n; i++)
					print lines[i]
				n = 0
			}
		' "$tap"
		tail -n 20 "$log" | sed 's/^/	| /'
	fi
}

for test in "$@"; do
	run_one "$test"
done
