# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the scripts of the front door; sourced, never run.

# The checkout this script belongs to, wherever it was called from.
TASKHOLD_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export TASKHOLD_ROOT

# Debian leaves these out for everybody but root; depmod and dkms are there.
PATH=$PATH:/usr/sbin:/sbin

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

note() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# Downloads and the tools built from them live here, keyed by content or
# version, so that every checkout of one user shares them.
cache_dir() {
	local base=${XDG_CACHE_HOME:-}

	if [[ -z $base ]]; then
		[[ -n ${HOME:-} ]] ||
			die "neither XDG_CACHE_HOME nor HOME is set, so there is no place for the cache; set one of them"
		base=$HOME/.cache
	fi
	printf '%s/taskhold\n' "$base"
}

# Runs a command as root: directly, or through sudo for everybody else.
as_root() {
	can_be_root "$*"
	if [[ $(id -u) == 0 ]]; then
		"$@"
	else
		sudo -- "$@"
	fi
}

# can_be_root WHAT: stops where as_root could not run WHAT.
can_be_root() {
	[[ $(id -u) == 0 ]] || command -v sudo >/dev/null ||
		die "'$1' needs root: run as root, or install sudo"
}

# apt_get COMMAND...: apt-get as root, which says little: what it printed is in
# out/apt-COMMAND.log, and its end is shown where it failed.
apt_get() {
	local log=$TASKHOLD_ROOT/out/apt-$1.log

	mkdir -p "$TASKHOLD_ROOT/out"
	# here, as its message would go to the log
	can_be_root "apt-get $*"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		note "'apt-get $1' failed; its whole output is in $log"
		return 1
	}
}

# require TOOL PACKAGE: stops with the package to install where TOOL is absent.
require() {
	command -v "$1" >/dev/null ||
		die "$1 not found; run 'make deps', or install the package that has it: $2"
}

# run_logged LOG COMMAND...: runs a command quietly, and shows the end of its
# output if it fails.
run_logged() {
	local log=$1
	shift

	if ! "$@" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		die "'$*' failed; its whole output is in $log"
	fi
}

# install_if_changed NEW DEST: moves NEW over DEST unless both hold the same
# bytes, so that make sees a new time stamp only where the content is new.
install_if_changed() {
	if cmp -s "$1" "$2"; then
		rm -f "$1"
	else
		mv -f "$1" "$2"
	fi
}

# kernel_value KERNEL NAME: from make's copy of what its script said.
kernel_value() {
	local value

	value=$(sed -n "s/^$2=//p" "$TASKHOLD_ROOT/out/$1.env")
	[[ -n $value ]] || die "out/$1.env has no $2; remove it, and make writes it anew"
	printf '%s\n' "$value"
}

# stock NAME: of the stock kernel, said by scripts/kernel.sh
stock() {
	kernel_value stock "$1"
}
