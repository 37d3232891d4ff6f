#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 90
#
# On a terminal a line of progress is shown, and ^C is the command's, once; on
# anything else nothing is said.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

# on_terminal.py WAIT_FOR INPUT COMMAND...: runs it on a terminal of its own,
# types INPUT once WAIT_FOR was shown, prints all that was shown, ends as it.
cat >on_terminal.py <<'PY'
import os, pty, select, sys, time
wait_for, typed, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown, end = b"", time.monotonic() + 30 * int(os.environ.get("TASKHOLD_SLOW") or 1)
while time.monotonic() < end:
    if select.select([fd], [], [], 1)[0]:
        try:
            got = os.read(fd, 4096)
        except OSError:
            got = b""
        if not got:
            break
        shown += got
    if typed and wait_for in shown:
        os.write(fd, typed)
        typed = b""
else:
    os.kill(pid, 9)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY

plan 10
status=0
python3 on_terminal.py ready $'\003' taskhold record -o tty -- "$workloads/signals" tty.log 4 >shown || status=$?
check "on a terminal record ends as its command" same "$status" 4
check "^C reaches the command once" same "$(<tty.log)" INT
check "there is a line of progress" \
	grep -qE 'held [0-9]+, finished [0-9]+, folded 0, lost 0, CPU [0-9.]+ s' shown
check "and it is wiped in the end" \
	same "$(tail -c 4 shown | od -An -tx1 | tr -d ' ')" 0d1b5b4b
report tty
check "the recording is complete" holds tty 'r["complete"]'

python3 on_terminal.py x '' taskhold record --threads -o threads -- "$workloads/burn" -n -t 3 1500 >shown
check "with --threads it has them in brackets" \
	grep -qE 'processes \(threads\): held 1 \(2\), finished 0 \(0\), folded 0 \(0\), lost 0, CPU' shown

status=0
python3 on_terminal.py x '' taskhold record -q -o quiet -- sleep 1.5 >shown || status=$?
check "-q says nothing on a terminal" same "$status,$(<shown)" "0,"

taskhold record -o file -- sleep 1.5 >out 2>err
check "nothing is said on what is no terminal" same "$(cat out err)" ""
# That it failed shows in what it said.
python3 on_terminal.py x '' taskhold record -o - >shown || :
check "a recording is not written to a terminal" \
	grep -q "standard output is a terminal; give a file or a pipe" shown
check "nothing holds the module afterwards" no_policy
finish
