#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The guest's part of `make demo`: records the build, with BSD process
# accounting as a second, independent count of the same processes. Leaves in
# $TASKHOLD_OUT the recording, acct (records of acct(5), version 3) and
# cpu.stat (what the kernel charged to the build's cgroups).
#
# usage: guest.sh SOURCE
set -euo pipefail

source=$1
here=$(cd "$(dirname "$0")" && pwd -P)
accton=$here/../out/tests/workloads/accton
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

modprobe taskhold
: >"$work/acct"
: >"$work/cpu.stat"
"$accton" "$work/acct"
status=0
taskhold record -o "$work/recording" -- \
	"$here/build.sh" "$source" "$work/objects" "$work/cpu.stat" || status=$?
"$accton" off
cp "$work"/{recording,acct,cpu.stat} "$TASKHOLD_OUT/"
exit "$status"
