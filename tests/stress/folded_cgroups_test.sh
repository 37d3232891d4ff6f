#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
#
# Cgroups that live for one process which is folded: nothing is left of the
# process but sums, and of the cgroup but a number, and yet the report names
# every one of them, with what was used in it.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

count=200
mine=$cgroup/many
mkdir "$mine"

plan 6
check "two hundred cgroups are recorded, with one process held at a time" \
	taskhold record -o many --max-held 1 -- "$workloads/cgroups" "$mine" "$count" many.log
rmdir "$mine"
check "the recording can be read" report many --by cgroup
check "all but the first process are folded" holds many 'not r["complete"]' \
	"why == {'fold-live': $count}" "t['folded'] == $count" "t['lost'] == 0"
check "every cgroup has its path" holds many \
	"{'$(path_of "$mine")/one-%d' % i for i in range($count)} <= {row['path'] for row in rows}"
check "none has a number in place of one" holds many \
	'all(row["path"].startswith("/") for row in rows)'
# Those who were born there; of those who moved there see cgroups_test.sh.
check "what the kernel charged is what was used in it" holds many \
	'all(row["cpu_stat_ns"] == row["cpu_ns"] > 0 and row["folded"] == 1 for row in rows if "/many/one-" in row["path"] and int(row["path"][-1]) % 2)'
"$lib/witness.py" figures many.json
finish
