#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turn a module's BTF into one that was made on another kernel's.

usage: shift_btf.py FIRST BY <BTF >BTF

FIRST is the number of the module's first type, that is of the first after
those of the kernel. Every reference to a type of the module's own is made
larger by BY: such is the BTF of a module that was built on a kernel that has
so many types more.
"""

import struct
import sys

MAGIC = 0xEB9F
HEADER = struct.Struct("<HBBIIIII")
TYPE = struct.Struct("<III")

# By kind: bytes that follow a type, bytes that follow for each of its members,
# where in the former and in each of the latter a type is referred to, and
# whether the third word of the type itself is such a reference.
INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST = range(1, 11)
RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(11, 20)
LAYOUT = {
    INT: (4, 0, (), (), False),
    PTR: (0, 0, (), (), True),
    ARRAY: (12, 0, (0, 4), (), False),
    STRUCT: (0, 12, (), (4,), False),
    UNION: (0, 12, (), (4,), False),
    ENUM: (0, 8, (), (), False),
    FWD: (0, 0, (), (), False),
    TYPEDEF: (0, 0, (), (), True),
    VOLATILE: (0, 0, (), (), True),
    CONST: (0, 0, (), (), True),
    RESTRICT: (0, 0, (), (), True),
    FUNC: (0, 0, (), (), True),
    FUNC_PROTO: (0, 8, (), (4,), True),
    VAR: (4, 0, (), (), True),
    DATASEC: (0, 12, (), (0,), False),
    FLOAT: (0, 0, (), (), False),
    DECL_TAG: (4, 0, (), (), True),
    TYPE_TAG: (0, 0, (), (), True),
    ENUM64: (0, 12, (), (), False),
}


def shift(data, first, by):
    """Shift the references in data, a bytearray; returns how many."""
    magic, _, _, header, type_off, type_len, _, _ = HEADER.unpack_from(data)
    if magic != MAGIC:
        sys.exit("shift_btf.py: this is no little-endian BTF")
    at = header + type_off
    end = at + type_len
    count = 0

    def refer(where):
        nonlocal count
        number = struct.unpack_from("<I", data, where)[0]
        if number >= first:
            struct.pack_into("<I", data, where, number + by)
            count += 1

    while at < end:
        _, info, _ = TYPE.unpack_from(data, at)
        kind, members = info >> 24 & 0x1F, info & 0xFFFF
        if kind not in LAYOUT:
            sys.exit(f"shift_btf.py: kind {kind} is not known")
        fixed, each, in_fixed, in_each, in_type = LAYOUT[kind]
        if in_type:
            refer(at + 8)
        at += TYPE.size
        for offset in in_fixed:
            refer(at + offset)
        at += fixed
        for _ in range(members if each else 0):
            for offset in in_each:
                refer(at + offset)
            at += each
    return count


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: shift_btf.py FIRST BY <BTF >BTF")
    data = bytearray(sys.stdin.buffer.read())
    if not shift(data, int(sys.argv[1]), int(sys.argv[2])):
        sys.exit("shift_btf.py: no type refers to one of the module's own")
    sys.stdout.buffer.write(data)


if __name__ == "__main__":
    main()
