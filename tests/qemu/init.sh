#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# First half of the guest's start, from the initramfs: makes the host's root
# the guest's, read-only under a tmpfs, and hands over to guest.sh in it.
# /config holds what run.sh was told.

# Everything is fatal here: the kernel panics when PID 1 ends, QEMU leaves, and
# run.sh finds no verdict.
set -eu

bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs devtmpfs /dev

# shellcheck source=/dev/null
. /config

while read -r module; do
	$bb insmod "/modules/$module"
done </modules/order

# The host names its ports in messages that come after the device is there, so
# they are waited for, 10 s at most.
port() {
	tries=0
	while [ "$tries" -lt 1000 ]; do
		for p in /sys/class/virtio-ports/*; do
			if [ -e "$p/name" ] && [ "$($bb cat "$p/name")" = "$1" ]; then
				echo "/dev/${p##*/}"
				return
			fi
		done
		$bb usleep 10000
		tries=$((tries + 1))
	done
	echo "init: no virtio-serial port named $1" >/dev/console
	return 1
}

verdict=$(port taskhold.verdict)
if [ "$PROBE" = yes ]; then
	echo 'probe=ok' >"$verdict"
	$bb poweroff -f
fi
output=$(port taskhold.output)

$bb mkdir -p /host /upper /newroot
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose host /host
$bb mount -t tmpfs -o mode=755,size=50% tmpfs /upper
$bb mkdir /upper/data /upper/work
$bb mount -t overlay -o lowerdir=/host,upperdir=/upper/data,workdir=/upper/work overlay /newroot

# A directory that one of the mounts below would hide, as a checkout in /tmp, is
# taken aside first and put back on top.
kept=0
keep() {
	case $1 in
	/tmp/* | /run/* | /dev/shm/*) ;;
	*) return 0 ;;
	esac
	kept=$((kept + 1))
	$bb mkdir -p "/kept/$kept"
	$bb mount -o bind "/newroot$1" "/kept/$kept"
	echo "$1" >"/kept/$kept.name"
}
keep "$PROJECT"
keep "$MODULES"
keep "$CACHE"

$bb mount -o move /proc /newroot/proc
$bb mount -o move /sys /newroot/sys
$bb mount -o move /dev /newroot/dev
$bb mkdir -p /newroot/dev/pts /newroot/dev/shm
$bb ln -s /proc/self/fd /newroot/dev/fd
$bb ln -s /proc/self/fd/0 /newroot/dev/stdin
$bb ln -s /proc/self/fd/1 /newroot/dev/stdout
$bb ln -s /proc/self/fd/2 /newroot/dev/stderr
$bb mount -t devpts -o mode=620,ptmxmode=666 devpts /newroot/dev/pts
$bb mount -t tmpfs -o mode=1777 tmpfs /newroot/dev/shm
$bb mount -t tmpfs -o mode=1777 tmpfs /newroot/tmp
$bb mount -t tmpfs -o mode=755 tmpfs /newroot/run

while [ "$kept" -gt 0 ]; do
	name=$($bb cat "/kept/$kept.name")
	$bb mkdir -p "/newroot$name"
	$bb mount -o move "/kept/$kept" "/newroot$name"
	kept=$((kept - 1))
done

$bb mkdir -p "/newroot$OUT"
$bb mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=mmap,access=any out "/newroot$OUT"

$bb mkdir -p "/newroot/lib/modules/$KVER"
$bb mount -o bind "/newroot$MODULES" "/newroot/lib/modules/$KVER"

$bb mkdir /newroot/run/taskhold
$bb cp $bb /config /command /newroot/run/taskhold/
echo "$verdict" >/newroot/run/taskhold/verdict-port
echo "$output" >/newroot/run/taskhold/output-port

exec $bb switch_root /newroot /bin/bash "$PROJECT/tests/qemu/guest.sh"
