#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's kernel-doc has nothing to say about module/ and include/, and
# every function there that another file can call has a block with Context:, and
# every struct that module/'s headers define: what kernel-doc does not ask for.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"
require perl perl

kernel_doc=$(stock LINUX_SRC)/scripts/kernel-doc
[[ -r $kernel_doc ]] || die "$kernel_doc: not there; 'make out/stock.mk' fetches it"

files '^(module|include)/.*\.[ch]$'
# It says everything on stderr, and ends with 0 where it only warns.
found=$(perl "$kernel_doc" -none -Wall "${files[@]}" 2>&1) ||
	[[ -n $found ]] || die "kernel-doc failed and says nothing"
[[ -z $found ]] || sed -E "s|^$TASKHOLD_ROOT/||" <<<"$found"

mapfile -t kfuncs < <(sed -nE 's/^BTF_ID_FLAGS\(func, ([a-z0-9_]+).*/\1/p' module/kfuncs/register.c)
((${#kfuncs[@]} > 0)) || die "module/kfuncs/register.c: no BTF_ID_FLAGS(func, ...) in it"

# In the kernel's style a function's brace stands alone in the first column;
# its head is what is above it, down from the last line that ends something.
awk -v kfuncs="${kfuncs[*]}" '
	BEGIN {
		count = split(kfuncs, names, " ")
		for (i = 1; i <= count; i++)
			is_kfunc[names[i]] = 1
	}
	function start() {
		head = ""
		documented = context = ""
	}
	FNR == 1 {
		start()
	}
	/^\/\*\*$/ {
		start()
		in_doc = 1
		next
	}
	in_doc {
		if (/^ \* (struct )?[a-z_0-9]+(\(\))? - /) {
			documented = $2
			if ($2 == "struct")
				documented = "struct " $3
			sub(/\(\)$/, "", documented)
		}
		if (/^ \* Context: ./)
			context = 1
		if (/^ \*\/$/)
			in_doc = 0
		next
	}
	/^struct [a-z_0-9]+ \{$/ && FILENAME ~ /^module\/.*\.h$/ && documented != "struct " $2 {
		print FILENAME ":" FNR ": struct " $2 " has no kernel-doc"
	}
	/^$/ || /^[}#]/ || /;$/ || /^ ?\*/ || /^\/[*\/]/ {
		start()
		next
	}
	/^\{$/ {
		if (head !~ /^static / || (head ~ /^static inline / && FILENAME ~ /\.h$/)) {
			name = head
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
			seen[name] = 1
			where = FILENAME ":" (FNR - 1) ": "
			if (documented != name)
				print where name "() has no kernel-doc"
			else if (!context)
				print where name "(): its kernel-doc has no Context:"
		}
		start()
		next
	}
	{
		head = head (head == "" ? "" : " ") $0
	}
	END {
		for (name in is_kfunc)
			if (!(name in seen))
				print "module/kfuncs/register.c:1: " name "() is in the table and in no file"
	}
' "${files[@]}"
