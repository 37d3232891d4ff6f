#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 60
#
# Names that anybody may give to programs and cgroups: whatever is in them, they
# come through, and nothing else comes with them.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/record.sh
. "$(dirname "$0")/../lib/record.sh"

odd=$'a "b",\t\\c\n\e\xc3\xa9'
# The kernel takes no new line in the name of a cgroup.
odd_cgroup=${odd//$'\n'/}
long=$(printf 'x%.0s' {1..200})
# Gone at the end of the test, whatever it got to: step by step, as their whole
# paths are too long.
remove() {
	local depth=0

	[[ ! -d $cgroup/$odd_cgroup ]] || rmdir "$cgroup/$odd_cgroup"
	cd "$cgroup"
	while [[ -d $long ]]; do
		cd -P "$long"
		depth=$((depth + 1))
	done
	for (( ; depth > 0; depth--)); do
		cd -P ..
		rmdir "$long"
	done
	cd "$work"
}
at_end+=(remove)

cp "$workloads/burn" "$odd"
cp "$workloads/burn" "$long"
cat >moves <<'SH'
#!/bin/bash
# usage: moves CGROUP ODD_CGROUP ODD LONG WORK: a process in each of some cgroups
set -e
run_in() (
	echo "$BASHPID" >"$1/cgroup.procs"
	exec "$2" -n 1
)
mkdir "$1/$2"
run_in "$1/$2" "./$3"
rmdir "$1/$2"
# As deep as the kernel goes, which is deeper than a path may be long.
cd "$1"
for ((i = 0; i < 25; i++)); do
	mkdir "$4"
	cd -P "$4"
	((i != 15)) || run_in . "$5/$4"
done
run_in . "$5/$4"
stat -c %i . >"$5/deep_id"
SH
chmod +x moves

plan 6
check "processes and cgroups of odd names are recorded" \
	taskhold record -o data -- ./moves "$cgroup" "$odd_cgroup" "$odd" "$long" "$work"
report data
taskhold report data >table
check "the recording is complete" holds data 'r["complete"]' \
	'sum(row["exec_ns"] is not None and row["comm"][:1] in ("a", "x") for row in rows) == 3'
cat >compare.py <<'PY'
import json, os, sys
report, (base, odd_cgroup, odd, long, work) = json.load(open("data.json")), sys.argv[1:]
def want(what, found, expected):
    if found != expected:
        sys.exit(f"{what} is {found!r}, not {expected!r}")
rows = {row["cgroup"]: row for row in report["tasks"]}
row = rows[f"{base}/{odd_cgroup}"]
want("exe", row["exe"], f"{work}/{odd}")
want("comm", row["comm"], os.fsencode(odd)[:15].decode(errors="replace"))
want("removed", [c["removed"] for c in report["cgroups"] if c["path"] == f"{base}/{odd_cgroup}"], [True])
row = rows[base + f"/{long}" * 16]
want("exe", row["exe"], f"{work}/{long}")
want("comm", row["comm"], long[:15])
# 25 * 201 bytes are more than a path may have: its number names it, not a part.
row = rows[f"cgroup:{os.environ['DEEP_ID']}"]
want("exe", row["exe"], f"{work}/{long}")
PY
check "names and paths are what they were" \
	env DEEP_ID="$(cat deep_id)" python3 compare.py "$(path_of "$cgroup")" "$odd_cgroup" "$odd" "$long" "$work"
check "CSV has as many rows as there were processes" same \
	"$(python3 -c 'import csv; print(len(list(csv.DictReader(open("data.csv", newline="")))))')" \
	"$(python3 -c 'import json; print(json.load(open("data.json"))["totals"]["tasks"])')"
no_control() { ! LC_ALL=C grep -nP '[\x00-\x09\x0b-\x1f\x7f]' table; }
check "no control character of theirs gets into a table" no_control
check "nor a new line" same "$(awk '!NF { part++ } part == 1 { n++ } END { print n - 2 }' table)" \
	"$(python3 -c 'import json; print(json.load(open("data.json"))["totals"]["tasks"])')"
finish
