#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 120
#
# --threads: each thread has the CPU time that the kernel tells the thread itself
# (CLOCK_THREAD_CPUTIME_ID), the threads of a process add up to it, and no sum of
# processes is another than without.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

# by_thread FILE: makes FILE.json as report does, but of threads, and FILE-tasks.json
by_thread() {
	taskhold report --json --by thread "$1" >"$1.json"
	taskhold report --json "$1" >"$1-tasks.json"
	taskhold report --json --by comm "$1" >"$1-comms.json"
}

# threads.py FILE LOG [some | later]: rows of FILE.json against what threads said in
# LOG; some: threads without a row are in that of the first one, as their process
# has them; later: they went on after they said so
cat >threads.py <<'PY'
import collections, json, sys
name, log, mode = sys.argv[1], sys.argv[2], (sys.argv + [""])[3]
USES = ("cpu_ns", "user_ns", "sys_ns", "nvcsw", "nivcsw", "min_flt", "maj_flt", "rchar", "wchar",
        "read_bytes", "write_bytes")
report = json.load(open(name + ".json"))
rows, totals = report["threads"], report["totals"]
tasks = json.load(open(name + "-tasks.json"))["tasks"]
bad = []
# What a thread uses after it has told: its way out. While a virtual processor is
# not run, its time is charged to whoever is on it, so this is no narrow bound;
# what one thread has of another's makes that one's less than it says.
AFTER = 300_000_000
said = collections.defaultdict(dict)
for line in open(log):
    tid, number, ns, comm = line.split()
    said[int(tid)] = {"number": int(number), "ns": int(ns), "comm": comm}
found = {row["tid"]: row for row in rows if row["tid"] in said}
if len(found) != len([row for row in rows if row["tid"] in said]):
    bad.append("a thread has two rows")
missing = sorted(set(said) - set(found))
if missing and mode != "some":
    bad.append(f"no row of {missing}")
for tid, row in found.items():
    if row["first"] != (said[tid]["number"] == 0):
        bad.append(f"{tid} is number {said[tid]['number']}, and first is {row['first']}")
    # Who became the first later is in that row too.
    if row["first"] and (missing or (row["exec_ns"] or 0) > max(r["start_ns"] for r in found.values())):
        continue
    low = said[tid]["ns"] - row["cpu_before_ns"]
    if row["cpu_ns"] < low or row["cpu_ns"] > low + AFTER and mode != "later":
        bad.append(f"{tid} {row['comm']} used {row['cpu_ns']} ns, and says {low}")
    if row["comm"] != said[tid]["comm"] and not row["exec_ns"]:
        bad.append(f"{tid} is named {row['comm']}, not {said[tid]['comm']}")
for row in rows:
    if row["user_ns"] + row["sys_ns"] != row["cpu_ns"]:
        bad.append(f"{row['tid']}: user and sys do not add up")
# Rows of a process are the process, rows of all are all.
for use in USES:
    sums = collections.Counter()
    for row in rows:
        sums[row["pid"], row["process_start_ns"]] += row[use]
    for task in tasks:
        if sums[task["pid"], task["start_ns"]] != task[use]:
            bad.append(f"{use} of {task['pid']} {task['comm']}: {task[use]}, its threads "
                       f"{sums[task['pid'], task['start_ns']]}")
    if sum(sums.values()) != totals[use]:
        bad.append(f"{use}: all rows {sum(sums.values())}, totals {totals[use]}")
    if sum(task[use] for task in tasks) != totals[use] and not totals["folded"]:
        bad.append(f"{use}: all processes are not the totals")
print("\n".join(bad[:8]))
sys.exit(bool(bad))
PY

witness() { python3 threads.py "$@"; }
job=$workloads/threads

plan 28

# A command.
taskhold record --threads -o cmd -- "$job" cmd.log 20 40 80 160 320 60
by_thread cmd
check "six threads of a command are recorded" holds cmd 'r["complete"]' 'r["recording"]["threads"]' \
	't["tasks"] == 1' 't["thread_records"] == 5' 't["threads"] == 6' 'len(rows) == 6' \
	'r["recording"]["end"]["finished"] == 6'
check "each used what it says itself, and all what the process did" witness cmd cmd.log
check "they began and ended within their process" holds cmd \
	'len({row["pid"] for row in rows}) == 1' \
	'all(row["start_ns"] >= row["process_start_ns"] for row in rows)' \
	'max(row["exit_ns"] for row in rows) == [row["exit_ns"] for row in rows if row["first"]][0]' \
	'all(row["exit_code"] == 0 and row["state"] == "finished" for row in rows)' \
	'all(("thread" in row["flags"].split("+")) != row["first"] for row in rows)'
check "a table by command counts the process once" holds cmd-comms \
	'[(row["comm"], row["tasks"], row["threads"]) for row in rows] == [("threads", 1, 6)]'

taskhold record -o plain -- "$job" plain.log 20 40
check "without --threads there is no such row" fails_with "record with --threads" \
	taskhold report plain --by thread
report plain
check "and no such record" holds plain 'r["complete"]' 'not r["recording"]["threads"]' \
	't["thread_records"] == 0' 'r["recording"]["end"]["finished"] == 1' 't["threads"] == 2'

# A process that has its threads already.
mkfifo orders
"$job" -g pid.log 100 200 300 50 <orders >said &
tree=$!
exec 5>orders
is_ready() { grep -qx ready said; }
await 20 is_ready
record_in_background pid --threads --pid "$tree"
taskhold status >status.txt
taskhold status --json >status.json
echo >&5
wait "$tree"
wait "$recorder"
by_thread pid
check "the threads of a process that runs already are recorded" holds pid 'r["complete"]' \
	't["tasks"] == 1' 't["thread_records"] == 3' 'len(rows) == 4' \
	'all("older" in row["flags"].split("+") for row in rows)'
check "each with what it used from then on" witness pid pid.log
check "status says that threads are recorded" \
	grep -qE '^     threads   one by one; of these records 3 admitted, 0 finished$' status.txt
in_status() {
	python3 -c 'import json, sys
p = json.load(open("status.json"))["policies"][0]
sys.exit((p["flags"], p["threads"], p["threads_finished"], p["admitted"], p["live"]) != (1, 3, 0, 4, 4))'
}
check "so does its JSON" in_status

# A cgroup, and what the kernel charged to it.
mine=$cgroup/threads
mkdir "$mine"
record_in_background group --threads --cgroup "$mine"
# shellcheck disable=SC2016 # expanded by that shell
bash -c 'echo $$ >"$1/cgroup.procs"; shift; "$@"; :' - "$mine" "$job" group.log 50 100 150
charged_us=$(usage_us "$mine")
stop_recorder INT
rmdir "$mine"
by_thread group
check "threads of a cgroup are recorded" holds group 'r["complete"]' 't["thread_records"] == 2'
check "each used what it says" witness group group.log
check "and the cgroup what the kernel charged, once" \
	charged group-tasks "$(path_of "$mine")" "$charged_us" 20000

# Everything that runs, of which much is older, and of which some still runs.
record_in_background all --threads --interval 50ms
"$job" all.log 30 60 120
stop_recorder INT
by_thread all
check "threads of the whole machine are recorded" holds all 'r["complete"]' \
	't["thread_records"] >= 2' 't["live"] > 10' \
	'len(rows) == t["tasks"] + t["thread_records"]'
check "each used what it says, and all rows are all processes" witness all all.log

# A ring buffer with room for a few of many that run.
read -ra spans <<<"$(printf '1 %.0s' {1..60})"
# what is_ready looks for is not the former job's
: >said
"$job" -g ring.log "${spans[@]}" <orders >said &
tree=$!
exec 5>orders
await 20 is_ready
record_in_background ring --threads --ring-size 4096 --pid "$tree"
stop_recorder INT
echo >&5
wait "$tree"
by_thread ring
check "of threads that run none is missing, however small the ring buffer is" holds ring \
	'r["complete"]' 't["live"] == 1' 't["thread_records"] == 59' \
	'len({row["tid"] for row in rows if row["state"] == "live"}) == 60'

# Calling exec.
taskhold record --threads -o exec -- "$job" -x exec.log 30 60 90
by_thread exec
check "a thread that calls exec ends by it" holds exec 'r["complete"]' 't["tasks"] == 1' \
	'len(rows) == 3' \
	'[row["comm"] for row in rows if row["first"]] == ["true"]' \
	'sum(not row["first"] and row["exec_ns"] == row["exit_ns"] for row in rows) == 1'
check "and has what it used until then, the rest its process" witness exec exec.log
check "which is where its time after that is" holds exec \
	'[row["cpu_ns"] for row in rows if row["first"]][0] >= 30e6' 't["cpu_ns"] >= 180e6'
taskhold record --threads -o execs -- "$job" -X execs.log 30 60 90 40
by_thread execs
check "threads that exec kills are recorded to their end" holds execs 'r["complete"]' \
	'len(rows) == 4' 'all(row["state"] == "finished" for row in rows)'
check "and add up" witness execs execs.log later

# Far fewer may be held than there are threads.
taskhold record --threads --max-held 4 -o few -- "$job" few.log 20 30 40 50 60 70 80 90 2>few.err
by_thread few
check "over max_held threads are let go, and counted" holds few 'not r["complete"]' \
	'set(why) == {"fold-thread"}' 'why["fold-thread"] == 4' 't["thread_records"] == 3' \
	't["folded"] == 0' 't["lost"] == 0'
check "the recorder says so" grep -q '4 threads are in the numbers of their processes alone' few.err
check "the sums are right" holds few 't["tasks"] == 1' 't["threads"] == 8' \
	't["cpu_ns"] >= 440e6'
check "and so are the threads that have a row" witness few few.log some
check "--require-complete refuses it" status_is 5 taskhold report --require-complete --csv few
check "the table says that the sums are right" \
	grep -q '^  fold-thread: 4 (.*so the sums are right)$' <(taskhold report few)
check "nothing holds the module afterwards" no_policy
finish
