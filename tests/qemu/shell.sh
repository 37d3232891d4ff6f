#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "make shell" runs in the guest.
set -euo pipefail

modprobe taskhold
cat <<EOF
taskhold.ko is loaded, taskhold and bpftool are in PATH. Changes to files are
gone when the shell ends, but for those in $TASKHOLD_OUT.
^D powers off, ^A x kills the guest, ^A h lists what else there is.
EOF
exec /bin/bash --norc -i
