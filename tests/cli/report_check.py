#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks of what `taskhold report` prints, by parsers that are not ours.

usage: report_check.py same JSON CSV	the CSV has the rows of the JSON
       report_check.py doc FIELDS MD	MD has the tables of FIELDS
       report_check.py write FIELDS MD	puts them there

FIELDS is what `taskhold report --fields help --csv` prints.
"""
import csv
import io
import json
import sys


def no_double(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        sys.exit(f"a key comes twice: {keys}")
    return dict(pairs)


def no_float(text):
    sys.exit(f"a number is no integer: {text}")


def read_json(path):
    # Strict: any other encoding, a stray byte or NaN is an error here.
    with open(path, "rb") as file:
        text = file.read().decode("utf-8", errors="strict")
    return json.loads(text, object_pairs_hook=no_double, parse_float=no_float,
                      parse_constant=no_float)


def as_csv(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def same(json_path, csv_path):
    report = read_json(json_path)
    rows = report[{"task": "tasks", "thread": "threads"}.get(report["by"], "groups")]
    with open(csv_path, encoding="utf-8", newline="") as file:
        text = file.read()
    if not text.endswith("\r\n"):
        sys.exit("the CSV does not end with CRLF")
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    if len(lines) != len(rows) + 1:
        sys.exit(f"{len(lines) - 1} rows in CSV, {len(rows)} in JSON")
    for number, row in enumerate(rows):
        if list(row) != lines[0]:
            sys.exit(f"fields differ: {list(row)} in JSON, {lines[0]} in CSV")
        expect = [as_csv(value) for value in row.values()]
        if expect != lines[number + 1]:
            sys.exit(f"row {number} differs:\n{expect} in JSON\n{lines[number + 1]} in CSV")


def tables(fields_path):
    """The Markdown table of each kind of row."""
    made = {}
    with open(fields_path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            head = "| field | unit | meaning |\n|---|---|---|\n"
            made.setdefault(row["by"], head)
            made[row["by"]] += f"| `{row['field']}` | {row['unit']} | {row['meaning']} |\n"
    return made


def with_tables(text, made):
    for by, table in made.items():
        begin, end = f"<!-- fields {by} -->\n", f"<!-- end {by} -->\n"
        if text.count(begin) != 1 or text.count(end) != 1:
            sys.exit(f"no place for the fields of --by {by}: it needs the lines\n{begin}{end}")
        head, rest = text.split(begin)
        text = head + begin + table + rest[rest.index(end):]
    return text


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    what, first, second = sys.argv[1:]
    if what == "same":
        same(first, second)
        return
    with open(second, encoding="utf-8") as file:
        text = file.read()
    new = with_tables(text, tables(first))
    if what == "write":
        with open(second, "w", encoding="utf-8") as file:
            file.write(new)
    elif what != "doc":
        sys.exit(__doc__)
    elif new != text:
        wrong = [line for line in new.splitlines() if line not in text.splitlines()]
        sys.exit("docs/report.md does not say what fields.c does; put right by\n"
                 "  out/userspace/taskhold report --fields help --csv >out/fields.csv\n"
                 "  tests/cli/report_check.py write out/fields.csv docs/report.md\n"
                 "It lacks, or has in another order:\n" + "\n".join(wrong))


main()
