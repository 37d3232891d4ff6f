#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the module registers, what include/ declares and what docs/ describes are
# the same: every kfunc of the table, every member of struct taskhold_ops. Where
# docs/interface.md is behind: scripts/interface-docs.py >docs/interface.md
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"

table=module/kfuncs/register.c
header=include/taskhold/kfuncs.h
ops=include/taskhold/ops.h
stubs=module/struct_ops/taskhold_ops.c

registered=$(sed -nE 's/^BTF_ID_FLAGS\(func, ([a-z0-9_]+).*/\1/p' "$table" | sort)
declared=$(tr '\n' ' ' <"$header" | grep -oE 'extern [^(;]*[ *][a-z0-9_]+\(' |
	sed -E 's/.*[ *]([a-z0-9_]+)\($/\1/' | sort)
[[ -n $registered ]] || die "$table: no BTF_ID_FLAGS(func, ...) in it"
[[ -n $declared ]] || die "$header: no extern prototype in it"
comm -23 <(echo "$registered") <(echo "$declared") |
	sed "s|.*|$table:1: &() is registered and $header does not declare it|"
comm -13 <(echo "$registered") <(echo "$declared") |
	sed "s|.*|$header:1: &() is declared and $table does not register it|"

members=$(awk '
	/^struct taskhold_ops \{/ { inside = 1; next }
	/^\};/ { inside = 0 }
	!inside || /^\t(\/\*|\t? \*)/ { next }
	match($0, /\(\*[a-z_]+\)/) { print substr($0, RSTART + 2, RLENGTH - 3); next }
	/;$/ { sub(/(\[.*)?;$/, ""); print $NF }
' "$ops")
[[ -n $members ]] || die "$ops: no member of struct taskhold_ops found"

for name in $members; do
	grep -qE "(offsetof\(struct taskhold_ops, $name\)|\.$name = taskhold_ops__$name,)" "$stubs" ||
		echo "$stubs:1: neither a stub nor a check for the member $name"
done

# docs/interface.md is written from the comments that stand with the code.
require python3 python3
written=$(scripts/interface-docs.py 2>&1) || {
	echo "scripts/interface-docs.py:1: ${written##*$'\n'}"
	written=$(<docs/interface.md)
}
diff --unchanged-line-format='' --old-line-format='docs/interface.md:%dn: has   %L' \
	--new-line-format='docs/interface.md:%dn: wants %L' docs/interface.md - <<<"$written" ||
	(($? == 1))

files '^docs/.*\.md$'
# What docs/ calls a function of taskhold's is one.
grep -noE '`(bpf_iter_)?taskhold_[a-z0-9_]+\(' "${files[@]}" | while IFS=: read -r file line name; do
	name=${name#?}
	name=${name%(}
	grep -rqF --include='*.[ch]' "$name(" include module bpf-progs ||
		echo "$file:$line: there is no $name()"
done || ((PIPESTATUS[0] <= 1))
