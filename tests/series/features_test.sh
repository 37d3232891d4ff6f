#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel with a part of the series has the features that this part brings, and
# none of the others, as found by trying. Which they are kernel/series.sh says in
# $TASKHOLD_OUT/features.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

plan 2
check "conntrack can be loaded" modprobe nf_conntrack
taskhold status --features --json >"$TASKHOLD_OUT/features.json"
check "it has what its patches bring, and no more" diff -u "$TASKHOLD_OUT/features" - < <(
	python3 - "$TASKHOLD_OUT/features.json" <<-'SCRIPT'
		import json, sys
		features = json.load(open(sys.argv[1], encoding="utf-8"))["features"]
		print("\n".join(sorted(f["name"] for f in features if f["answer"] == "yes")))
	SCRIPT
)
finish
