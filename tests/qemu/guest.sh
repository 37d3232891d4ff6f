#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# PID 1 of the guest once its root stands. Runs the command, unloads the
# module, looks for what it left behind, judges the kernel's log, and only then
# writes the verdict to its own channel. Not to be run by hand.
set -euo pipefail

# shellcheck source=/dev/null
. /run/taskhold/config
eval "COMMAND=($(</run/taskhold/command))"
here=$PROJECT/tests/qemu
# shellcheck source=tests/qemu/module-state.sh
. "$here/module-state.sh"

export PATH=$PROJECT/out/userspace:$TOOLS:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/tmp LANG=C.UTF-8 TERM=${TERM:-linux}
export TASKHOLD_OUT=$OUT TASKHOLD_GUEST=1 TASKHOLD_ROOT=$PROJECT TASKHOLD_SLOW=$SLOW

mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debugfs /sys/kernel/debug
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
echo taskhold-guest >/proc/sys/kernel/hostname
ip link set lo up
ulimit -n 1048576

read -r verdict_port </run/taskhold/verdict-port
read -r output_port </run/taskhold/output-port
read -r uptime _ </proc/uptime
echo "taskhold-guest: command starts at $uptime" >/dev/kmsg

# What the kernel has lost before is not what is judged.
kmemleak=/sys/kernel/debug/kmemleak
[[ ! -e $kmemleak ]] || echo clear >"$kmemleak"

status=0
cd "$PROJECT"
if [[ $INTERACTIVE == yes ]]; then
	# /dev/console can be nobody's controlling terminal, so ^C would do nothing.
	tty=/dev/$(</sys/class/tty/console/active)
	stty -F "$tty" sane
	[[ -z $TTY_SIZE ]] || stty -F "$tty" rows "${TTY_SIZE% *}" cols "${TTY_SIZE#* }"
	setsid --ctty --wait -- "${COMMAND[@]}" <>"$tty" >&0 2>&1 || status=$?
else
	setsid --wait -- "${COMMAND[@]}" </dev/null >"$output_port" 2>&1 || status=$?
fi

# What the command left running would hold the module, and is no part of what
# is judged. PID 1 is spared by kill.
if kill -KILL -1 2>/dev/null; then
	wait
fi

leaks=none
if ! reason=$(module_unload); then
	leaks=$reason
	echo "taskhold-guest: $reason" >/dev/kmsg
	module_holders >"$OUT/holders.txt" 2>&1
fi

# What it finds is a line of the log. It does not look at what is younger than 5 s,
# which is why it waits, and takes what is just on its way from one place to another
# for lost, which the second scan finds again.
if [[ -e $kmemleak ]]; then
	sleep 6
	echo scan >"$kmemleak"
	echo scan >"$kmemleak"
	cat "$kmemleak" >"$OUT/kmemleak.txt"
fi

dmesg >"$OUT/dmesg.log"
log=clean
"$here/scan-log.sh" --allow "$OUT/log.allow" "$OUT/dmesg.log" >"$OUT/log-scan.txt" 2>&1 || log=dirty
sync

printf 'status=%s\nlog=%s\nleaks=%s\nuptime=%s\nend\n' \
	"$status" "$log" "$leaks" "$uptime" >"$verdict_port"
exec /run/taskhold/busybox poweroff -f
