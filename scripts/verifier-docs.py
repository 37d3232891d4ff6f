#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Holds the table of docs/verifier.md against the tests: what a test shows it says
# in its head, "rows: A7, B3", and the last column says the same. A capability that
# no test can show has "none: REASON" there. Which kernels have it is held against what
# `taskhold status --features` tries, and the answers that its test expects of both.
# usage: verifier-docs.py [--write]	--write puts into the last column what the
#					heads say; what is wrong then is printed
"""Checks, or writes, which tests show which capability of the verifier's."""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOC = "docs/verifier.md"

# How many capabilities each letter has.
SECTIONS = {"A": 15, "B": 9, "C": 5, "D": 5, "E": 12, "F": 6, "G": 4, "H": 20, "S": 8}
NUMBERS = [f"{letter}{i}" for letter, last in SECTIONS.items() for i in range(1, last + 1)]

# | number | capability | what it does | kernel | test |
ROW = re.compile(r"\| *([A-Z]+\d*) *\|(.*)\| *([^|]*?) *\|$")
NONE = re.compile(r"none: \S")

# Prints "file, tab, what is said" for each "rows:" in a head, and a bare "file, tab"
# for each test without one.
HEADS = """
. tests/head.sh
for source in tests/*/*_test.c tests/*/*_test.sh; do
	[[ -e $source ]] || continue
	rows=$(directive "$source" rows)
	printf '%s\\t%s\\n' "$source" "${rows//$'\\n'/, }"
done
"""


def test_of(source):
    """The name that a test is called by: verifier/kptr_get."""
    return re.sub(r"^tests/(.*)_test\.(c|sh)$", r"\1", source)


def read_heads():
    """Returns (number -> tests, findings) from the heads of all tests."""
    said = subprocess.run(["bash", "-euo", "pipefail", "-c", HEADS], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    shown, findings = collections.defaultdict(list), []
    for line in said.splitlines():
        source, rows = line.split("\t")
        if not rows and source.startswith("tests/verifier/"):
            findings.append(f"{source}:1: its head does not say which rows of {DOC} it shows")
        numbers = [number.strip() for number in rows.split(",")] if rows else []
        for number in numbers:
            if number not in NUMBERS:
                findings.append(f"{source}:1: rows: there is no capability '{number}'")
            elif numbers.count(number) > 1:
                findings.append(f"{source}:1: rows: it says {number} twice")
            else:
                shown[number].append(test_of(source))
    return shown, findings


# Of a feature: "name", "what it is", "A10 D4" and "name", WHOSE, 'Y', 'N'.
PROBE = re.compile(r'^\t\{ "(\w+)", "[^"]*", "([A-Z0-9 ]+)"', re.MULTILINE)
ANSWER = re.compile(r"^\t\{ \"(\w+)\", [A-Z]+, '([YNT])', '([YNT])'", re.MULTILINE)


def read_features():
    """Returns (number -> kernels that have a feature of it, findings): "stock" ones, or
    "patched" ones alone."""
    kernels, findings = collections.defaultdict(set), []
    answers = {name: (stock, patched) for name, stock, patched in
               ANSWER.findall((ROOT / "tests/cli/features_test.c").read_text())}
    for name, numbers in PROBE.findall((ROOT / "userspace/feature.c").read_text()):
        if name not in answers:
            findings.append(f"tests/cli/features_test.c:1: it expects no answer of {name}")
            continue
        for number in numbers.split():
            if answers[name][0] == "Y":
                kernels[number].add("stock")
            elif answers[name] == ("N", "Y"):
                kernels[number].add("patched")
    if not kernels:
        findings.append("userspace/feature.c:1: it has no feature with a number")
    return kernels, findings


def check_kernel(number, cell, kernels):
    """Yields what is wrong with the column that says which kernels have it."""
    for kernel in sorted(kernels):
        if not re.search(rf"\b{kernel}\b", cell):
            yield f"{number} does not say '{kernel}', where a feature of it is"
    if kernels == {"patched"} and not cell.startswith("patched"):
        yield f"{number} does not begin with 'patched', as its features do not work elsewhere"


def column(tests):
    """The last column of a row."""
    return ", ".join(f"`{test}`" for test in sorted(tests))


def check_row(number, has, shown):
    """Yields what is wrong with the last column of a row."""
    for test in re.findall(r"`([^`]+)`", "" if NONE.match(has) else has):
        if not any((ROOT / f"tests/{test}_test.{suffix}").exists() for suffix in ("c", "sh")):
            yield f"{number} names a test that is not there: {test}"
    if not shown[number] and not NONE.match(has):
        yield f"no test's head says {number}: name it there, or say 'none: REASON' here"
    elif shown[number] and has != column(shown[number]):
        yield (f"{number} has '{has}', and the heads of the tests say "
               f"'{column(shown[number])}': run scripts/verifier-docs.py --write")


def main():
    """Checks the table, and writes it first where that is asked for."""
    if sys.argv[1:] not in ([], ["--write"]):
        sys.exit("usage: verifier-docs.py [--write]")
    path = ROOT / DOC
    shown, findings = read_heads()
    kernels, more = read_features()
    findings += more
    lines = path.read_text().split("\n")
    seen = []
    for i, line in enumerate(lines):
        row = ROW.match(line)
        if not row:
            continue
        number, middle, has = row.groups()
        where = f"{DOC}:{i + 1}:"
        if number not in NUMBERS:
            findings.append(f"{where} there is no capability '{number}'")
            continue
        if number in seen:
            findings.append(f"{where} a second row {number}")
        elif seen and NUMBERS.index(number) < NUMBERS.index(seen[-1]):
            findings.append(f"{where} {number} stands behind {seen[-1]}")
        seen.append(number)
        cells = [cell.strip() for cell in middle.split("|")]
        if len(cells) != 3 or not all(cells):
            findings.append(f"{where} {number} does not say its name, what it does, and where")
        findings.extend(f"{where} {text}" for text in
                        check_kernel(number, cells[-1], kernels[number]))
        if sys.argv[1:] and shown[number]:
            has = column(shown[number])
            lines[i] = f"| {number} |{middle}| {has} |"
        findings.extend(f"{where} {text}" for text in check_row(number, has, shown))
    findings.extend(f"{DOC}:1: there is no row {number}" for number in NUMBERS
                    if number not in seen)
    if sys.argv[1:]:
        path.write_text("\n".join(lines))
    for finding in findings:
        print(finding)


main()
