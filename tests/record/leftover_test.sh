#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
#
# A command that ends before its children: they are recorded as running, with
# what they have cost so far, and go on.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

mine=$cgroup/left
end_leftover() { [[ ! -e $mine ]] || echo 1 >"$mine/cgroup.kill"; }
at_end+=(end_leftover)
cat >leaves <<'SH'
#!/bin/bash
# usage: leaves CGROUP BURN
mkdir "$1"
(
	echo "$BASHPID" >"$1/cgroup.procs"
	exec "$2" -t 2 300 <orders >said 2>&1
) &
echo $! >pid
exec 5>orders
# each read is a pause: nothing comes, so it fails when its time is over
until grep -qx ready said; do read -rt 0.02 <> <(:) || :; done
echo go >&5
# as above
until grep -qx "done" said; do read -rt 0.02 <> <(:) || :; done
/bin/true &
SH
chmod +x leaves
mkfifo orders

plan 6
# This end keeps the leftover waiting when the command's has gone.
exec 6<>orders
check "record ends when its command does" taskhold record -o data -- ./leaves "$mine" "$workloads/burn"
left=$(<pid)
check "what the command left goes on" kill -0 "$left"
charged_us=$(usage_us "$mine")
report data
check "the recording is complete" holds data 'r["complete"]' \
	'r["recording"]["end"]["why"] == "command"' "t['live'] in (1, 2)"
check "the leftover is in it as running" holds data \
	"[(row['state'], row['exit_code'], row['exit_ns'], row['threads']) for row in rows if row['pid'] == $left] == [('live', None, None, 2)]"
check "with what it has cost so far, as the kernel charged it" \
	charged data "$(path_of "$mine")" "$charged_us" 20000
echo end >&6
gone() { ! kill -0 "$left" 2>/dev/null; }
check "it ends in its own time" await 20 gone
rmdir "$mine"
finish
