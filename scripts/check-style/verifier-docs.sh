#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# docs/verifier.md has one row for each capability, and its last column is what the
# heads of the tests say. Where it is behind: scripts/verifier-docs.py --write
set -euo pipefail
# shellcheck source=scripts/check-style/lib.sh
. "$(dirname "$0")/lib.sh"

require python3 python3
scripts/verifier-docs.py
