#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# Two hundred cgroups, each made, used by one process and removed at once: every
# process is in the recording with its cgroup's path, and what was charged to
# the cgroup is what the process used in it.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

count=200
mine=$cgroup/many
mkdir "$mine"

plan 7
check "two hundred cgroups are recorded" \
	taskhold record -o many -- "$workloads/cgroups" "$mine" "$count" many.log
rmdir "$mine"
check "the recording can be read" report many --by cgroup
check "it is complete" holds many 'r["complete"]' "t['tasks'] == $count + 1"
check "each process has its status, and its cgroup's path" \
	"$lib/witness.py" cgroups many.csv many.log
check "all of the cgroups are known to be removed" holds many \
	"sum(row['removed'] and '/many/one-' in row['path'] for row in rows) == $count"
# Odd ones were born in theirs, even ones moved there.
born='[row for row in rows if "/many/one-" in row["path"] and int(row["path"][-1]) % 2]'
check "what the kernel charged to each is exactly what was used in it by who was born there" holds many \
	"all(row['cpu_stat_ns'] == row['cpu_ns'] > 0 for row in $born)" "len($born) == $count / 2"
# Between the moment when the kernel charges the new cgroup and the one when it
# tells of the move, a tick may come: its time is charged to the new one, and taken
# for the old one's.
moved='[row for row in rows if "/many/one-" in row["path"] and not int(row["path"][-1]) % 2]'
check "and by who moved there, but for a tick's worth in some of them" holds many \
	"all(-1000 <= row['residual_ns'] <= 20_000_000 for row in $moved)" \
	"sum(row['residual_ns'] > 0 for row in $moved) <= $count / 10"
"$lib/witness.py" figures many.json
finish
