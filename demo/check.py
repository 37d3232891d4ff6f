#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Is what taskhold recorded what happened? The verdict of `make demo`.

usage: check.py REPORT ACCT CPU_STAT

REPORT is what `taskhold report --json` printed of a build, ACCT the records of
BSD process accounting of the same time, CPU_STAT the CPU time that the kernel
charged to the build's cgroups: lines of a path and microseconds. Ends with 1
where something does not hold, and says what.
"""
import collections
import json
import struct
import sys

# struct acct_v3 of <linux/acct.h>: flag, version, tty, exitcode, uid, gid, pid,
# ppid, btime, etime, eight comp_t (utime, stime, mem, io, rw, minflt, majflt,
# swaps), comm.
ACCT_V3 = struct.Struct("<BBH6If8H16s")

Exit = collections.namedtuple("Exit", "pid ppid comm exit_code")

MS = 1_000_000
SEC = 1_000_000_000


def read_acct(path):
    with open(path, "rb") as file:
        data = file.read()
    if len(data) % ACCT_V3.size:
        sys.exit(f"{path}: {len(data)} bytes are no whole number of records")
    for fields in ACCT_V3.iter_unpack(data):
        if fields[1] != 3:
            sys.exit(f"{path}: a record of version {fields[1]}, not 3")
        comm = fields[-1].split(b"\0")[0].decode("utf-8", errors="replace")
        yield Exit(pid=fields[6], ppid=fields[7], comm=comm, exit_code=fields[3])


class Checks:
    def __init__(self):
        self.failed = 0

    def __call__(self, what, holds, found=""):
        print(f"  {'ok' if holds else 'NO':4}{what}{': ' if found else ''}{found}")
        self.failed += not holds


def of_the_build(exits, recorder):
    """Without those who are no part of the command that is recorded.

    Nothing else runs in the guest, so these can be named: accton, which accounts
    itself first when it turns accounting on, and last when it turns it off; the
    recorder, which waits for the command; and kernel threads, all of them
    children of kthreadd, process 2.
    """
    exits = list(exits)
    others = collections.Counter()
    build = []
    for number, one in enumerate(exits):
        if number in (0, len(exits) - 1) and one.comm == "accton":
            others["accton"] += 1
        elif one.pid == recorder and one.comm == "taskhold":
            others["recorder"] += 1
        elif one.ppid == 2:
            others["kernel threads"] += 1
        else:
            build.append(one)
    return build, others


def differences(left, right, limit=10):
    both = left.keys() | right.keys()
    lines = [f"{key} {left[key]}/{right[key]}" for key in sorted(both)
             if left[key] != right[key]]
    more = len(lines) - limit
    return ", ".join(lines[:limit]) + (f" and {more} more" if more > 0 else "")


def check_processes(check, report, exits):
    tasks = report["tasks"]
    root = report["recording"]["root_pid"]
    recorder = next((task["ppid"] for task in tasks if task["pid"] == root), None)
    build, others = of_the_build(exits, recorder)
    left_out = ", ".join(f"{count} {name}" for name, count in others.items())
    check("as many processes as BSD accounting counted", len(tasks) == len(build),
          f"{len(tasks)} and {len(build)} (besides {left_out})")
    ours = collections.Counter(task["comm"] for task in tasks)
    theirs = collections.Counter(one.comm for one in build)
    check("the same by name", ours == theirs,
          differences(ours, theirs) or f"{len(ours)} names")
    ours = collections.Counter(
        (task["pid"], task["comm"], task["exit_code"]) for task in tasks)
    theirs = collections.Counter((one.pid, one.comm, one.exit_code) for one in build)
    check("each with the same process id, name and exit status", ours == theirs,
          differences(ours, theirs))


def check_parents(check, report):
    """One tree: every process but the command's has a parent that is recorded."""
    tasks = report["tasks"]
    known = {(task["pid"], task["start_ns"]) for task in tasks}
    check("no two processes are taken for one", len(known) == len(tasks))
    orphans = [task for task in tasks
               if (task["ppid"], task["parent_start_ns"]) not in known]
    check("every process but the first has its parent recorded",
          [task["pid"] for task in orphans] == [report["recording"]["root_pid"]],
          ", ".join(f"{task['pid']} {task['comm']}" for task in orphans))


def check_sums(check, report):
    total = report["totals"]
    check("every process that was recorded has ended",
          total["finished"] == total["tasks"] and total["live"] == 0)
    check("the CPU time of all is the sum of each",
          total["cpu_ns"] == sum(task["cpu_ns"] for task in report["tasks"]))
    by_cgroup = sum(cgroup["cpu_ns"] for cgroup in report["cgroups"])
    check("and of each cgroup", total["cpu_ns"] == by_cgroup)


def check_cgroups(check, report, cpu_stat):
    cgroups = {cgroup["path"]: cgroup for cgroup in report["cgroups"]}
    with open(cpu_stat, encoding="utf-8") as file:
        lines = [line.split() for line in file]
    check("there are cgroups to look at", len(lines) >= 4, f"{len(lines)}")
    charged_in_all = used_in_all = 0
    for path, usec in lines:
        charged = int(usec) * 1000
        used = cgroups[path]["cpu_tree_ns"] if path in cgroups else 0
        charged_in_all += charged
        used_in_all += used
        # What a process uses while it is moved into a cgroup may be charged to
        # either, some milliseconds where the processor is taken away just then.
        if abs(charged - used) > max(charged // 100, 20 * MS):
            check(f"{path}: its processes used what cpu.stat says", False,
                  f"{used} and {charged} ns")
    check("all in them used what their cpu.stat says, to 0.1 %",
          abs(charged_in_all - used_in_all) <= charged_in_all // 1000,
          f"{used_in_all / SEC:.3f} and {charged_in_all / SEC:.3f} s")
    covered = [cgroup for cgroup in cgroups.values()
               if cgroup["covered"] and (cgroup["cpu_stat_ns"] or 0) > SEC]
    check("some of them used more than a second of CPU time", covered)
    worst = max(covered, key=lambda cgroup: abs(cgroup["residual_ppm"]), default=None)
    if worst:
        check("the residual of each of these is at most 1 %",
              abs(worst["residual_ppm"]) <= 10_000,
              f"{worst['residual_ppm'] / 10_000:.4f} % of {worst['path']} at most")
    total = report["totals"]
    check("the residual in all is at most 0.1 %",
          total["residual_ppm"] is not None and abs(total["residual_ppm"]) <= 1_000,
          f"{total['residual_ns'] or 0} ns of {total['cpu_stat_ns']}")
    nameless = [path for path in cgroups if not path.startswith("/")]
    check("every cgroup has its path, removed ones too", not nameless,
          ", ".join(nameless) or
          f"{sum(cgroup['removed'] for cgroup in cgroups.values())} were removed")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    check = Checks()
    lost = report["totals"]["lost"]
    check("nothing was lost", lost == 0, str(lost))
    reasons = {name: count for name, count in report["reasons"].items() if count}
    check("the recording is complete", report["complete"] is True,
          ", ".join(f"{name} {count}" for name, count in reasons.items()))
    check_processes(check, report, read_acct(sys.argv[2]))
    check_parents(check, report)
    check_sums(check, report)
    check_cgroups(check, report, sys.argv[3])
    sys.exit(1 if check.failed else 0)


main()
