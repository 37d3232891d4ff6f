#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
#
# --interval: what runs is sampled while it runs, so that a recording that is
# cut off still says what it had cost by then.
#
# shellcheck disable=SC2154 # items.py prints assignments
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

# items FILE: how many of each kind stand in it, by an own reader of the format
cat >items.py <<'PY'
import struct, sys
kinds, live, samples = {}, {}, set()
data, at = open(sys.argv[1], "rb").read(), 0
while len(data) - at >= 32:
    magic, length, seq = struct.unpack_from("<IIQ", data, at)
    if magic != 0x31424854 or len(data) - at - 32 < length:
        break
    item, end = at + 32, at + 32 + length
    while item < end:
        size, kind = struct.unpack_from("<II", data, item)
        kinds[kind] = kinds.get(kind, 0) + 1
        if kind == 5:
            number, = struct.unpack_from("<Q", data, item + 8)
            cpu, = struct.unpack_from("<Q", data, item + 8 + 80)
            live.setdefault(number, []).append(cpu)
        if kind == 6:
            samples.add(struct.unpack_from("<I", data, item + 8 + 24)[0])
        item += (size + 7) & ~7
    at = end
most = max(live.values(), key=len, default=[])
grows = all(cpus == sorted(cpus) for cpus in live.values()) and any(
    len(set(cpus)) > 4 for cpus in live.values())
print(f"finished={kinds.get(4, 0)} live={kinds.get(5, 0)} "
      f"cgroup_samples={int(3 in samples)} totals={int(8 in kinds)} "
      f"most={len(most)} grows={int(grows)}")
PY

plan 9
record_in_background sampled --interval 100ms --pid $$
"$workloads/burn" -n 1500
copy_is_long() {
	cp sampled cut
	eval "$(python3 items.py cut)"
	((most >= 5))
}
check "samples reach the file while the recording goes on" await 20 copy_is_long
eval "$(python3 items.py cut)"
check "a process that runs is sampled again and again" test "$grows" = 1
check "so are cgroups, and the policy's counters" same "$cgroup_samples$totals" 11
report cut
check "a recording that is cut off can be read" holds cut 'not r["complete"]' '"no-end" in why' \
	'r["recording"]["file"]["stopped"] in ("whole", "cut")'
check "and says what those that ran had cost" holds cut \
	'any(row["comm"] == "burn" and row["cpu_ns"] > 100e6 for row in rows)'
status=0
stop_recorder INT || status=$?
report sampled
check "ended in order, it is complete" holds sampled 'r["complete"]' \
	'r["recording"]["interval_ns"] == 100_000_000'
check "every process is in it once" "$lib/witness.py" identities sampled.csv

taskhold record -o never -- "$workloads/burn" -n 300
eval "$(python3 items.py never)"
check "without --interval nothing is sampled" same "$live$cgroup_samples" 00
check "intervals that cannot be are refused" \
	fails_with "want 10ms to 86400s" taskhold record --interval 1ms -o none -- true
finish
