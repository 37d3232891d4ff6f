#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Writes docs/interface.md from what stands with the code: the kernel-doc of the
# kfuncs and their flags in module/kfuncs/, the comments of struct taskhold_ops
# in include/taskhold/ops.h. "make check-style" compares the two.
# usage: interface-docs.py >docs/interface.md
"""The reference of kfuncs and of struct taskhold_ops, as Markdown."""

import contextlib
import io
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "module/kfuncs/register.c"
OPS = ROOT / "include/taskhold/ops.h"

# What a flag of the table means to who writes a program.
FLAGS = {
    "KF_ACQUIRE": "returns a reference, which the program must release or put into a map",
    "KF_RELEASE": "takes a reference of the program's own, which is gone afterwards",
    "KF_RET_NULL": "may return NULL, which the program must check",
    "KF_TRUSTED_ARGS": "takes trusted pointers: arguments of the program, references, "
                       "or what is read from them under RCU where the kernel says so",
    "KF_OWNED_ARGS": "takes nothing but references of the program's own",
    "KF_KPTR_GET": "takes the address of a referenced kptr in a map value first",
    "KF_RCU": "takes trusted pointers, and those read under RCU",
    "KF_SLEEPABLE": "only for programs that may sleep",
    "KF_RCU_PROTECTED": "only under RCU: a program that may sleep calls bpf_rcu_read_lock() first",
    "KF_ITER_NEW": "begins an iteration, see bpf_for_each()",
    "KF_ITER_NEXT": "goes on with one",
    "KF_ITER_DESTROY": "ends one",
}


def fail(text):
    """Ends with a message."""
    sys.exit(f"{pathlib.Path(__file__).name}: {text}")


def code(text):
    """Marks what is code: @arguments, functions, constants."""
    text = re.sub(r"  +", " ", text)
    text = re.sub(r"@([a-z_]+)", r"`\1`", text)
    text = re.sub(r"(?<![`\w.])([a-z_][a-z_0-9]*(?:\.[a-z_]+)?\(\))", r"`\1`", text)
    text = re.sub(r"(?<![`\w])((?:-E|TASKHOLD_|BPF_|KF_|U64_)[A-Z_0-9]+)", r"`\1`", text)
    return re.sub(r"(?<![`\w])(struct taskhold_[a-z_]+|enum taskhold_[a-z_]+)", r"`\1`", text)


def blocks(source):
    """Yields (text, what follows) of each kernel-doc block."""
    for match in re.finditer(r"^[ \t]*/\*\*(.*?)\*/\n(.*?)(?=^[ \t]*/\*\*|\Z)", source, re.S | re.M):
        lines = [re.sub(r"^[ \t]*\* ?", "", line) for line in match.group(1).strip("\n").split("\n")]
        yield "\n".join(lines).strip(), match.group(2)


def parse(text):
    """Splits a block: (first line, {argument: text}, [paragraph], {section: text})."""
    first, args, paragraphs, sections = [], {}, [], {}
    target = first
    for line in text.split("\n"):
        argument = re.match(r"@(\w+):\s*(.*)", line)
        section = re.match(r"(Return|Context):\s*(.*)", line)
        if argument:
            target = args.setdefault(argument.group(1), [])
            target.append(argument.group(2))
        elif section:
            target = sections.setdefault(section.group(1), [])
            target.append(section.group(2))
        elif not line.strip():
            target = None
        else:
            if target is None:
                target = []
                paragraphs.append(target)
            target.append(line.strip())

    def join(words):
        return code(" ".join(words))

    return (join(first), {k: join(v) for k, v in args.items()},
            [join(p) for p in paragraphs], {k: join(v) for k, v in sections.items()})


def print_text(args, paragraphs):
    """Prints what stands between the first line of a block and its sections."""
    for argument, meaning in args.items():
        print(f"- `{argument}`: {meaning}")
    for paragraph in paragraphs:
        print(f"\n{paragraph}")


def kfuncs():
    """Prints the kfuncs, in the order of the table."""
    docs = {}
    for path in sorted(TABLE.parent.glob("*.c")):
        for text, rest in blocks(path.read_text()):
            head = re.match(r"(\w+) - (.*)", text, re.S)
            proto = re.match(r"(?:__bpf_kfunc )?([^;{]*?\))\s*\{", rest, re.S)
            if head and proto:
                docs[head.group(1)] = (head.group(2), " ".join(proto.group(1).split()))
    found = re.findall(r"^BTF_ID_FLAGS\(func, (\w+)(?:, ([A-Z_ |]+))?\)", TABLE.read_text(), re.M)
    if not found:
        fail(f"{TABLE}: no kfunc in its table")
    for name, flags in found:
        if name not in docs:
            fail(f"{name}() has no kernel-doc in {TABLE.parent}")
        text, proto = docs[name]
        first, args, paragraphs, sections = parse(text)
        print(f"### `{name}()`\n\n    {proto};\n\n{first[:1].upper()}{first[1:]}"
              f"{'' if first.endswith('?') else '.'}\n")
        print_text(args, paragraphs)
        if "Context" in sections:
            print(f"\nContext: {sections['Context']}")
        if "Return" in sections:
            print(f"\nReturns {sections['Return'][:1]}{sections['Return'][1:]}")
        if flags:
            said = []
            for flag in flags.split(" | "):
                if flag not in FLAGS:
                    fail(f"{name}(): say in FLAGS what {flag} means")
                said.append(f"`{flag}` ({FLAGS[flag]})")
            print(f"\nThe verifier: {'; '.join(said)}.")
        print()


def ops():
    """Prints the members of struct taskhold_ops."""
    source = OPS.read_text()
    start = source.index("struct taskhold_ops {")
    body = source[start:source.index("\n};", start)]
    count = 0
    for text, rest in blocks(body):
        member = re.match(r"\s*([^;]*;)", rest)
        name = re.match(r"@(\w+): *", text)
        if not member or not name:
            fail(f"{OPS}: a comment without a member, or without its name: {text[:40]}")
        first, args, paragraphs, sections = parse(text[name.end():])
        print(f"### `{name.group(1)}`\n\n    {' '.join(member.group(1).split())}\n\n"
              f"{first[:1].upper()}{first[1:]}\n")
        print_text(args, paragraphs)
        if "Return" in sections:
            print(f"\nReturns {sections['Return']}")
        print()
        count += 1
    if not count:
        fail(f"{OPS}: no member of struct taskhold_ops")


def main():
    """Prints the document."""
    intro = re.search(r"/\*\n \* struct taskhold_ops: (.*?)\*/", OPS.read_text(), re.S)
    if not intro:
        fail(f"{OPS}: no comment that begins with 'struct taskhold_ops:'")
    paragraphs = [" ".join(re.sub(r"^ \* ?", "", line) for line in part.split("\n")).strip()
                  for part in re.split(r"\n \*\n", intro.group(1))]
    print("<!-- SPDX-License-Identifier: GPL-2.0-only -->\n"
          "<!-- Written by scripts/interface-docs.py; change the comments in the code. -->\n"
          "# The interface for BPF programs\n\n"
          "The headers are `taskhold.bpf.h`, which includes the others, `kfuncs.h`, `ops.h` and\n"
          "`types.h`; structs and limits are described in the last.\n\n"
          "## struct taskhold_ops\n")
    paragraphs[0] = paragraphs[0][:1].upper() + paragraphs[0][1:]
    for paragraph in paragraphs:
        print(code(paragraph) + "\n")
    ops()
    print("## kfuncs\n")
    kfuncs()


with contextlib.redirect_stdout(io.StringIO()) as document:
    main()
print(re.sub(r"\n{3,}", "\n\n", document.getvalue()).rstrip("\n"))
