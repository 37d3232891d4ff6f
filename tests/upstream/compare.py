#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Compares what BPF selftests did on two kernels, and writes TAP.
#
# usage: compare.py UNPATCHED PATCHED OUT [AGAIN] PROGRAM=NUMBER... [known=FILE] [list=FILE]
#    or: compare.py --differing UNPATCHED PATCHED PROGRAM=NUMBER...
#
# UNPATCHED and PATCHED are directories as tests/upstream/guest.sh leaves them,
# and tests/qemu/run.sh; the TAP files go to OUT. With --differing it prints the
# names of what differs and can be run again, one a line. AGAIN has the further
# runs of these, in unpatched/1 and so on and patched/1 and so on. A PROGRAM
# is test_verifier, test_progs or veristat, and the others were not run; NUMBER of its
# cases, tests or objects must be good without the series, or the comparison fails.
# FILE of "known" has what is not good without the series, and why; of "list" the
# patterns by which tests of test_progs were chosen.
#
# A result of the patched kernel that differs fails, and so does one that is missing
# on either side. The further runs only tell how steady it is on either kernel.

import collections
import csv
import fnmatch
import os
import re
import sys

PATCHED_NAME = "patched"
UNPATCHED_NAME = "unpatched"

# What may differ in the number of instructions that the verifier looks at.
INSNS_PERCENT = 1


class Broken(Exception):
    """What a run left cannot be taken for its results."""


def read(directory, name):
    try:
        with open(os.path.join(directory, name), errors="replace") as file:
            return file.read()
    except OSError as error:
        raise Broken(f"{name}: {error.strerror}") from error


def ended(directory, name, statuses):
    """A run that was stopped, or that died, has no results that count."""
    status = read(directory, name + ".status").strip()
    if status not in statuses:
        raise Broken(f"{name} ended with status {status or 'unknown'}")


def put(results, key, value):
    """Names that come more than once are told apart by their order."""
    number = 1
    unique = key
    while unique in results:
        number += 1
        unique = f"{key} ({number})"
    results[unique] = value


def summary(text, name, pattern):
    found = re.findall(pattern, text, re.MULTILINE)
    if len(found) != 1:
        raise Broken(f"{name} printed {len(found)} summaries")
    return [int(number) for number in found[0]]


def agree(name, counted, said):
    if counted != said:
        raise Broken(f"{name}: the results are {counted}, and its summary says {said}")


def read_test_verifier(directory):
    """{"#N/p description": "OK", or with how it failed}"""
    ended(directory, "test_verifier", ("0", "1"))
    text = read(directory, "test_verifier.log")
    blocks = []
    for line in text.splitlines():
        if line.startswith("Summary: "):
            break
        if re.match(r"#\d+/[up] ", line):
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line)
    counts = collections.Counter()
    cases = {}
    for lines in blocks:
        verdict, how = judge_case(lines)
        counts[verdict] += 1
        # What stands after the description is of the run.
        name = re.split(r" +(?:OK|SKIP|FAIL|Did not run|\d+ cases|\(run \d)", lines[0])[0]
        put(cases, name, verdict + how)
    said = summary(text, "test_verifier",
                   r"^Summary: (\d+) PASSED, (\d+) SKIPPED, (\d+) FAILED$")
    agree("test_verifier", [counts["OK"], counts["SKIP"], counts["FAIL"]], said)
    if not cases:
        raise Broken("test_verifier ran no case")
    return cases


def judge_case(lines):
    """The verdict of one case, and of a failure what was wrong, without what
    the verifier printed."""
    if re.search(r"(^|\s)FAIL", lines[0]) or any(line.startswith("FAIL") for line in lines[1:]):
        how = lines[1].strip() if len(lines) > 1 else lines[0].partition("FAIL")[2]
        return "FAIL", f" ({how.strip(' :!')})"
    if re.search(r"\sSKIP", lines[0]):
        return "SKIP", ""
    if re.search(r"\sOK( \(NOTE.*\))?$", lines[0]):
        return "OK", ""
    raise Broken(f"test_verifier: no verdict on '{lines[0]}'")


RESULT = re.compile(r"^#(\d+)(?:/(\d+))?\s+(\S.*):(OK|SKIP|FAIL)(?: \(SKIP: \d+/\d+\))?$")
# Tests that need the module are skipped without it, on both kernels alike.
NO_MODULE = re.compile(r"^(?:Can't find bpf_testmod\.ko kernel module|"
                       r"Failed to load bpf_testmod\.ko into the kernel|"
                       r"WARNING! Selftests relying on bpf_testmod\.ko will be skipped).*",
                       re.MULTILINE)
# A check that failed, with where it stands, and the error if it was one; other numbers
# after it may be of descriptors, processes and addresses.
FAILURE = re.compile(r"^\S+:FAIL:(.*?)(?: unexpected error: (-?\d+).*| unexpected .*| actual .*)?"
                     r"(?: [\d.]+ nsec)?$")


def read_test_progs(directory):
    """{test: {"" or subtest: "OK", or with the checks that failed}}"""
    ended(directory, "test_progs", ("0", "1"))
    text = read(directory, "test_progs.log")
    for said in (text, read(directory, "test_progs.err")):
        match = NO_MODULE.search(said)
        if match:
            raise Broken(f"test_progs had no bpf_testmod: {match.group()}")
    # What failed is printed a second time.
    body = re.split(r"^All error logs:$|^Summary: ", text, maxsplit=1, flags=re.MULTILINE)[0]
    tests = {}
    counts = collections.Counter()
    pending = {}
    failed = []
    for line in body.splitlines():
        match = RESULT.match(line)
        if not match:
            check = FAILURE.match(line)
            if check:
                failed.append(" ".join(filter(None, (check.group(1).strip(), check.group(2)))))
            continue
        number, sub, name, verdict = match.groups()
        value = verdict
        if verdict == "FAIL" and failed:
            value += f" ({', '.join(failed)})"
        failed = []
        if sub:
            put(pending.setdefault(number, {}), name.partition("/")[2], value)
            counts["sub" + verdict] += 1
            continue
        results = pending.pop(number, {})
        results[""] = value
        if name in tests:
            raise Broken(f"test_progs ran {name} twice")
        tests[name] = results
        counts[verdict] += 1
    if pending:
        raise Broken("test_progs has subtests of a test without a result")
    passed, subpassed, _, fails = summary(
        text, "test_progs",
        r"^Summary: (\d+)/(\d+) PASSED, (\d+) SKIPPED, (\d+) FAILED$")
    # A test all of whose subtests are skipped is none that failed.
    agree("test_progs", [counts["OK"] + counts["SKIP"], counts["subOK"], counts["FAIL"]],
          [passed, subpassed, fails])
    if not tests:
        raise Broken("test_progs ran no test")
    return tests


def read_veristat(directory):
    """{"file program": (verdict, insns, states)}"""
    ended(directory, "veristat", ("0",))
    results = {}
    # Between its rows it says what it makes of a program that attaches nowhere.
    lines = [line for line in read(directory, "veristat.log").splitlines()
             if not line.startswith("Using guessed program type ")]
    for row in csv.DictReader(lines):
        # It is given some objects at a time, and says each time what it prints.
        if row == {name: name for name in row}:
            continue
        try:
            put(results, f"{row['file_name']} {row['prog_name']}",
                (row["verdict"], int(row["total_insns"]), int(row["total_states"])))
        except (KeyError, TypeError, ValueError) as error:
            raise Broken(f"veristat: a row that is not complete: {row}") from error
    if not results:
        raise Broken("veristat loaded no program")
    return results


class Tap:
    def __init__(self, path):
        self.path = path
        self.lines = []
        self.count = 0

    def result(self, good, name, findings=(), skip=None):
        self.count += 1
        self.lines.append(f"{'ok' if good else 'not ok'} {self.count} {name}"
                          + (f" # SKIP {skip}" if skip else ""))
        self.lines += [f"# {finding}" for finding in findings]

    def write(self):
        with open(self.path, "w") as file:
            file.write("\n".join(["TAP version 13", *self.lines, f"1..{self.count}", ""]))


def difference(unpatched, patched):
    """Lines of what two {name: value} do not have in common."""
    lines = []
    for name in sorted(set(unpatched) | set(patched)):
        old, new = unpatched.get(name), patched.get(name)
        if old != new:
            lines.append(f"{name or 'the test'}: {old or 'no result'} without the series, "
                         f"{new or 'no result'} with it")
    return lines


def both(read_results, unpatched, patched):
    """The results of both, and what is wrong with them."""
    results, broken = [], []
    for where, directory in ((UNPATCHED_NAME, unpatched), (PATCHED_NAME, patched)):
        try:
            results.append(read_results(directory))
        except Broken as error:
            results.append({})
            broken.append(f"{where}: {error}")
    return results[0], results[1], broken


def further(again, kind, read_results):
    """Results of the further runs; one that is broken shows nothing."""
    found = []
    directory = os.path.join(again, kind) if again else ""
    for run in sorted(os.listdir(directory)) if again and os.path.isdir(directory) else ():
        if run.isdigit():
            try:
                found.append(read_results(os.path.join(directory, run)))
            except Broken:
                continue
    return found


def judge(tap, name, unpatched, patched, others):
    """One result: others are those of further runs on either kernel."""
    lines = difference(unpatched, patched)
    if not lines:
        tap.result(True, name)
        return
    if others[UNPATCHED_NAME]:
        seen = [sum(other == wanted for other in others[kind])
                for kind in (UNPATCHED_NAME, PATCHED_NAME) for wanted in (patched, unpatched)]
        lines.append(f"of {len(others[UNPATCHED_NAME])} further runs without the series "
                     f"{seen[0]} were as the one with it and {seen[1]} as before; "
                     f"of {len(others[PATCHED_NAME])} with it {seen[2]} as before "
                     f"and {seen[3]} as the one without")
    tap.result(False, name + ": " + lines[0], lines[1:])


def compare_test_verifier(unpatched, patched, out, again):
    tap = Tap(os.path.join(out, "test_verifier.tap"))
    old, new, broken = both(read_test_verifier, unpatched, patched)
    for line in broken:
        tap.result(False, line)
    if not broken:
        judge(tap, f"test_verifier: {len(old)} cases", old, new,
              {kind: further(again, kind, read_test_verifier)
               for kind in (UNPATCHED_NAME, PATCHED_NAME)})
    tap.write()


def compare_test_progs(unpatched, patched, out, again):
    tap = Tap(os.path.join(out, "test_progs.tap"))
    old, new, broken = both(read_test_progs, unpatched, patched)
    for line in broken:
        tap.result(False, line)
    others = {kind: further(again, kind, read_test_progs)
              for kind in (UNPATCHED_NAME, PATCHED_NAME)}
    for name in sorted(set(old) | set(new)):
        results = max(old.get(name, {}), new.get(name, {}), key=len)
        judge(tap, f"{name}, {len(results) - 1} subtests", old.get(name, {}), new.get(name, {}),
              {kind: [run[name] for run in runs if name in run]
               for kind, runs in others.items()})
    tap.write()


def percent(old, new):
    return 100 * abs(new - old) / old if old else (100 if new else 0)


def compare_veristat(unpatched, patched, out):
    tap = Tap(os.path.join(out, "veristat.tap"))
    old, new, broken = both(read_veristat, unpatched, patched)
    for line in broken:
        tap.result(False, line)
    missing = [f"{name} was not loaded {where}"
               for where, mine, other in (("without the series", old, new),
                                          ("with it", new, old))
               for name in other if name not in mine]
    common = [name for name in old if name in new]
    verdicts = [f"{name}: {old[name][0]} without the series, {new[name][0]} with it"
                for name in common if old[name][0] != new[name][0]]
    far = [f"{name}: {old[name][1]} instructions without the series, {new[name][1]} with it"
           for name in common if percent(old[name][1], new[name][1]) > INSNS_PERCENT]
    near = [f"{name}: {old[name][1]} and {new[name][1]} instructions"
            for name in common if 0 < percent(old[name][1], new[name][1]) <= INSNS_PERCENT]
    states = [f"{name}: {old[name][2]} and {new[name][2]} states"
              for name in common if old[name][2] != new[name][2]]
    totals = [sum(results[name][1] for name in common) for results in (old, new)]
    good = sum(old[name][0] == "success" for name in common)

    def one(findings, name, more=()):
        tap.result(not findings, name + (": " + findings[0] if findings else ""),
                   [*findings[1:], *more])

    if not broken:
        one(missing, f"veristat: both kernels were given the same {len(old)} programs")
        one(verdicts, f"veristat: same verdicts on {len(common)} programs, {good} of them loaded")
        one(far, f"veristat: instructions of each program within {INSNS_PERCENT} %",
            near + states)
        one([] if percent(*totals) <= INSNS_PERCENT else
            [f"{totals[0]} without the series, {totals[1]} with it"],
            f"veristat: instructions of all programs within {INSNS_PERCENT} %, "
            f"{totals[0]} and {totals[1]}")
    tap.write()


def plain(line):
    """A finding in a kernel's log without what differs from boot to boot."""
    line = re.sub(r"^not clean: ", "", line)
    line = re.sub(r"^(<\d+>)?\[ *\d+\.\d+\] ?(\[ *[TC]\d+\] ?)?", "", line.rstrip("\r"))
    line = re.sub(r"\b(CPU|PID|UID)([ :#]+)\d+", r"\1\2N", line)
    line = re.sub(r"\b0x[0-9a-f]+|\b[0-9a-f]{8,}\b", "ADDRESS", line)
    line = re.sub(r"\+ADDRESS/ADDRESS", "", line)
    return re.sub(r"/\d+\b", "/N", line).strip()


def compare_logs(unpatched, patched, out):
    """The selftests provoke warnings; those which the unpatched kernel has not
    are the series' own."""
    tap = Tap(os.path.join(out, "log.tap"))
    try:
        old, new = ([line for name in ("log-scan.txt", "console-scan.txt")
                     for line in read(directory, name).splitlines()
                     if line.startswith("not ")] for directory in (unpatched, patched))
    except Broken as error:
        tap.result(False, f"the kernels' logs: {error}")
    else:
        known = {plain(line) for line in old}
        own = [line for line in new if plain(line) not in known]
        name = f"the log has nothing that the unpatched kernel's has not, {len(known)} findings"
        tap.result(not own, name + (": " + own[0] if own else ""),
                   own[1:] + [f"on both: {line}" for line in sorted(known)])
    tap.write()


def differing(unpatched, patched, needs):
    if "test_verifier" in needs:
        old, new, broken = both(read_test_verifier, unpatched, patched)
        if not broken and old != new:
            yield "test_verifier"
    if "test_progs" in needs:
        old, new, _ = both(read_test_progs, unpatched, patched)
        for name in sorted(set(old) & set(new)):
            if old[name] != new[name]:
                yield name


# How many results are good, by program.
GOOD = {
    "test_verifier": (read_test_verifier, lambda value: value == "OK"),
    "test_progs": (read_test_progs, lambda results: results[""] == "OK"),
    "veristat": (read_veristat, lambda result: result[0] == "success"),
}


def compare_needs(unpatched, out, needs):
    """What fails without the series as well shows nothing of it."""
    tap = Tap(os.path.join(out, "needs.tap"))
    for program, wanted in needs.items():
        read_results, is_good = GOOD[program]
        try:
            good = sum(is_good(value) for value in read_results(unpatched).values())
        except Broken as error:
            tap.result(False, f"{program} without the series: {error}")
            continue
        name = f"{program}: {good} are good without the series"
        tap.result(good >= wanted, name if good >= wanted else f"{name}, of {wanted} at least")
    tap.write()


def without_number(case):
    """A case's name as it stays when others come and go: "p description"."""
    return re.sub(r"^#\d+/", "", case)


def not_good(program, directory):
    """{name: verdict} of what is skipped or failed, subtests among them."""
    found = {}
    if program == "test_verifier":
        for name, value in read_test_verifier(directory).items():
            put(found, without_number(name), value.split(" ")[0])
    elif program == "test_progs":
        for test, results in read_test_progs(directory).items():
            for sub, value in results.items():
                found[f"{test}/{sub}" if sub else test] = value.split(" ")[0]
    return {name: verdict for name, verdict in found.items() if verdict != "OK"}


def read_known(path):
    """{program: {name: verdict}} of a file with lines of PROGRAM, VERDICT, NAME and
    why, by tabs."""
    known = collections.defaultdict(dict)
    try:
        file = open(path)
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}; it says what is not good without the series, and why")
    with file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.rstrip("\n").split("\t")
            if len(words) != 4 or not all(words) or words[1] not in ("FAIL", "SKIP"):
                sys.exit(f"{path}:{number}: it is not PROGRAM, FAIL or SKIP, NAME and why, by tabs")
            if words[2] in known[words[0]]:
                sys.exit(f"{path}:{number}: it says '{words[2]}' a second time")
            known[words[0]][words[2]] = words[1]
    return known


def compare_known(unpatched, out, needs, known):
    """What is not good without the series tells nothing of it, and must be known."""
    tap = Tap(os.path.join(out, "known.tap"))
    for program in needs:
        if program == "veristat":
            continue
        try:
            found = not_good(program, unpatched)
        except Broken as error:
            tap.result(False, f"{program} without the series: {error}")
            continue
        mine = known[program]
        findings = [f"{name}: {found.get(name, 'OK or not there')}, "
                    f"and {mine[name] + ' is known' if name in mine else 'nobody knows why'}"
                    for name in sorted(set(found) | set(mine))
                    if found.get(name) != mine.get(name)]
        name = f"{program}: what is not good without the series is known, {len(mine)} results"
        tap.result(not findings, name + (": " + findings[0] if findings else ""), findings[1:])
    tap.write()


def compare_list(unpatched, out, path):
    """A pattern without a test that is good, or has a subtest that is, shows nothing."""
    tap = Tap(os.path.join(out, "list.tap"))
    with open(path) as file:
        patterns = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    try:
        good = [name for name, results in read_test_progs(unpatched).items()
                if "OK" in results.values()]
    except Broken as error:
        tap.result(False, f"test_progs without the series: {error}")
    else:
        lost = [pattern for pattern in patterns if not fnmatch.filter(good, pattern)]
        name = f"each of {len(patterns)} patterns of test_progs has a test that is good"
        tap.result(not lost, name + (": none of " + ", ".join(lost) if lost else ""))
    tap.write()


def main():
    needs = {}
    files = {}
    paths = []
    for argument in sys.argv[1:]:
        program, equals, value = argument.partition("=")
        if equals and program in GOOD and value.isdigit():
            needs[program] = int(value)
        elif equals and program in ("known", "list"):
            files[program] = value
        else:
            paths.append(argument)
    if needs and paths[:1] == ["--differing"] and len(paths) == 3:
        for name in differing(*paths[1:], needs):
            print(name)
        return
    if not needs or len(paths) not in (3, 4) or paths[0].startswith("-"):
        sys.exit("usage: compare.py UNPATCHED PATCHED OUT [AGAIN] PROGRAM=NUMBER... "
                 "[known=FILE] [list=FILE]\n"
                 "   or: compare.py --differing UNPATCHED PATCHED PROGRAM=NUMBER...")
    unpatched, patched, out = paths[:3]
    again = paths[3] if len(paths) == 4 else None
    compare_needs(unpatched, out, needs)
    if "known" in files:
        compare_known(unpatched, out, needs, read_known(files["known"]))
    if "list" in files and "test_progs" in needs:
        compare_list(unpatched, out, files["list"])
    if "test_verifier" in needs:
        compare_test_verifier(unpatched, patched, out, again)
    if "test_progs" in needs:
        compare_test_progs(unpatched, patched, out, again)
    if "veristat" in needs:
        compare_veristat(unpatched, patched, out)
    compare_logs(unpatched, patched, out)


main()
