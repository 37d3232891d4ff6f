#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 180
# module: none
#
# What `make dkms-install` says: for which kernel it has installed, and whether
# that is the running one. Runs a copy of the script in the guest, where /usr/src
# is nobody's, with a dkms that only notes what it is asked for.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

[[ ${TASKHOLD_GUEST:-} == 1 ]] || {
	echo "1..0 # SKIP it would change this machine's /usr/src"
	exit 4
}
work=$(mktemp -d)
tree=$work/tree
mkdir "$tree" "$work/bin"
chmod 755 "$work"
(
	cd "$(dirname "$0")/../.."
	cp -r --parents scripts Kbuild dkms.conf mk module include "$tree/"
)
export FAKE=$work
cat >"$work/bin/dkms" <<'SCRIPT'
#!/bin/bash
echo "$*" >>"$FAKE/calls"
case $1 in
status) cat "$FAKE/status" ;;
add) test -e "/usr/src/taskhold-$5/dkms.conf" ;;
esac
SCRIPT
cat >"$work/bin/sudo" <<'SCRIPT'
#!/bin/bash
echo "sudo $*" >>"$FAKE/calls"
SCRIPT
# It is asked for, and not run.
printf '#!/bin/bash\n' >"$work/bin/pahole"
chmod 755 "$work/bin"/*
touch "$work"/{calls,status}
chmod 666 "$work"/{calls,status}

running=$(uname -r)
other=6.99.1-other gone=6.98.1-gone
version=$(sed -nE 's/^PACKAGE_VERSION="(.*)"$/\1/p' "$tree/dkms.conf")
for kver in "$running" "$other"; do
	mkdir -p "/lib/modules/$kver"
	[[ -e /lib/modules/$kver/build ]] || ln -s "$work" "/lib/modules/$kver/build"
done
clean_up() {
	rm -rf "/usr/src/taskhold-$version" "/lib/modules/$other" "$work"
}
trap clean_up EXIT

# installs STATUS KVER [COMMAND...]: where dkms status has said STATUS.
installs() {
	: >"$work/calls"
	printf '%s' "$1" >"$work/status"
	PATH=$work/bin:$PATH "${@:3}" "$tree/scripts/dkms-install.sh" install "$2"
}
says() {
	local status=0

	installs "${@:2}" >"$work/said" 2>&1 || status=$?
	cat "$work/said"
	((status == 0)) && grep -qxF -- "dkms-install.sh: $1" "$work/said"
}
asked() {
	cat "$work/calls"
	grep -qxF -- "$1" "$work/calls"
}
state() {
	printf 'taskhold/%s, %s, x86_64: installed\n' "$version" "$1"
}

plan 13
check "for the running kernel" \
	says "installed for kernel $running, which is running: load it with 'modprobe taskhold'" "" ""
check "that is what dkms is asked for" asked "install -m taskhold -v $version -k $running"
check "there was nothing to remove" same "$(grep -c '^remove' "$work/calls")" 0
check "for another" \
	says "installed for kernel $other, not for the running one, $running: boot $other to use it" "" "$other"
check "dkms is asked for that" asked "install -m taskhold -v $version -k $other"
check "for another beside the running one" \
	says "installed for kernel $other; the running one is $running" "$(state "$running")" "$other"
check "dkms has removed the former source" asked "remove -m taskhold -v $version --all"
check "and installs for the running one again" asked "install -m taskhold -v $version -k $running"
check "which is said" grep -qxF "dkms-install.sh: installed for kernel $running again" "$work/said"
check "over itself, and over one whose headers are gone" \
	says "no more installed for kernel $gone, whose headers are gone" \
	"$(state "$running"; state "$gone")" ""
check "it is installed once" same "$(grep -c '^install' "$work/calls")" 1
check "by somebody else than root" \
	says "installed for kernel $running, which is running: load it with 'sudo modprobe taskhold'" "" "" \
	setpriv --reuid 65534 --regid 65534 --clear-groups
check "without headers" fails_with "no headers of kernel $gone: install its linux-headers package" \
	installs "" "$gone"
finish
