#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module: none
# timeout: 120
#
# The options that a command's help names are those that docs/cli.md and the
# manual page list for it, none less and none more; and the command takes them.
# So it is with the features that status asks for, and their capabilities.
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

# name, capabilities, needs; what stands in the table of docs/cli.md, and what is said.
features_of_markdown() {
	awk -F ' *[|] *' '$0 == "| feature | what | capability | needs |" { on = 1; next }
		!/^[|]/ { on = 0 }
		on && $2 != "---" { gsub(/`/, ""); print $2 ": " $4 "; " $5 }' "$docs/cli.md"
}

features_said() {
	# without capabilities nothing is tried, which takes its time
	{ setpriv --inh-caps -all --bounding-set -all taskhold status --features --json 2>/dev/null ||
		(($? == 3)); } | python3 -c '
import json, sys
for f in json.load(sys.stdin)["features"]:
    print(f["name"] + ": " + ", ".join(f["capabilities"]) + "; " + (f["needs"] or ""))'
}

# Of what is said, the numbers that are in no first column of a table of docs/verifier.md.
not_in_verifier() {
	local rows number

	rows=$(sed -nE 's/^[|] ([A-H][0-9]*(, [A-H][0-9]+)*) [|].*/, \1,/p' "$docs/verifier.md")
	while read -r number; do
		grep -qF ", $number," <<<"$rows" || echo "$number"
	done < <(sed -E 's/.*: (.*);.*/\1/; s/, /\n/g' <<<"$1" | sort -u)
}

plan 16
for command in policy record report status; do
	check "$command: docs/cli.md" same "$(of_markdown "$command")" "$(of_help "$command")"
	check "$command: docs/taskhold.8" same "$(of_manual "$command")" "$(of_help "$command")"
	missing=()
	while read -r option; do
		[[ $option == --help ]] || takes "$command" "$option" >/dev/null || missing+=("$option")
	done < <(of_help "$command")
	check "$command: takes what its help names" same "${missing[*]}" ""
done

installed() {
	taskhold status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["module"]["installed"])'
}
check "status tells of a loaded module whether it is installed too" same "$(installed)" True
said=$(features_said)
check "features: there are some" grep -q '^kptr_ref: B3, E1; $' <<<"$said"
check "features: docs/cli.md" same "$(features_of_markdown)" "$said"
check "features: docs/verifier.md has their capabilities" same "$(not_in_verifier "$said")" ""
finish
