#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Refuses a module whose BTF would make its registrations fail in silence: the
# kernel answers 0 to register_btf_kfunc_id_set() and to the others when the
# module's BTF is unusable. Likewise one that the kernel would give new numbers,
# as the module's own tables would not follow. usage: btf-gate.sh MODULE.ko [BUILD-LOG]
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

(($# == 1 || $# == 2)) || die "usage: btf-gate.sh MODULE.ko [BUILD-LOG]"
ko=$1 log=${2:-}
require readelf binutils
require objcopy binutils
[[ -r $ko ]] || die "$ko: cannot be read"

problems=()

sections=$(readelf -SW "$ko") || die "$ko: not an ELF file"

if [[ -n $log ]]; then
	[[ -r $log ]] || die "$log: cannot be read"
	while IFS= read -r line; do
		problems+=("the build said: $line")
	done < <(grep -E 'Skipping BTF generation|unresolved symbol|resolve_btfids: |pahole: .*(not found|[Ee]rror)|FAILED( load)? BTF|btf_encoder__encode: .*failed' "$log")
fi

if ! grep -qE ' \.BTF +PROGBITS +[0-9a-f]+ [0-9a-f]+ 0*[1-9a-f]' <<<"$sections"; then
	problems+=("it has no .BTF section; is pahole (package dwarves) installed, and was the kernel built with CONFIG_DEBUG_INFO_BTF_MODULES=y?")
fi

if grep -q ' \.BTF\.base ' <<<"$sections"; then
	problems+=("it has a .BTF.base section: the kernel would give its types other numbers than those in .BTF_ids, which the filter of its kfuncs goes by; build it with scripts/kbuild.sh, or with MODULE_PAHOLE_FLAGS= RESOLVE_BTFIDS_FLAGS= for make")
fi

if grep -q ' \.BTF_ids ' <<<"$sections"; then
	ids=$(mktemp)
	trap 'rm -f "$ids"' EXIT
	# Each id is named by a symbol at its place, __BTF_ID__<kind>__<name>__<n>;
	# sets are named too, and what stands at their place is a length.
	objcopy -O binary --only-section=.BTF_ids "$ko" "$ids"
	index=$(grep -E ' \.BTF_ids ' <<<"$sections" | sed -nE 's/^ *\[ *([0-9]+)\].*/\1/p')
	while read -r name offset; do
		id=$(od -An -tu4 -j "$((16#$offset))" -N4 "$ids" | tr -d ' ')
		[[ $id != 0 ]] ||
			problems+=("${name#__BTF_ID__} has id 0 in .BTF_ids: its type is not in the BTF")
	done < <(readelf -sW "$ko" |
		 awk -v section="$index" '$7 == section && $8 ~ /^__BTF_ID__/ &&
			$8 !~ /^__BTF_ID__set8?__/ { print $8, $2 }')
else
	problems+=("it has no .BTF_ids section, so it registers no kfunc")
fi

if ((${#problems[@]} > 0)); then
	{
		printf '%s: %s cannot be used:\n' "${0##*/}" "$ko"
		printf '\t%s\n' "${problems[@]}"
	} >&2
	exit 1
fi
