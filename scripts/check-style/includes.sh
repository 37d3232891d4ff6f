#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which part may use which: the headers that a file includes are those of the
# parts it stands on, and only the two files made for it register anything with
# BPF. docs/style.md has the rule in words.
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"

# may_use FILE: the headers it may include, as an extended regex.
may_use() {
	local own='"[a-z0-9_]+\.h"' public='<taskhold/[a-z]+\.h>|"types\.h"'
	# As a module that has nothing to do with BPF would include them.
	local kernel='<(linux|trace)/[a-z0-9_/-]+\.h>'
	local skeleton='"[a-z0-9_]+\.skel\.h"' libbpf='<bpf/(bpf|btf|libbpf)\.h>'
	local program='"vmlinux\.h"|"[a-z_]+\.bpf\.h"|<bpf/bpf_[a-z_]+\.h>|<taskhold/[a-z]+\.h>'
	local system='<[a-z0-9_/-]+\.h>'

	case $1 in
	include/*) echo '"types\.h"|<linux/types\.h>' ;;
	module/kfuncs/*) echo "$kernel|$public|\"(register|record)\.h\"|\"\.\./(record|view|ended|cursor|compat|irq|btf)\.h\"" ;;
	module/struct_ops/*) echo "$kernel|$public|\"taskhold_ops\.h\"|\"\.\./(record|tracker|link|compat|btf)\.h\"" ;;
	module/main.c) echo "$kernel|$public|$own|\"(kfuncs/register|struct_ops/taskhold_ops)\.h\"" ;;
	module/*) echo "$kernel|$public|$own" ;;
	# What a module of the tests has, its programs and its test have too.
	tests/*.bpf.[ch]) echo "$program|$own|\"\.\./testmod/[a-z_]+\.h\"" ;;
	*.bpf.[ch]) echo "$program" ;;
	userspace/*) echo "$own|$skeleton|$libbpf|$public|$system" ;;
	# Their subject is the tool's own parts.
	tests/cli/* | tests/fuzz/* | tests/lib/*)
		echo "$own|$skeleton|$libbpf|$public|$system|\"(lib|\.\./progs)/[a-z_]+\.h\""
		;;
	tests/*) echo "\"kselftest(_harness)?\.h\"|$skeleton|$libbpf|$public|$system|\"(lib/|progs/|\.\./lib/|\.\./testmod/)?[a-z_]+\.h\"" ;;
	bench/profile/*) echo "$own|$system" ;;
	demo/* | bench/*) echo "$skeleton|$libbpf|$public|$system" ;;
	*) return 1 ;;
	esac
}

files '\.[ch]$'
for file in "${files[@]}"; do
	allowed=$(may_use "$file") || {
		echo "$file:1: no rule says what a file here may include"
		continue
	}
	while IFS=: read -r line header; do
		[[ $header =~ ^($allowed)$ ]] ||
			echo "$file:$line: $header: this part must not use it"
		[[ $header != *kselftest_harness.h* || $file == tests/lib/harness.h ]] ||
			echo "$file:$line: $header: its tests end after 30 s; lib/harness.h lifts that"
		# A header of the tool's looks like one of a test's own.
		if [[ $file == tests/* && $file != tests/@(cli|fuzz|lib)/* &&
		      $header =~ ^\"([a-z_]+\.h)\"$ && -e userspace/${BASH_REMATCH[1]} &&
		      ! -e ${file%/*}/${BASH_REMATCH[1]} ]]; then
			echo "$file:$line: $header: only tests of the tool's parts may use them"
		fi
	done < <(sed -nE '/^[[:space:]]*#[[:space:]]*include/{
		=
		s/^[^<"]*([<"][^>"]*[>"]).*/\1/p
	}' "$file" | paste -d : - -)

	# record, tracker and what is below them know nothing of registration.
	case $file in
	module/kfuncs/register.c) calls='register_bpf_struct_ops' ;;
	module/struct_ops/taskhold_ops.c) calls='register_btf_[a-z_]+' ;;
	module/*) calls='register_btf_[a-z_]+|register_bpf_struct_ops|BTF_(KFUNCS_START|ID_LIST|ID_FLAGS)' ;;
	*) continue ;;
	esac
	grep -nE "(^|[^a-z_])($calls)\(" "$file" | grep -vE '^[0-9]+: \*' |
		sed -E "s|^([0-9]+):.*|$file:\\1: only kfuncs/register.c and struct_ops/taskhold_ops.c register|" ||
		((PIPESTATUS[0] <= 1))
	case $file in
	module/kfuncs/* | module/struct_ops/*) ;;
	*)
		grep -nE '#[[:space:]]*include <linux/(bpf[a-z_]*|btf_ids|filter)\.h>' "$file" |
			sed -E "s|^([0-9]+):.*|$file:\\1: only kfuncs/ and struct_ops/ know BPF|" ||
			((PIPESTATUS[0] <= 1))
		;;
	esac
done
