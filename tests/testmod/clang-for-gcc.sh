#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# clang-19 for one file of a module whose kernel was built by gcc: takes gcc's
# options, leaves out what clang does not know, and says the rest in its words.
set -euo pipefail

options=()
for option in "$@"; do
	case $option in
	-mindirect-branch=thunk-extern) options+=(-mretpoline-external-thunk) ;;
	-mpreferred-stack-boundary=3) options+=(-mstack-alignment=8) ;;
	-mindirect-branch-register | -mrecord-mcount | -mskip-rax-setup | -fconserve-stack | \
		-fno-allow-store-data-races | -fno-ipa-* | -fno-var-tracking* | \
		-fmin-function-alignment=* | -fplugin* | --param=* | -falign-jumps=* | \
		-falign-loops=* | -mno-fp-ret-in-387) ;;
	*) options+=("$option") ;;
	esac
done
# The last ones are about headers that were written for the other compiler.
exec clang-19 "${options[@]}" -Wno-unknown-warning-option -Wno-unused-command-line-argument \
	-Wno-gnu -Wno-enum-enum-conversion -Wno-duplicate-decl-specifier
