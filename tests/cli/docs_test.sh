#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
#
# The options that a command's help names are those that docs/cli.md and the
# manual page list for it, none less and none more; and the command takes them.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

docs=$(cd "$(dirname "$0")/../../docs" && pwd -P)

options() {
	grep -oE -- '--[a-z][a-z-]*' | sort -u
}

of_help() {
	taskhold help "$1" | options
}

# The tables of the section of that name; options of every command stand above.
of_markdown() {
	awk -v name="## $1" '$0 == name { on = 1; next } /^## / { on = 0 } on && /^\|/' \
		"$docs/cli.md" | options
}

# The .It lines of the subsection; the options of every command before it.
of_manual() {
	{
		awk -v name=".Ss $1" '$0 == name { on = 1; next } /^\.S[hs]/ { on = 0 }
			on && /^\.It/' "$docs/taskhold.8"
		echo ".It Fl Fl help"
		if [[ $1 != report ]]; then
			echo ".It Fl Fl verbose"
		fi
	} | sed -E 's/Fl Fl /--/g' | options
}

# An option that exists is not what is complained about.
takes() {
	local command=$1 option=$2 said

	said=$(taskhold "$command" "$option" --no-such-option 2>&1) && return 1
	printf '%s\n' "$said"
	! grep -qE -- "no option $option([,;]|$)" <<<"$said"
}

plan 9
for command in record report status; do
	check "$command: docs/cli.md" same "$(of_markdown "$command")" "$(of_help "$command")"
	check "$command: docs/taskhold.8" same "$(of_manual "$command")" "$(of_help "$command")"
	missing=()
	while read -r option; do
		[[ $option == --help ]] || takes "$command" "$option" >/dev/null || missing+=("$option")
	done < <(of_help "$command")
	check "$command: takes what its help names" same "${missing[*]}" ""
done
finish
