#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# The recorder is killed while processes come and go: its policy is detached, the
# module can be unloaded, what is recorded goes on, and the file can be read up
# to its last whole block.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

filled() { [[ $(stat -c %s data) -gt 100000 ]]; }
gone() { ! kill -0 "$1" 2>/dev/null; }

plan 14
for who in machine command; do
	rm -f storm.log
	if [[ $who == machine ]]; then
		record_in_background data
		"$workloads/storm" 20000 storm.log >storm.out &
		storm=$!
	else
		record_in_background data -- sh -c "echo \$\$ >pid; exec '$workloads/storm' 20000 storm.log"
		storm=
	fi
	check "$who: it is recorded" await 30 filled
	[[ -n $storm ]] || storm=$(<pid)
	kill -KILL "$recorder"
	# it was killed, and that is its status
	wait "$recorder" || :
	check "$who: the storm was not over" kill -0 "$storm"
	check "$who: the policy is detached" await 15 no_policy
	check "$who: nothing holds the module" await 15 unused
	check "$who: which can be unloaded while processes come and go" rmmod taskhold
	modprobe taskhold
	if [[ $who == machine ]]; then
		wait "$storm"
	else
		await 60 gone "$storm"
	fi
	report data
	check "$who: the file can be read, and says that it has no end" holds data \
		'not r["complete"]' '"no-end" in why' 't["lost"] == 0' 'len(rows) > 300' \
		'r["recording"]["file"]["stopped"] in ("whole", "cut")'
	check "$who: the processes that it has are right" \
		"$lib/witness.py" storm data.csv storm.log some
done
finish
