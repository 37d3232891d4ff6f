#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Judges a kernel log, from dmesg or from a console. Prints the lines that must
# not be there, exit status 1; a log that cannot be read or is empty is no
# clean log, exit status 2.
# usage: scan-log.sh [--allow FILE]... LOG
# Lines matching a regular expression in an --allow FILE are left out.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
allow=()
while (($# > 1)); do
	case $1 in
	--allow)
		allow+=("$2")
		shift 2
		;;
	*) break ;;
	esac
done
if (($# != 1)); then
	echo "usage: scan-log.sh [--allow FILE]... LOG" >&2
	exit 2
fi
log=$1

for file in "$log" "$here/splats.deny" "$here/module-log.allow" "${allow[@]}"; do
	if [[ ! -r $file ]]; then
		echo "scan-log: $file cannot be read" >&2
		exit 2
	fi
done
if ! grep -q '[^[:space:]]' "$log"; then
	echo "scan-log: $log is empty: no log is not a clean log" >&2
	exit 2
fi

awk -v deny="$here/splats.deny" -v module="$here/module-log.allow" \
	-v allow="${allow[*]:-}" '
	function load(file, list, n,    line, got) {
		while ((got = (getline line < file)) > 0)
			if (line !~ /^#/ && line !~ /^[ \t]*$/)
				list[++n] = line
		close(file)
		if (got < 0) {
			print "scan-log: " file " cannot be read" > "/dev/stderr"
			failed = 2
			exit 2
		}
		return n
	}
	function any(line, list, n,    i) {
		for (i = 1; i <= n; i++)
			if (line ~ list[i])
				return 1
		return 0
	}
	BEGIN {
		ndeny = load(deny, denied, 0)
		nmodule = load(module, known, 0)
		nfiles = split(allow, files, " ")
		for (f = 1; f <= nfiles; f++)
			nallow = load(files[f], allowed, nallow)
		if (!ndeny) {
			print "scan-log: " deny " holds no pattern" > "/dev/stderr"
			failed = 2
			exit 2
		}
	}
	{
		text = $0
		sub(/\r$/, "", text)
		sub(/^<[0-9]+>/, "", text)
		sub(/^\[ *[0-9]+\.[0-9]+\] ?(\[ *[TC][0-9]+\] ?)?/, "", text)
		if (any(text, allowed, nallow))
			next
		if (any(text, denied, ndeny)) {
			print "not clean: " $0
			failed = 1
		} else if (text ~ /^taskhold:/ && !any(text, known, nmodule)) {
			print "not expected: " $0
			failed = 1
		}
	}
	END { exit failed }
' "$log"
