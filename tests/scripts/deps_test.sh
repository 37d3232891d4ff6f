#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# where: host
#
# What scripts/deps.sh says while apt works, which has much to say itself. Runs a
# copy of it with commands of the test's own in apt's and dpkg's places.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/tree/scripts" "$work/bin"
cp "$scripts"/{lib,deps}.sh "$work/tree/scripts/"
export FAKE=$work

# command_is NAME: its script is standard input.
command_is() {
	{
		echo '#!/bin/bash'
		cat
	} >"$work/bin/$1"
	chmod 755 "$work/bin/$1"
}
command_is sudo <<'SCRIPT'
shift
exec "$@"
SCRIPT
command_is dpkg-query <<'SCRIPT'
for p in "${@:4}"; do
	if grep -qxF "$p" "$FAKE/missing"; then
		echo "dpkg-query: no packages found matching $p" >&2
	else
		echo "$p installed"
	fi
done
SCRIPT
command_is apt-cache <<'SCRIPT'
! grep -qxF "${@: -1}" "$FAKE/unknown" && echo "Package: ${*: -1}"
SCRIPT
command_is apt-get <<'SCRIPT'
echo "$*" >>"$FAKE/calls"
if [[ $* == *update* && ! -e $FAKE/nothing-new ]]; then
	truncate -s 0 "$FAKE/unknown"
fi
for i in {1..900}; do
	echo "line $i"
done
if [[ -e $FAKE/broken ]]; then
	echo "E: no space left"
	exit 100
fi
SCRIPT

# deps MISSING UNKNOWN: runs it, with these packages in such a state.
deps() {
	local status=0

	printf '%s\n' "$1" >"$work/missing"
	printf '%s\n' "$2" >"$work/unknown"
	rm -rf "$work/tree/out" "$work/calls"
	PATH=$work/bin:$PATH "$work/tree/scripts/deps.sh" >"$work/said" 2>&1 || status=$?
	cat "$work/said"
	return "$status"
}
said_lines() {
	same "$(wc -l <"$work/said")" "$1"
}

plan 12
check "nothing is missing" deps "" ""
check "then it says nothing" said_lines 0
check "two packages are missing" deps $'kmod\nsparse' ""
check "it says so in one line" same "$(<"$work/said")" \
	"deps.sh: installing kmod sparse; what apt says goes to out/apt-install.log"
check "what apt said is in a file" grep -qx "line 900" "$work/tree/out/apt-install.log"
check "a package that apt does not know yet" deps sparse sparse
check "is said, and what it installs then" said_lines 2
check "after an update of its lists" same "$(cut -d ' ' -f 2 "$work/calls" | paste -sd ' ')" "update install"

touch "$work/nothing-new"
check "a package that apt has not" fails_with "apt has no package sparse" deps sparse sparse
rm "$work/nothing-new"

touch "$work/broken"
check "apt fails: the end of what it said is shown" fails_with "E: no space left" deps sparse ""
check "and where the rest is" grep -q "out/apt-install.log" "$work/said"
check "but not all of it" same "$(grep -c '^line ' "$work/said")" 19
finish
