# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the checks in this directory; sourced, never run. They run in the
# checkout's own directory, and name files from there.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
cd "$TASKHOLD_ROOT" || exit 1

# Every file of the project: what git tracks and what it would be given, so that
# a new file is checked before it is committed; out of git, as in a release's
# archive, everything but what was built.
project_files() {
	if [[ $(git rev-parse --show-toplevel 2>/dev/null) == "$TASKHOLD_ROOT" ]]; then
		git ls-files --cached --others --exclude-standard --deduplicate |
			while IFS= read -r file; do
				[[ ! -f $file ]] || printf '%s\n' "$file"
			done
	else
		find . \( -path ./out -o -path ./.git \) -prune -o -type f -printf '%P\n'
	fi | LC_ALL=C sort
}

# files REGEX: sets the array "files" to those of the project whose names match;
# no file at all would be a check that checks nothing.
# shellcheck disable=SC2034 # the callers read it
files() {
	mapfile -t files < <(project_files | grep -E "$1")
	((${#files[@]} > 0)) || die "no file of the project matches '$1'"
}

# is_shell FILE: a shell script, by its first line or its suffix.
is_shell() {
	[[ $1 == *.sh ]] || [[ $(head -c 64 "$1" | head -n 1 | tr -d '\0') =~ ^'#!'.*/(ba|da)?sh ]]
}
