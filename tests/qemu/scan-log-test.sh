#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # check calls the functions
#
# The table test of scan-log.sh: a log, and whether it is clean (0), not clean
# (1) or no log (2). Runs on the host.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
scan=$(dirname "$0")/scan-log.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

judge() {
	local wanted=$1 status=0
	shift

	"$scan" "$@" || status=$?
	((status == wanted)) || {
		echo "status $status, wanted $wanted"
		return 1
	}
}

# wanted status|name|line of the log (\n is a new line)
cases=(
	'0|an ordinary boot|[    0.000000] Linux version 6.12\n[    1.500240] amd_pstate: the _CPC object is not present'
	'0|the markers of the suite|[   10.000000] taskhold-test: begin kfuncs/a_test'
	'0|out of tree taint|[    2.0] taskhold: loading out-of-tree module taints kernel.'
	'0|signature taint|[    2.0] taskhold: module verification failed: signature and/or required key missing - tainting kernel'
	'0|a word that only contains a pattern|[    2.0] systemd: DEBUG: WARNINGs are off'
	'1|BUG|[    2.0] BUG: kernel NULL pointer dereference, address: 0000000000000008'
	'1|BUG with a caller before it|[    2.0][  T123] BUG: unable to handle page fault'
	'1|the log level before it|<1>[    2.0] BUG: spinlock bad magic on CPU#0'
	'1|a console line that ends with CR|[    2.0] WARNING: CPU: 0 PID: 1 at mm/slub.c:1152 x+0x1/0x2\r'
	'1|no time stamp|WARNING: CPU: 0 PID: 1 at mm/slub.c:1152 x+0x1/0x2'
	'1|kernel BUG at|[    2.0] kernel BUG at mm/slub.c:553!'
	'1|UBSAN|[    2.0] UBSAN: array-index-out-of-bounds in a.c:1:2'
	'1|Oops|[    2.0] Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI'
	'1|general protection fault|[    2.0] Oops: general protection fault, probably for non-canonical address'
	'1|KASAN|[    2.0] BUG: KASAN: slab-use-after-free in taskhold_rec_put+0x1/0x2'
	'1|panic|[    2.0] Kernel panic - not syncing: sysrq triggered crash'
	'1|soft lockup|[   30.0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [rmmod:1]'
	'1|RCU stall|[   30.0] rcu: INFO: rcu_preempt self-detected stall on CPU'
	'1|RCU stall elsewhere|[   30.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'
	'1|RCU tasks stall|[   30.0] INFO: rcu_tasks detected stalls on tasks:'
	'1|hung task|[  140.0] INFO: task rmmod:12 blocked for more than 120 seconds.'
	'1|refcount|[    2.0] refcount_t: underflow; use-after-free.'
	'1|atomic|[    2.0] BUG: scheduling while atomic: a/1/0x2'
	'1|sleeping|[    2.0] BUG: sleeping function called from invalid context at x.c:1'
	'1|lockdep|[    2.0] WARNING: possible circular locking dependency detected'
	'1|suspicious RCU|[    2.0] WARNING: suspicious RCU usage'
	'1|slab left|[    2.0] kmem_cache_destroy taskhold_rec: Slab cache still has objects when called from x'
	'1|slab objects|[    2.0] BUG taskhold_rec (Tainted: G O): Objects remaining in taskhold_rec on __kmem_cache_shutdown()'
	'1|list corruption|[    2.0] list_del corruption. next->prev should be x'
	'1|no BTF|[    2.0] missing module BTF, cannot register kfuncs'
	'1|BTF mismatch|[    2.0] failed to validate module [taskhold] BTF: -22'
	'1|a line of the module that nobody expects|[    2.0] taskhold: something odd'
	'1|one bad line among good ones|[    0.0] fine\n[    1.0] BUG: bad page\n[    2.0] fine'
	'2|an empty log|'
	'2|a log of blank lines|\n \n'
)

plan $((${#cases[@]} + 6))
for case in "${cases[@]}"; do
	IFS='|' read -r wanted name text <<<"$case"
	printf '%b' "$text" >"$work/log"
	check "$name" judge "$wanted" "$work/log"
done

printf '[ 1.0] taskhold: something odd\n[ 1.1] WARNING: CPU: 0 at x\n' >"$work/log"
echo '^taskhold: something' >"$work/allow"
check "what is allowed does not allow the rest" judge 1 --allow "$work/allow" "$work/log"
echo '^WARNING: CPU: 0' >"$work/more"
check "several files of what is allowed" judge 0 --allow "$work/allow" --allow "$work/more" "$work/log"
printf '# a comment\n\n' >"$work/none"
check "an allow file of comments allows nothing" judge 1 --allow "$work/none" "$work/log"
check "a log that is not there" judge 2 "$work/absent"
check "an allow file that is not there" judge 2 --allow "$work/absent" "$work/log"
check "no argument" judge 2
finish
