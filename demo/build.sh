#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What `make demo` records: libbpf of the kernel's source, built the usual way,
# each step in a cgroup of its own. Those of the short steps are removed as soon
# as the step is over, as a container's is, so what they cost can be known from
# the recording alone; what the kernel charged to each cgroup goes to WITNESS
# first, for demo/check.py.
#
# usage: build.sh SOURCE OBJECTS WITNESS
set -euo pipefail

source=$1 objects=$2 witness=$3
here=$(cd "$(dirname "$0")" && pwd -P)
top=/sys/fs/cgroup/demo

# step NAME COMMAND...: in the cgroup of this name.
step() {
	local cgroup=$top/$1
	shift

	mkdir -p "$cgroup"
	(
		echo "$BASHPID" >"$cgroup/cgroup.procs"
		exec "$@"
	)
}

# charged NAME: path and CPU time in microseconds, as the kernel has it. Nothing
# runs in it any more.
charged() {
	printf '/demo/%s %s\n' "$1" "$(sed -n 's/^usage_usec //p' "$top/$1/cpu.stat")" >>"$witness"
}

gone() {
	charged "$1"
	rmdir "$top/$1"
}

library=(make -C "$source/tools/lib/bpf" OUTPUT="$objects/" DESTDIR="$objects/install" prefix=)

mkdir -p "$top" "$objects"

echo "== headers"
step headers "${library[@]}" -s install_headers
gone headers

echo "== compile"
step compile "${library[@]}" -s -j2 "$objects/libbpf.a"
charged compile

# One cgroup for each object: made, used by one process, removed.
echo "== checksums"
for object in "$objects"/staticobjs/*.o; do
	name=checksum-$(basename "$object" .o)
	step "$name" sha256sum "$object" >>"$objects/checksums"
	gone "$name"
done

echo "== try"
step try gcc -O2 -I"$objects/install/include" -o "$objects/version" \
	"$here/version.c" "$objects/libbpf.a" -lelf -lz
step try "$objects/version"
gone try
