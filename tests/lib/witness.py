#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares what `taskhold report` says with what others saw.

usage: witness.py holds JSON EXPRESSION...
           r is the report, t its totals, why its reasons that are not 0,
           rows its rows, cg its cgroups by path
       witness.py charged JSON CGROUP USEC [PPM]
           the report says that USEC were used in the cgroup and those below
           it, to PPM millionths (1000); the same for its own cpu_stat_ns
       witness.py storm CSV LOG [some]
           each child in the LOG of tests/workloads/storm is one row, in order,
           with its parent, status and CPU time; some: those that have a row
       witness.py cgroups CSV LOG
           each process in the LOG of tests/workloads/cgroups is one row, with
           its status and its cgroup's path
       witness.py identities CSV
           no two rows are the same process, and every parent but one is a row
       witness.py figures JSON [USEC]
           prints what was measured, as a comment of TAP; USEC is what cpu.stat
           said

JSON is what `taskhold report --json` printed, CSV what --csv --by task did.
Ends with 1 where something does not hold, and says what.
"""
import collections
import csv
import json
import sys

MAX_SHOWN = 5


def complain(lines):
    lines = list(lines)
    for line in lines[:MAX_SHOWN]:
        print(line)
    if len(lines) > MAX_SHOWN:
        print(f"and {len(lines) - MAX_SHOWN} more")
    sys.exit(1 if lines else 0)


def read_report(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def read_log(path, limit=-1):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split(" ", limit) for line in file]


def holds(path, *expressions):
    report = read_report(path)
    rows = report[{"task": "tasks", "thread": "threads"}.get(report["by"], "groups")]
    names = {
        "r": report,
        "t": report["totals"],
        "why": {key: value for key, value in report["reasons"].items() if value},
        "rows": rows,
        "cg": {row["path"]: row for row in report["cgroups"]},
    }
    for expression in expressions:
        # The expressions are those of the tests, in this very tree.
        if eval(expression, names):  # pylint: disable=eval-used
            continue
        print(f"does not hold: {expression}")
        print(f"complete {report['complete']}, reasons {names['why']}, totals",
              {key: names["t"][key] for key in
               ("tasks", "finished", "live", "folded", "lost", "cpu_ns", "residual_ns")})
        print(f"file {report['recording']['file']}, end {report['recording']['end']}")
        for row in rows[:MAX_SHOWN]:
            print({key: value for key, value in row.items() if value})
        sys.exit(1)


def charged(path, cgroup, usec, ppm="1000"):
    report = read_report(path)
    row = next((row for row in report["cgroups"] if row["path"] == cgroup), None)
    if not row:
        complain([f"no cgroup {cgroup}"])
    want = int(usec) * 1000
    # cpu.stat is in microseconds, so a part of one is no difference.
    bound = max(want * int(ppm) // 1_000_000, 1000)
    found = {name: row[name] for name in ("cpu_tree_ns", "cpu_stat_ns")}
    complain(f"{name} is {value}, cpu.stat said {want}"
             for name, value in found.items()
             if value is None or abs(value - want) > bound)


def storm(rows_path, log_path, some=None):
    children = collections.defaultdict(list)
    for number, parent, pid, status, cpu_us in read_log(log_path):
        if int(status) != (int(number) & 0xff) << 8:
            complain([f"child {number} of the storm ended with {status}"])
        children[parent].append((pid, status, int(cpu_us)))
    rows = collections.defaultdict(list)
    starts = {}
    wrong = []
    for row in read_rows(rows_path):
        if row["ppid"] in children:
            rows[row["ppid"]].append(row)
        if row["pid"] in children and row["ppid"] not in children:
            starts[row["pid"]] = row["start_ns"]
    for parent, expected in children.items():
        found = sorted(rows[parent], key=lambda row: int(row["start_ns"]))
        if some:
            known = collections.Counter((pid, status) for pid, status, _ in expected)
            seen = collections.Counter((row["pid"], row["exit_code"]) for row in found)
            wrong += [f"a child of {parent} that never was: {key}" for key in seen - known]
            continue
        if len(found) != len(expected):
            wrong.append(f"{len(found)} rows of {len(expected)} children of {parent}")
        for row, (pid, status, cpu_us) in zip(found, expected):
            if (row["pid"], row["exit_code"]) != (pid, status):
                wrong.append(f"pid and status {row['pid']} {row['exit_code']}, not {pid} {status}")
            elif row["parent_start_ns"] != starts.get(parent):
                wrong.append(f"{pid}: parent started {row['parent_start_ns']}, "
                             f"not {starts.get(parent)}")
            # Who waits may do so before the child is switched away from for
            # good: the record has that time, the rusage has not. Its user and
            # its system time are both cut to microseconds.
            elif int(row["cpu_ns"]) + 2000 < cpu_us * 1000:
                wrong.append(f"{pid}: {row['cpu_ns']} ns, wait4() said {cpu_us} us")
            elif row["state"] != "finished" or row["comm"] != "storm":
                wrong.append(f"{pid}: {row['state']} {row['comm']}")
    complain(wrong)


def cgroups(rows_path, log_path):
    rows = {row["pid"]: row for row in read_rows(rows_path)}
    wrong = []
    for pid, status, path in read_log(log_path, 2):
        path = path.removeprefix("/sys/fs/cgroup")
        row = rows.get(pid, {})
        found = (row.get("exit_code"), row.get("cgroup"))
        if found != (status, path):
            wrong.append(f"{pid}: {found}, not {(status, path)}")
    complain(wrong)


def identities(rows_path):
    rows = read_rows(rows_path)
    count = collections.Counter((row["pid"], row["start_ns"]) for row in rows)
    wrong = [f"{key} comes {n} times" for key, n in count.items() if n > 1]
    ids = collections.Counter(row["id"] for row in rows)
    wrong += [f"id {key} comes {n} times" for key, n in ids.items() if n > 1]
    starts = {key: int(key[1]) for key in count}
    orphans = 0
    for row in rows:
        parent = (row["ppid"], row["parent_start_ns"])
        if parent not in starts:
            orphans += 1
        elif starts[parent] > int(row["start_ns"]):
            wrong.append(f"{row['pid']} is older than its parent {row['ppid']}")
    if orphans != 1:
        wrong.append(f"{orphans} rows without a parent")
    complain(wrong)


def figures(path, usec=None):
    report = read_report(path)
    total = report["totals"]
    residuals = [abs(row["residual_ns"]) for row in report["cgroups"] if row["residual_ns"]]
    print(f"# {total['tasks']} processes in {report['recording']['duration_ns'] / 1e9:.1f} s,",
          f"{total['lost']} lost, {total['folded']} folded;",
          f"CPU {total['cpu_ns'] / 1e9:.3f} s" +
          (f", cpu.stat {int(usec) / 1e6:.3f} s;" if usec else ";"),
          f"residual {total['residual_ns']} ns of {total['cpu_stat_ns']},",
          f"at most {max(residuals, default=0)} ns of a cgroup")


def main():
    commands = {"holds": holds, "charged": charged, "storm": storm, "cgroups": cgroups,
                "identities": identities, "figures": figures}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])


main()
