#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's checkpatch, as for a patch that is sent to its list, over every
# patch of kernel/patches and tools/bpftool, and the form of each series: numbered
# without a gap, named by "series" in that order and by the cover letter with its
# title.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"
require perl perl

checkpatch=$(stock LINUX_SRC)/scripts/checkpatch.pl
[[ -r $checkpatch ]] || die "$checkpatch: not there; 'make out/stock.mk' fetches it"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# title_of PATCH: without the number, on one line
title_of() {
	sed -nE '/^Subject: /,/^[^ ]/ { /^Subject: |^ /p }' "$1" | tr -d '\n' |
		sed -E 's/^Subject: \[PATCH[^]]*\] //; s/$/\n/'
}

# dirs_of PLACE: one for each kernel that there is a series for
dirs_of() {
	project_files | sed -nE "s,^($1/[^/]+)/.*,\1,p" | sort -u
}

dirs=()
for place in kernel/patches tools/bpftool; do
	before=${#dirs[@]}
	mapfile -t -O "$before" dirs < <(dirs_of "$place")
	((${#dirs[@]} > before)) || die "there are no patches in $place"
done
for dir in "${dirs[@]}"; do
	mapfile -t patches < <(project_files | grep -E "^$dir/[0-9]+-.*\.patch\$" | grep -v /0000-)
	cover=$dir/0000-cover-letter.patch
	[[ -r $cover ]] || echo "$cover:1: there is no cover letter"
	if ! cmp -s <(printf '%s\n' "${patches[@]##*/}") "$dir/series"; then
		echo "$dir/series:1: it is not the patches that are there, in their order"
	fi
	number=0
	total=${#patches[@]}
	for patch in "${patches[@]}"; do
		number=$((number + 1))
		# as wide as the last one
		printf -v wanted '[PATCH %0*d/%d]' "${#total}" "$number" "$total"
		grep -qF "Subject: $wanted " "$patch" ||
			echo "$patch:4: its subject does not begin with $wanted"
		grep -q '^Signed-off-by: ' "$patch" || echo "$patch:1: nobody has signed it off"
		# the letter breaks long titles
		if [[ -r $cover ]] && ! tr -s ' \n' ' ' <"$cover" | grep -qF " $(title_of "$patch") "; then
			echo "$cover:1: it does not name '$(title_of "$patch")'"
		fi
		status=0
		# commits of the kernel's that a message names are looked up in its history,
		# which is not here
		(cd "$work" && perl "$checkpatch" --strict --no-tree --terse --no-summary --show-types \
			--ignore UNKNOWN_COMMIT_ID "$TASKHOLD_ROOT/$patch") >"$work/found" || status=$?
		if ((status > 1)) || { ((status == 1)) && [[ ! -s $work/found ]]; }; then
			die "checkpatch ended with status $status on $patch"
		fi
		sed "s|^$TASKHOLD_ROOT/||" "$work/found"
	done
done
