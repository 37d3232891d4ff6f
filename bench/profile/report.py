#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sums up what bench/profile/plugin.c counted: a table on stdout, profile.json.

Instructions a process. "of its own" is what only runs because of the tool: the
regions of bench/profile/regions, less what they need without it, and the user
space of other programs than spawn. "elsewhere" is the rest of the difference to
the bare process; the kernel's allocators make most of it, in either direction.
With FUNCTIONS above 0, the functions that differ by at least so many follow.

Fails, when all of that has been printed, where one of the bounds is not kept.

usage: report.py DIR COUNT KERNEL FUNCTIONS
"""
import bisect
import collections
import json
import statistics
import sys

# bench/spawn.c is linked to low addresses, everything else is not
SPAWN_BELOW = 1 << 28

PARTS = [
    ("birth", "birth: probe, and count"),
    ("birth/admit", "  the policy asked"),
    ("birth/fill", "  record filled"),
    ("birth/allocate", "  its memory"),
    ("birth/index", "  put into the index"),
    ("exec", "exec"),
    ("exit", "exit: time taken"),
    ("end", "end: probe, record found"),
    ("end/sum", "  numbers of the thread added"),
    ("end/index", "  taken out of the index"),
    ("end/finish", "  numbers made final"),
    ("end/policy", "  finish() called, and its own code"),
    ("end/ring", "  ring buffer: reserve, submit"),
    ("end/snapshot", "  numbers copied into it"),
    ("end/put", "  record put"),
    ("free", "free: RCU callback"),
    ("program", "a tp_btf program called at birth"),
    ("user", "user space: drain, checksum"),
    ("write", "write(): copied, page cache zeroed"),
]
# Of these the module alone makes what there is: user space of other programs than spawn
# may as well be a shell's that waits.
BY_MODULE = [part for part, _ in PARTS if part not in ("user", "write")]
OUTSIDE = "-"

# Asking a policy whose admit() is empty, against an empty tp_btf program on the same
# event. 1.3 was wanted; 1.8 of it are the kernel's own trampoline for struct_ops.
ASKING_BOUND = 2.3
SHOWN = ["loaded", "empty-program", "empty-policy", "record"]


def symbols(path):
    found = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            address, name = line.rstrip().split(" ", 1)
            found.append((int(address, 16), name))
    found.sort()
    return [address for address, _ in found], [name for _, name in found]


def read_run(out, number, count):
    """{(region, function): instructions a process}"""
    addresses, names = symbols(f"{out}/symbols.{number}")
    counts = collections.Counter()
    with open(f"{out}/counts.{number}", encoding="ascii") as lines:
        for line in lines:
            region, address, insns = line.split()
            address = int(address, 16)
            if region != "user":
                at = bisect.bisect_right(addresses, address) - 1
                function = names[at] if at >= 0 else "?"
            elif address < SPAWN_BELOW:
                region, function = OUTSIDE, "spawn"
            else:
                function = "user space"
            counts[region, function] += int(insns) / count
    return counts


def by_region(counts):
    sums = collections.Counter()
    for (region, _), insns in counts.items():
        sums[region] += insns
    return sums


def median_of(runs):
    keys = set().union(*runs)
    return {key: statistics.median(run.get(key, 0) for run in runs) for key in keys}


def main():
    out, count, kernel, functions = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    runs = collections.defaultdict(list)
    clock = collections.defaultdict(list)
    with open(f"{out}/dumps", encoding="ascii") as lines:
        for number, line in enumerate(lines):
            name, insns = line.split()
            runs[name].append(read_run(out, number, count))
            clock[name].append(int(insns))

    for name, found in runs.items():
        for run, insns in zip(found, clock[name]):
            seen = sum(run.values())
            if abs(seen - insns) > insns / 100:
                sys.exit(f"report.py: {name}: {seen:.0f} instructions were counted and the "
                         f"clock says {insns}: the plugin has missed code")

    bare = median_of([by_region(run) for run in runs["nothing"]])
    figures, own = {}, {}
    for name in SHOWN:
        sums = [by_region(run) for run in runs[name]]
        figures[name] = {}
        for part in [part for part, _ in PARTS] + [OUTSIDE]:
            values = [run.get(part, 0) - bare.get(part, 0) for run in sums]
            figures[name][part] = (statistics.median(values), min(values), max(values))
        own[name] = [sum(run.get(part, 0) - bare.get(part, 0) for part, _ in PARTS)
                     for run in sums]

    print(f"instructions a process, median of {len(runs['record'])} rounds of {count}, "
          f"Linux {kernel}\n")
    print(f"{'':<40}" + "".join(f"{name:>14}" for name in SHOWN))
    for part, text in PARTS:
        print(f"{text:<40}" + "".join(f"{figures[name][part][0]:>14.0f}" for name in SHOWN))
    print(f"{'of its own':<40}" + "".join(f"{statistics.median(own[name]):>14.0f}"
                                          for name in SHOWN))
    print(f"{'  from':<40}" + "".join(f"{min(own[name]):>14.0f}" for name in SHOWN))
    print(f"{'  to':<40}" + "".join(f"{max(own[name]):>14.0f}" for name in SHOWN))
    print(f"{'elsewhere':<40}" + "".join(f"{figures[name][OUTSIDE][0]:>14.0f}"
                                         for name in SHOWN))
    print(f"{'  from':<40}" + "".join(f"{figures[name][OUTSIDE][1]:>14.0f}" for name in SHOWN))
    print(f"{'  to':<40}" + "".join(f"{figures[name][OUTSIDE][2]:>14.0f}" for name in SHOWN))

    if functions:
        before, after = median_of(runs["nothing"]), median_of(runs["record"])
        rows = [(after.get(key, 0) - before.get(key, 0), key) for key in {*before, *after}]
        print()
        for insns, (region, function) in sorted(rows, key=lambda row: -abs(row[0])):
            if abs(insns) >= functions:
                print(f"{region:<18}{function:<50}{insns:>10.1f}")

    idle = sum(figures["loaded"][part][2] for part in BY_MODULE)
    with open(f"{out}/profile.json", "w", encoding="ascii") as f:
        json.dump({"kernel": kernel, "unit": "instructions a process", "processes": count,
                   "bare": statistics.median(clock["nothing"]),
                   "own": {name: round(statistics.median(own[name]), 1) for name in SHOWN},
                   "idle": round(idle, 1),
                   "parts": {name: {part: round(values[0], 1)
                                    for part, values in figures[name].items()}
                             for name in SHOWN}}, f, indent=1)
        f.write("\n")

    asking = figures["empty-policy"]["birth/admit"][0] / figures["empty-program"]["program"][0]
    print(f"\nthe module without a policy: {idle:.0f}, has to be 0\n"
          f"asking an empty policy, against an empty program: x {asking:.2f}, "
          f"at most {ASKING_BOUND}")
    if idle >= 0.5 or asking > ASKING_BOUND:
        sys.exit("report.py: a bound is not kept")


if __name__ == "__main__":
    main()
