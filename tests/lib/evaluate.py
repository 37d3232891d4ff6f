# SPDX-License-Identifier: GPL-2.0-only
"""Expressions about JSON, for tests/lib/json.sh: one interpreter for all of a script.

A question is three texts on standard input, each with a NUL behind it: the number of who
asks, the JSON, and the expression, in which r is that. The answer on standard
output is the number, "ok" or "failed", and what the value is as text, or what went wrong.
"""
import json
import os
import traceback


def main():
    text = b""
    while True:
        more = os.read(0, 65536)
        if not more:
            # at once: who asked has ended, and its test is looked after for what it left
            os._exit(0)
        text += more
        while text.count(b"\0") >= 3:
            asker, data, expression, text = text.split(b"\0", 3)
            try:
                names = {"r": json.loads(data)}
                said, state = str(eval("(" + expression.decode() + ")", names)), b"ok"
            except Exception:
                said, state = traceback.format_exc(), b"failed"
            # whatever it is, it has to arrive as one text
            said = said.encode(errors="backslashreplace").replace(b"\0", b"\\0")
            answer = b"%s\0%s\0%s\0" % (asker, state, said)
            while answer:
                answer = answer[os.write(1, answer):]


main()
