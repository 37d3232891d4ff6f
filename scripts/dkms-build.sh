#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Adds, builds and installs the module with the real dkms, for a kernel that
# need not be installed here and without changing anything outside OUT. Leaves
# OUT/target/lib/modules/KVER, the kernel's modules with taskhold.ko among them.
# usage: dkms-build.sh KVER KDIR KMODULES OUT
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

(($# == 4)) || die "usage: dkms-build.sh KVER KDIR KMODULES OUT"
kver=$1 kdir=$2 kmodules=$3 out=$4
require dkms dkms
require depmod kmod
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
rm -rf "$out"/{source,tree,target}
mkdir -p "$out/source" "$out/tree"

# The kernel's own modules stay where they are; what depmod writes does not.
install_tree=$out/target/lib/modules
mkdir -p "$install_tree/$kver"
ln -s "$kmodules/kernel" "$install_tree/$kver/kernel"
cp "$kmodules"/modules.{order,builtin,builtin.modinfo} "$install_tree/$kver/"

version=$("$TASKHOLD_ROOT/scripts/dkms-source.sh" "$out/source/new")
mv "$out/source/new" "$out/source/taskhold-$version"

# dkms would make a signing key for the machine where it finds none: it is given
# one of its own, which signs as the machine's would.
export mok_signing_key=$out/mok.key mok_certificate=$out/mok.pub
export sign_file=$kdir/scripts/sign-file

run_dkms() {
	local verb=$1 log=$out/dkms-$1.log status=0
	local -a as=()
	shift

	# dkms asks for root to install, wherever it installs to: a root that is
	# one in name will do, and where there is none (in a chroot, or where user
	# namespaces are forbidden) what the real one made is handed back.
	if [[ $verb == install && $(id -u) != 0 ]]; then
		if unshare --map-root-user true 2>/dev/null; then
			as=(unshare --map-root-user)
		else
			as=(as_root)
		fi
	fi
	"${as[@]}" dkms "$verb" -m taskhold -v "$version" "$@" \
		--dkmstree "$out/tree" --sourcetree "$out/source" \
		--installtree "$install_tree" >"$log" 2>&1 || status=$?
	if [[ ${as[*]} == as_root ]]; then
		as_root chown -R "$(id -u):$(id -g)" "$out"
	fi
	if ((status != 0)); then
		tail -n 20 "$log" >&2
		find "$out/tree" -name make.log -exec tail -n 60 {} + >&2
		die "dkms $verb failed with status $status; its output is in $log"
	fi
}

run_dkms add
run_dkms build -k "$kver" --kernelsourcedir "$kdir" --config "$kdir/.config"
run_dkms install -k "$kver" --kernelsourcedir "$kdir" --config "$kdir/.config" --no-depmod
depmod -b "$out/target" "$kver"

built=$(modinfo -b "$out/target" -k "$kver" -n taskhold) ||
	die "depmod does not know the module that dkms installed below $install_tree/$kver"
note "$built"
