#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sums up what bench/guest.sh measured: bench.json, and a table on stdout.

usage: table.py RESULTS BENCH_JSON KERNEL
"""
import json
import statistics
import sys

# name, what it says, the budget or None
ROWS = [
    ("nothing", "a process: vfork, _exit, waitpid", None),
    ("accton", "BSD accounting adds", None),
    ("exitsnoop", "exitsnoop adds", None),
    ("loaded", "taskhold.ko without a policy adds", None),
    ("record", "taskhold record adds, all fields to a file", 5000),
    ("empty-program", "an empty tp_btf program adds", None),
    ("empty-policy", "an empty policy adds", None),
    ("task-pair", "bpf_task_acquire and _release", None),
    ("record-pair", "taskhold_rec_acquire and _release", None),
    ("walk", "a running process by the iterator", None),
    ("ps", "a running process by ps", None),
]


def main():
    results, out, kernel = sys.argv[1:]
    values = {}
    with open(results, encoding="ascii") as lines:
        for line in lines:
            row = json.loads(line)
            values.setdefault(row["what"], []).append(row["instructions"])

    table, failed = [], []
    for name, text, budget in ROWS:
        if name not in values:
            sys.exit(f"table.py: {results} has no {name}: the guest did not get so far")
        figures = values[name]
        row = {
            "what": name,
            "text": text,
            "instructions": round(statistics.median(figures)),
            "min": min(figures),
            "max": max(figures),
            "measurements": len(figures),
        }
        if budget is not None:
            row["budget"] = budget
            if row["instructions"] > budget:
                failed.append(f"{text}: {row['instructions']}, budget {budget}")
        table.append(row)

    with open(out, "w", encoding="ascii") as f:
        json.dump({"kernel": kernel, "unit": "instructions", "figures": table}, f, indent=1)
        f.write("\n")

    print(f"instructions, median of {table[1]['measurements']} rounds, Linux {kernel}, 1 processor\n")
    for row in table:
        print(f"{row['text']:<46}{row['instructions']:>8}   ({row['min']} to {row['max']})")
    if failed:
        sys.exit("over budget: " + "; ".join(failed))


if __name__ == "__main__":
    main()
