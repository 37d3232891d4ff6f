#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs the module on this machine with DKMS, for the running kernel or for
# KVER, and says which that was; or removes it again, for all kernels.
# usage: dkms-install.sh install|uninstall [KVER]
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

version=$(sed -nE 's/^PACKAGE_VERSION="(.*)"$/\1/p' "$TASKHOLD_ROOT/dkms.conf")
source=/usr/src/taskhold-$version
running=$(uname -r)
kver=${2:-$running}
require dkms dkms

sudo=
[[ $(id -u) == 0 ]] || sudo='sudo '

added() {
	[[ -n $(dkms status -m taskhold -v "$version") ]]
}
# Kernels besides KVER for which it is installed now.
others() {
	dkms status -m taskhold -v "$version" |
		sed -nE 's/^[^,]*, *([^,]+), *[^,]+: *installed.*/\1/p' | awk -v kver="$kver" '$0 != kver'
}
with_headers() {
	local build list=()

	for build in /lib/modules/*/build; do
		[[ ! -e $build ]] || list+=("$(basename "${build%/build}")")
	done
	printf '%s\n' "${list[*]:-none}"
}
uninstall() {
	if added; then
		as_root dkms remove -m taskhold -v "$version" --all
	fi
	as_root rm -rf "$source"
}

case ${1:-} in
install)
	require pahole dwarves
	[[ -e /lib/modules/$kver/build ]] ||
		die "no headers of kernel $kver: install its linux-headers package, or name another kernel with KVER=; those here with headers: $(with_headers)"
	# dkms keeps one source for all kernels: what was built of another goes.
	mapfile -t again < <(others)
	uninstall
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	"$TASKHOLD_ROOT/scripts/dkms-source.sh" "$work/source" >/dev/null
	as_root cp -r --no-preserve=mode,ownership "$work/source" "$source"
	as_root find "$source/scripts" -name '*.sh' -exec chmod 755 {} +
	as_root dkms add -m taskhold -v "$version"
	as_root dkms install -m taskhold -v "$version" -k "$kver"
	for other in "${again[@]}"; do
		if [[ -e /lib/modules/$other/build ]]; then
			as_root dkms install -m taskhold -v "$version" -k "$other"
			note "installed for kernel $other again"
		else
			note "no more installed for kernel $other, whose headers are gone"
		fi
	done
	if [[ $kver == "$running" ]]; then
		note "installed for kernel $kver, which is running: load it with '${sudo}modprobe taskhold'"
	elif [[ " ${again[*]} " == *" $running "* ]]; then
		note "installed for kernel $kver; the running one is $running"
	else
		note "installed for kernel $kver, not for the running one, $running: boot $kver to use it"
	fi
	;;
uninstall)
	uninstall
	;;
*)
	die "usage: dkms-install.sh install|uninstall [KVER]"
	;;
esac
