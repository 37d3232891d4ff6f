#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Damaged recordings against the report, under AddressSanitizer and UBSan; on
# the machine that builds, as it needs neither the module nor privileges.
# usage: run.sh [CASES [SEED [FIRST]]] [-- RECORDING...]
set -euo pipefail
cd "$(dirname "$0")/../.."

out=out/fuzz
mkdir -p "$out"

parts=(userspace/{recording,map,sums,model,tree,group,threads,text,units,fields,report_csv,report_json,report_text,cmd_report}.c)
"${CC:-gcc}" -std=gnu11 -O1 -g -Wall -Wextra -Werror -D_GNU_SOURCE \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-Wl,--wrap=recording_next \
	-Iinclude -Iuserspace -Itests \
	tests/fuzz/report_fuzz.c "${parts[@]}" \
	-lsmartcols -ljson-c -lisal -o "$out/report_fuzz"

args=("$@")
[[ ${#args[@]} -gt 0 && ${args[0]} != -- ]] || args=(10000 "${args[@]}")
status=0
"$out/report_fuzz" "$out" "${args[@]}" || status=$?
if ((status != 0)); then
	echo "# the file of the case that failed is $out/case"
fi
exit "$status"
