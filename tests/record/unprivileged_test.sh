#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Without the privileges that it needs record says so, and does nothing else;
# report needs none.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)
# A checkout may stand where nobody can get at it.
chmod 777 "$work"
install -D -m 755 "$(command -v taskhold)" bin/taskhold

plan 4
check "record by nobody ends with 3" status_is 3 \
	"${nobody[@]}" bin/taskhold record -o data -- touch ran
check "and says what it needs" fails_with "this needs CAP_SYS_ADMIN; run it as root or with sudo" \
	"${nobody[@]}" bin/taskhold record -o data -- touch ran
check "neither was the command run nor a file made" same "$(ls)" bin
taskhold record -o data -- true
chmod 644 data
check "nobody can read a report" "${nobody[@]}" bin/taskhold report --require-complete data
finish
