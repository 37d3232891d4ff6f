#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# where: host
# shellcheck disable=SC2016 # what stands in quotes is to stay as it is
#
# What "make shell CMD=..." gives the guest's shell is what it was given. Runs a copy of
# the makefiles, with a runner that shows its arguments, a line each.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work"/{out,tests/qemu}
(cd "$root" && cp -r --parents Makefile mk "$work/")
echo 'STOCK_KVER := 6.12' >"$work/out/stock.mk"
printf '#!/bin/bash\nprintf "<%%s>\\n" "$@"\n' >"$work/tests/qemu/run.sh"
chmod 755 "$work/tests/qemu/run.sh"
# those of who runs this test
unset MAKEFLAGS CMD TASKHOLD_CMD
export TASKHOLD_STOCK_IS_FRESH=1

# gives TEXT ARGUMENT...: make shell with these ends the runner's arguments with the text.
gives() {
	local text=$1 all
	shift

	all=$(make --no-print-directory -C "$work" -o out/dkms/stamp -o userspace \
		-o out/bpftool/bpftool shell "$@")
	same "${all: -${#text}}" "$text"
}
# is_kept COMMAND
is_kept() {
	gives "<-->
<tests/qemu/shell.sh>
<$1>" "CMD=$1"
}

plan 8
check "a command" is_kept 'taskhold status'
check "quotes and backslashes" is_kept "echo 'a b' \"c\" \\d # e"
check "what a shell expands, and make must not" is_kept '$(id)'
check "and dollar signs" is_kept '$HOME $$ $((1 + 1))'
check "several lines" is_kept $'set -e\ntrue\n\techo "$1"'
check "brackets that do not pair" is_kept 'printf "$(printf "(")"'
# a prerequisite's script may call make, which has no use for it
printf '#!/bin/bash\nprintf "all: ; @echo made\\n" | make -s -f -\n' >"$work/tests/qemu/run.sh"
check "no make that is called expands it" gives made 'CMD=echo $('
printf '#!/bin/bash\nprintf "<%%s>\n" "$@"\n' >"$work/tests/qemu/run.sh"
check "no command is a shell" gives '<--interactive>'
finish
