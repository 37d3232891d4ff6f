#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs the module on this machine with DKMS, for the running kernel or for
# KVER, or removes it again. usage: dkms-install.sh install|uninstall [KVER]
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

version=$(sed -nE 's/^PACKAGE_VERSION="(.*)"$/\1/p' "$TASKHOLD_ROOT/dkms.conf")
source=/usr/src/taskhold-$version
kver=${2:-$(uname -r)}
require dkms dkms

added() {
	[[ -n $(dkms status -m taskhold -v "$version") ]]
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
		die "no headers of kernel $kver; install linux-headers-$kver"
	uninstall
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	"$TASKHOLD_ROOT/scripts/dkms-source.sh" "$work/source" >/dev/null
	as_root cp -r --no-preserve=mode,ownership "$work/source" "$source"
	as_root find "$source/scripts" -name '*.sh' -exec chmod 755 {} +
	as_root dkms add -m taskhold -v "$version"
	as_root dkms install -m taskhold -v "$version" -k "$kver"
	note "installed; load it with: modprobe taskhold"
	;;
uninstall)
	uninstall
	;;
*)
	die "usage: dkms-install.sh install|uninstall [KVER]"
	;;
esac
