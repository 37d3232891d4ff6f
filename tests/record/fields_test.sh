#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
#
# Each number of a process is what the kernel tells others of it: its parent by
# wait4(2), and /proc/PID/io once it is dead.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

# What goes to and comes from a tmpfs is no input or output of a device.
modprobe brd rd_nr=1 rd_size=4096
remove_disk() { rmmod brd; }
at_end+=(remove_disk)

# Starts processes of different kinds one after the other, and notes of each what
# the kernel says when it is dead.
cat >run.py <<'PY'
import json, os, sys, time
touch = """import mmap
with open("/dev/ram0", "rb") as disk:
    mmap.mmap(disk.fileno(), 1 << 20, prot=mmap.PROT_READ)[0]"""
burn = sys.argv[1]
# What is recorded: one of them waits, so that it takes longer than it computes.
kinds = [
    (["/bin/true"], 0),
    ([burn, "-n", "120"], 0),
    ([burn, "-n", "-t", "5", "60"], 0),
    (["dd", "if=/dev/zero", "of=copy", "bs=64k", "count=64", "status=none"], 1234),
    (["cat", "copy", "copy", "/no/such/file"], 1234),
    (["sh", "-c", "kill -USR1 $$"], 4321),
    (["python3", "-c", "x = bytearray(30 << 20); import time; time.sleep(0.1)"], 0),
    (["dd", "if=/dev/zero", "of=/dev/ram0", "bs=64k", "count=16", "status=none"], 0),
    (["python3", "-c", touch], 0),
]
os.chmod(".", 0o777)
for argv, uid in kinds:
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    pid = os.fork()
    if pid == 0:
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        if uid:
            os.setgid(2 * uid)
            os.setuid(uid)
        os.execvp(argv[0], argv)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        io = dict(line.strip().split(": ") for line in file)
    _, status, use = os.wait4(pid, 0)
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    print(json.dumps({
        "argv": argv, "pid": pid, "uid": uid, "status": status, "parent": os.getpid(),
        "between": [before, after], "cpu_us": round((use.ru_utime + use.ru_stime) * 1e6),
        "user_us": round(use.ru_utime * 1e6), "io": {name: int(value) for name, value in io.items()},
        "minflt": use.ru_minflt, "majflt": use.ru_majflt, "maxrss": use.ru_maxrss * 1024,
        "nvcsw": use.ru_nvcsw, "nivcsw": use.ru_nivcsw}))
PY

cat >compare.py <<'PY'
import json, sys
rows = {row["pid"]: row for row in json.load(open("data.json"))["tasks"]}
bad = 0
def same(seen, what, value, low, high=None):
    global bad
    if not low <= value <= (low if high is None else high):
        bad += 1
        print(f"{seen['argv'][:4]}: {what} is {value}, want {low}" + (f" to {high}" if high else ""))
all_seen = [json.loads(line) for line in open("seen")]
for seen in all_seen:
    row = rows[seen["pid"]]
    begin, end = seen["between"]
    same(seen, "status", row["exit_code"], seen["status"])
    same(seen, "ppid", row["ppid"], seen["parent"])
    same(seen, "uid", row["uid"], seen["uid"])
    same(seen, "gid", row["gid"], 2 * seen["uid"])
    same(seen, "max_rss", row["max_rss"], seen["maxrss"])
    same(seen, "min_flt", row["min_flt"], seen["minflt"])
    same(seen, "maj_flt", row["maj_flt"], seen["majflt"])
    for name in ("rchar", "wchar", "read_bytes", "write_bytes"):
        same(seen, name, row[name], seen["io"][name])
    # When its parent was told, it may have had its last switch before it.
    same(seen, "nvcsw", row["nvcsw"], seen["nvcsw"], seen["nvcsw"] + row["threads"])
    same(seen, "nivcsw", row["nivcsw"], seen["nivcsw"], seen["nivcsw"] + row["threads"])
    # Two numbers cut to microseconds; and what it used after its parent was told. While
    # a virtual processor is not run, its time is charged to whoever is on it.
    after = 300_000_000
    same(seen, "cpu_ns", row["cpu_ns"], seen["cpu_us"] * 1000 - 2000,
         seen["cpu_us"] * 1000 + after)
    # Both are split by ticks; one on the way out counts for more where they are few.
    late = max(row["cpu_ns"] - seen["cpu_us"] * 1000, 0)
    apart = 20_000_000 + row["cpu_ns"] // 4 + late
    same(seen, "user_ns", row["user_ns"], max(seen["user_us"] * 1000 - apart, 0),
         seen["user_us"] * 1000 + apart)
    same(seen, "user_ns + sys_ns", row["user_ns"] + row["sys_ns"], row["cpu_ns"])
    same(seen, "start_ns", row["start_ns"], begin, row["exec_ns"])
    same(seen, "exec_ns", row["exec_ns"], row["start_ns"], row["exit_ns"])
    same(seen, "exit_ns", row["exit_ns"], row["exec_ns"], end)
    same(seen, "wall_ns", row["wall_ns"], row["exit_ns"] - row["start_ns"])
# What is 0 of all of them has been compared with nothing.
for name in ("rchar", "wchar", "read_bytes", "write_bytes"):
    same({"argv": ["all"]}, f"sum of {name}", sum(seen["io"][name] for seen in all_seen), 1, 1 << 62)
for name in ("minflt", "majflt", "nvcsw"):
    same({"argv": ["all"]}, f"sum of {name}", sum(seen[name] for seen in all_seen), 1, 1 << 62)
threads = [rows[seen["pid"]]["threads"] for seen in all_seen]
if threads != [1, 1, 5, 1, 1, 1, 1, 1, 1]:
    bad += 1
    print(f"threads are {threads}")
sys.exit(bad > 0)
PY

plan 6
check "nine kinds of processes are recorded" \
	taskhold record -o data -- sh -c "exec python3 run.py '$workloads/burn' >seen"
report data
check "all of them" holds data 'r["complete"]' 't["tasks"] == 10'
check "and their numbers are those of wait4() and /proc/PID/io" python3 compare.py
true_path=$(realpath /bin/true)
check "names and executables" holds data \
	"[row['exe'] for row in rows if row['comm'] == 'true'] == ['$true_path']" \
	"sum(row['exe'] == '$(realpath "$workloads/burn")' for row in rows) == 2"
check "two failed, one of them by a signal" holds data 't["failed"] == 2' \
	"[row['exit_signal'] for row in rows if row['exit_signal']] == [10]"
check "sums are those of the rows" holds data \
	'all(t[name] == sum(row[name] for row in rows) for name in ("cpu_ns", "user_ns", "sys_ns", "nvcsw", "nivcsw", "min_flt", "maj_flt", "rchar", "wchar", "read_bytes", "write_bytes", "threads"))'
finish
