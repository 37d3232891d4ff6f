#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots the stock kernel, records a real build in it, shows what the build cost,
# and checks that against what the kernel's own accounting says.
# usage: demo.sh VMLINUZ MODULES
#
# Leaves in out/demo: recording (for `taskhold report`), report.json, acct and
# cpu.stat (the witnesses), and the guest's logs.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$TASKHOLD_ROOT"

(($# == 2)) || die "usage: demo.sh VMLINUZ MODULES, which 'make demo' knows"
require python3 python3

out=out/demo
report=out/userspace/taskhold
mkdir -p "$out"
# Results of an earlier run must not be taken for this one's.
rm -f "$out"/{recording,report.json,acct,cpu.stat}

tests/qemu/run.sh --name demo --out "$out" --timeout 600 --kernel "$1" --modules "$2" -- \
	demo/guest.sh "$(stock LINUX_SRC)"

# One report of two tables: what the second repeats at its head, and the first at
# its foot, is left out.
printf '\n'
"$report" report --by comm --limit 15 "$out/recording" | sed '/^total /,$d'
"$report" report --by cgroup --limit 15 "$out/recording" | sed '1,/^$/d'
"$report" report --json "$out/recording" >"$out/report.json.new"
mv "$out/report.json.new" "$out/report.json"

printf '\nChecked against BSD accounting (%s) and cpu.stat:\n' "$out/acct"
demo/check.py "$out/report.json" "$out/acct" "$out/cpu.stat" ||
	die "the recording is not what happened: see NO above; what is known stands in $out"
printf '\nThe recording: %s; see also %s report --help\n' "$out/recording" "$report"
