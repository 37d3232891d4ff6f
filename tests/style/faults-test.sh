#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Shows that each check of scripts/check-style/ finds what it is there for: in a
# copy of the sources it plants one fault at a time and asks for the finding.
# Runs on the host, from make check-style.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The copy is small, and what is small is quick; its table of exceptions has
# those of what it holds.
mkdir "$work/copy" "$work/copy/out"
(
	cd "$root"
	cp -r --parents scripts Kbuild dkms.conf LICENSES include module bpf-progs docs \
		kernel tools .checkpatch.conf .clang-format .shellcheckrc tests/qemu/*.sh tests/{head,tap}.sh \
		tests/cli/report_check.py "$work/copy/"
)
cp "$root/out/stock.env" "$work/copy/out/"
# Tests are needed by the one check that reads their heads, and what features there are.
mkdir "$work/heads"
(
	cd "$root"
	grep -lE 'rows: ' tests/*/*_test.* | xargs cp --parents -t "$work/heads"
	cp --parents -t "$work/heads" userspace/feature.c tests/cli/features_test.c
)

# fresh_tree CHECK: what it looks at.
fresh_tree() {
	rm -rf "$work/tree"
	cp -r "$work/copy" "$work/tree"
	[[ $1 != verifier-docs ]] || cp -r "$work/heads/." "$work/tree"
}

# findings CHECK: what it says of the present tree.
findings() {
	(cd "$work/tree" && scripts/check-style.sh "$1") || (($? == 1))
}

# sound CHECK: it finds nothing in the copy but exceptions that the copy lacks
# the files for.
sound() {
	fresh_tree "$1"
	findings "$1" >"$work/said"
	grep -v 'this exception excuses nothing' "$work/said"
	[[ $(grep '^# ' "$work/said" | grep -vc 'this exception excuses nothing') == 0 ]]
}

# finds CHECK FILE TEXT: after plant() has been called, the check names the file
# and says the text.
finds() {
	findings "$1" >"$work/said"
	cat "$work/said"
	grep -q '^not ok' "$work/said" && grep -E "^# $2" "$work/said" | grep -qE -- "$3"
}

# fault CHECK NAME FILE TEXT COMMAND...: COMMAND plants it, in a fresh copy.
fault() {
	local check=$1 name=$2 file=$3 text=$4
	shift 4

	fresh_tree "$check"
	(cd "$work/tree" && "$@")
	check "$check: $name" finds "$check" "$file" "$text"
}

append() {
	printf '%b' "$2" >>"$1"
}
# change FILE SED: fails where the fault was not planted.
change() {
	sed -i.before -E "$2" "$1"
	if cmp -s "$1" "$1.before"; then
		echo "$1: the fault was not planted"
		return 1
	fi
	rm "$1.before"
}
make_file() {
	mkdir -p "$(dirname "$1")"
	printf '%b' "$2" >"$1"
}

plan 82

for name in checkpatch format includes interface kernel-doc module patches python shell spdx \
	verifier-docs versions whitespace words; do
	check "$name: a sound copy" sound "$name"
done

c='// SPDX-License-Identifier: GPL-2.0-only\n'
sh='#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0-only\nset -euo pipefail\n'
run() {
	make_file "$1" "$2"
	chmod +x "$1"
}

fault checkpatch "an assignment in a condition" module/fault.c ASSIGN_IN_IF \
	make_file module/fault.c "${c}int f(int a)\n{\n\tif ((a = 1))\n\t\treturn 1;\n\treturn 0;\n}\n"
fault checkpatch "a line too long" module/fault.c 'LONG_LINE: ' \
	make_file module/fault.c "${c}int f(int $(printf 'a%.0s' {1..100}));\n"
fault checkpatch "what only --strict sees" include/fault.h 'CHECK:' \
	make_file include/fault.h '/* SPDX-License-Identifier: GPL-2.0-only */\nint f(int a,\n\tint b);\n'

fault format "spaces that indent" module/fault.c 'wants' \
	make_file module/fault.c "${c}int f(void)\n{\n        return 0;\n}\n"
fault format "a brace on the wrong line" module/fault.c 'wants' \
	make_file module/fault.c "${c}int f(void) {\n\treturn 0;\n}\n"

fault includes "a kfunc file that uses the struct_ops type" module/kfuncs/task.c 'must not use' \
	append module/kfuncs/task.c '#include "../struct_ops/taskhold_ops.h"\n'
fault includes "the record knows BPF" module/record.c 'know BPF' \
	append module/record.c '#include <linux/bpf.h>\n'
fault includes "the tracker registers" module/tracker.c 'only kfuncs/register.c' \
	append module/tracker.c 'int x = register_bpf_struct_ops(0, 0);\n'
fault includes "kfuncs registered elsewhere" module/kfuncs/task.c 'only kfuncs/register.c' \
	append module/kfuncs/task.c 'BTF_KFUNCS_START(more)\n'
fault includes "the tool uses the module" userspace/fault.c 'must not use' \
	make_file userspace/fault.c "$c#include \"../module/record.h\"\n"
fault includes "a test of the module uses the tool" tests/kfuncs/fault_test.c 'only tests of the tool' \
	eval 'make_file userspace/fault.h "x" && make_file tests/kfuncs/fault_test.c "#include \"fault.h\"\n"'
fault includes "a test with the harness's own limit" tests/kfuncs/fault_test.c 'lib/harness.h lifts that' \
	make_file tests/kfuncs/fault_test.c "$c#include \"kselftest_harness.h\"\n"
fault includes "a public header that needs the kernel" include/taskhold/types.h 'must not use' \
	append include/taskhold/types.h '#include <linux/sched.h>\n'
fault includes "a folder that no rule knows" elsewhere/fault.c 'no rule' \
	make_file elsewhere/fault.c "$c"

fault interface "a kfunc without a prototype" module/kfuncs/register.c 'does not declare' \
	change include/taskhold/kfuncs.h '/taskhold_settle\(/d'
fault interface "a prototype without a kfunc" include/taskhold/kfuncs.h 'does not register' \
	append include/taskhold/kfuncs.h 'extern int taskhold_fault(void) TASKHOLD_KFUNC;\n'
fault interface "a kfunc that docs/interface.md lacks" docs/interface.md 'wants.*taskhold_settle' \
	change docs/interface.md '/^### .taskhold_settle/,/^Returns/d'
fault interface "a flag that changed" docs/interface.md 'wants.*KF_RET_NULL' \
	change module/kfuncs/register.c 's/(taskhold_rec_acquire, KF_ACQUIRE)/\1 | KF_RET_NULL/'
fault interface "a kfunc of the table that no file has" scripts/interface-docs.py 'no kernel-doc' \
	append module/kfuncs/register.c 'BTF_ID_FLAGS(func, taskhold_fault)\n'
fault interface "a member without a check" module/struct_ops/taskhold_ops.c 'neither a stub nor a check for the member fault' \
	change include/taskhold/ops.h 's/^(\t__u32 )max_held;/&\n\1fault;/'
# shellcheck disable=SC2016 # the document's backquotes
fault interface "a function that docs/ invent" docs/fault.md 'there is no taskhold_fault' \
	make_file docs/fault.md 'Call `taskhold_fault()`.\n'

fault kernel-doc "a parameter that is not described" module/index.c 'not described' \
	change module/index.c '0,/^ \* @bits:/{/^ \* @bits:/d}'
fault kernel-doc "no Return:" module/kfuncs/task.c 'return' \
	change module/kfuncs/task.c '0,/^ \* Return:/{/^ \* Return:/d}'
fault kernel-doc "no Context:" module/kfuncs/task.c 'has no Context' \
	change module/kfuncs/task.c '0,/^ \* Context:/{/^ \* Context:/d}'
fault kernel-doc "a public function without a block" module/index.c 'fault\(\) has no kernel-doc' \
	append module/index.c '\nint fault(struct x *a,\n\t  int b)\n{\n\treturn 0;\n}\n'
fault kernel-doc "an inline one in a header" module/index.h 'fault\(\) has no kernel-doc' \
	append module/index.h '\nstatic inline int fault(void)\n{\n\treturn 0;\n}\n'
fault kernel-doc "a struct without a block" module/index.h 'struct fault has no kernel-doc' \
	append module/index.h '\nstruct fault {\n\tint a;\n};\n'
fault kernel-doc "a kfunc of the table that no file has" module/kfuncs/register.c 'in no file' \
	append module/kfuncs/register.c 'BTF_ID_FLAGS(func, taskhold_fault)\n'

fault length "a file over 800 lines" module/fault.c '801 lines' \
	eval 'for i in {1..801}; do echo; done >module/fault.c'

fault manual "a macro that mdoc does not know" docs/fault.8 'unknown macro' \
	make_file docs/fault.8 '.\\" SPDX-License-Identifier: GPL-2.0-only\n.Dd November 1, 2026\n.Dt FAULT 8\n.Os\n.Xx\n'

fault module "a function that nobody declares (gcc, W=1)" module/index.c 'no previous prototype' \
	append module/index.c '\nint fault(void)\n{\n\treturn 0;\n}\n'
fault module "an address space that is lost (sparse)" module/index.c 'different address spaces' \
	append module/index.c '\nvoid *fault(void __user *p);\nvoid *fault(void __user *p)\n{\n\treturn p;\n}\n'
fault module "byte orders that are mixed (sparse)" module/index.c 'different base types' \
	append module/index.c '\nu32 fault(__be32 v);\nu32 fault(__be32 v)\n{\n\treturn v;\n}\n'
fault module "it does not build" module/index.c 'error' \
	append module/index.c '\n#error fault\n'

patch=kernel/patches/6.12/0001-exit-Export-put_task_struct_rcu_user-to-modules.patch
fault patches "what checkpatch sees" kernel/patches/.* 'TRAILING_WHITESPACE|trailing whitespace' \
	change "$patch" 's/^(\+EXPORT.*)$/\1 /'
fault patches "a number that is missing" kernel/patches/.* 'does not begin with' \
	change "$patch" 's/^Subject: \[PATCH 01/Subject: [PATCH 02/'
fault patches "one that nobody signed" kernel/patches/.* 'signed it off' \
	change "$patch" '/^Signed-off-by/d'
fault patches "one that the series leaves out" kernel/patches/6.12/series 'in their order' \
	change kernel/patches/6.12/series '1d'
fault patches "one that the cover letter leaves out" kernel/patches/6.12/0000 'does not name' \
	change kernel/patches/6.12/0000-cover-letter.patch '/^  exit: Export/d'
fault patches "the same of bpftool's" tools/bpftool/6.12/series 'in their order' \
	change tools/bpftool/6.12/series '1d'

fault python "a file that does not compile" tests/cli/fault.py 'syntax|was never closed' \
	make_file tests/cli/fault.py '# SPDX-License-Identifier: GPL-2.0-only\nprint(\n'

fault shell "a variable without quotes" scripts/fault.sh SC2086 \
	run scripts/fault.sh "${sh}rm \$1\n"
fault shell "a script without a suffix" scripts/fault SC2086 \
	run scripts/fault "${sh}rm \$1\n"
fault shell "a script that goes on after a failure" scripts/fault.sh 'no line' \
	run scripts/fault.sh '#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0-only\n'

fault spdx "no licence" module/index.c 'licence is missing' \
	change module/index.c '1d'
fault spdx "the wrong comment for a header" module/index.h 'licence is missing' \
	change module/index.h '1s|.*|// SPDX-License-Identifier: GPL-2.0-only|'
fault spdx "another licence" scripts/lib.sh 'licence is missing' \
	change scripts/lib.sh '1s/GPL-2.0-only/MIT/'

table=docs/verifier.md
fault verifier-docs "a capability without a row" $table 'there is no row F5' \
	change $table '/^\| F5 /d'
fault verifier-docs "two rows of one capability" $table 'a second row F5' \
	change $table 's/^\| F5 .*/&\n&/'
fault verifier-docs "a row of no capability" $table "no capability 'F9'" \
	change $table 's/^\| F6 .*/&\n| F9 | a | b | c | none: d |/'
fault verifier-docs "rows that are out of order" $table 'F6 stands behind G1' \
	change $table '/^\| F6 /{h;d};/^\| G1 /G'
fault verifier-docs "a row that does not say what it is" $table 'F5 does not say' \
	change $table 's/^(\| F5 \|)[^|]*/\1 /'
fault verifier-docs "neither a test nor a reason" $table "no test's head says A14" \
	change $table 's/^(\| A14 .*\| )none:.*/\1|/'
fault verifier-docs "a test that is not there" $table 'not there: verifier/fault' \
	change $table 's|verifier/owned_args|verifier/fault|'
fault verifier-docs "a test that the row does not name" $table 'F4 has .*say .*verifier/owned_args' \
	change tests/verifier/owned_args_test.c 's/rows: .*/&, F4/'
fault verifier-docs "a kernel that lacks it" $table "B5 does not say 'patched'" \
	change $table 's/^(\| B5 .*\| )patched( \|)/\1stock\2/'
fault verifier-docs "one that has it as well" $table "B5 does not begin with 'patched'" \
	change $table 's/^(\| B5 .*\| )patched( \|)/\1stock and patched\2/'
fault verifier-docs "a feature without an answer" tests/cli/features_test.c \
	'it expects no answer of xchg_insn' change tests/cli/features_test.c '/"xchg_insn"/d'
fault verifier-docs "a test that shows nothing" tests/verifier/fault_test.c 'does not say which rows' \
	make_file tests/verifier/fault_test.c "$c"
fault verifier-docs "a test that shows what nobody knows" tests/verifier/owned_args_test.c \
	"no capability 'Z9'" change tests/verifier/owned_args_test.c 's/rows: .*/&, Z9/'

fault versions "another version for DKMS" dkms.conf "is '9.9.9'" \
	change dkms.conf 's/^(PACKAGE_VERSION=).*/\1"9.9.9"/'

fault whitespace "a blank at the end of a line" module/index.c 'blanks at the end' \
	append module/index.c '/* fault */ \n'
fault whitespace "no newline at the end" module/index.c 'no newline' \
	append module/index.c '/* fault */'
fault whitespace "a script that cannot be run" scripts/check.sh 'chmod' \
	chmod -x scripts/check.sh

fault words "work left undone" module/index.c 'left undone' \
	append module/index.c '/* TOD''O: fault */\n'
fault words "a failure passed over" scripts/tally.sh 'passed over' \
	append scripts/tally.sh 'rm x || tr''ue\n'
fault words "a path of one machine" scripts/tally.sh 'one machine' \
	append scripts/tally.sh 'cp /ho''me/me/x .\n'

# shellcheck disable=SC2016 # the table's backquotes
fault words "an exception that excuses nothing" docs/style.md 'excuses nothing' \
	change docs/style.md 's/^\|---\|---\|---\|---\|$/&\n| words | `module\/*` | `nothing` | a reason |/'
finish
