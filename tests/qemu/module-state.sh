# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a test must leave behind of the module: nothing. Sourced in the guest by
# guest.sh and suite.sh.

# until_true SECONDS COMMAND...: waits for a condition, with a bound that grows
# with the slowness of the kernel.
until_true() {
	local end=$((SECONDS + $1 * ${TASKHOLD_SLOW:-1} + 1))
	shift

	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

module_unused() {
	[[ ! -e /sys/module/taskhold/refcnt || $(</sys/module/taskhold/refcnt) == 0 ]]
}

module_slabs_gone() {
	! compgen -G '/sys/kernel/slab/taskhold*' >/dev/null
}

# Unloads the module and prints what is wrong if it does not go, or if it goes
# and leaves objects. Programs and maps are freed by work queues and after RCU
# grace periods once their last user has gone, which the bounds are for.
module_unload() {
	local error

	if [[ -e /sys/module/taskhold ]]; then
		if ! until_true 15 module_unused; then
			printf 'taskhold.ko is still in use, refcnt %s\n' \
				"$(</sys/module/taskhold/refcnt)"
			return 1
		fi
		if ! error=$(rmmod taskhold 2>&1); then
			printf 'rmmod taskhold failed: %s\n' "${error//$'\n'/; }"
			return 1
		fi
	fi
	if ! until_true 5 module_slabs_gone; then
		printf 'slab caches left behind: %s\n' \
			"$(cd /sys/kernel/slab && echo taskhold*)"
		return 1
	fi
}

# What may hold the module, for whoever has to find out.
module_holders() {
	echo "== /sys/fs/bpf"
	find /sys/fs/bpf -mindepth 1
	if command -v bpftool >/dev/null; then
		local what

		for what in link prog map; do
			echo "== bpftool $what show"
			bpftool "$what" show || echo "bpftool $what show failed"
		done
	fi
	echo "== processes"
	ps -eo pid,ppid,stat,args
}
