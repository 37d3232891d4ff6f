#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "make shell" runs in the guest: a shell, or the command that it is given.
# usage: shell.sh [COMMAND]
set -euo pipefail

# the one that knows the module's types
export PATH=$TASKHOLD_ROOT/out/bpftool:$PATH
modprobe taskhold
(($# == 0)) || exec /bin/bash -c "$1"
cat <<EOF
taskhold.ko is loaded, taskhold and the bpftool of "make bpftool" are in PATH, policies
in out/bpf. Changes to files are gone when the shell ends, but for those in
$TASKHOLD_OUT.
^D powers off, ^A x kills the guest, ^A h lists what else there is.
EOF
exec /bin/bash --norc -i
