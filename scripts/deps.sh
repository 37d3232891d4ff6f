#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs the Debian packages that building and testing taskhold needs, and
# only those that are missing. usage: deps.sh [--list]
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

packages=(
	# the module, the kernel's own tools, BPF objects
	gcc make libc6-dev bc bison flex perl patch
	clang-19 llvm-19 libelf-dev zlib1g-dev libssl-dev dwarves
	# the command line tool
	libsmartcols-dev libjson-c-dev libisal-dev
	# DKMS, kernel packages
	dkms kmod xz-utils zstd
	# kernels, and their packages
	lld-19 debhelper dpkg-dev rsync
	# the guest
	qemu-system-x86 busybox-static cpio util-linux mount procps iproute2
	# tests and style checks
	sparse shellcheck clang-format-19 mandoc python3
	# what bench compares with
	libbpf-tools
)

if [[ ${1:-} == --list ]]; then
	printf '%s\n' "${packages[@]}"
	exit 0
fi

require dpkg-query dpkg
require apt-get apt

known_to_apt() {
	[[ -n $(apt-cache show --no-all-versions "$1" 2>/dev/null) ]]
}

# dpkg-query fails for names it never heard of, and prints the others.
declare -A installed=()
while read -r p state; do
	[[ $state != installed ]] || installed[$p]=1
done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null)
missing=()
for p in "${packages[@]}"; do
	[[ -n ${installed[$p]:-} ]] || missing+=("$p")
done
if ((${#missing[@]} == 0)); then
	exit 0
fi

for p in "${missing[@]}"; do
	if ! known_to_apt "$p"; then
		note "apt does not know $p yet, updating its lists"
		apt_get update
		break
	fi
done
unknown=()
for p in "${missing[@]}"; do
	known_to_apt "$p" || unknown+=("$p")
done
((${#unknown[@]} == 0)) ||
	die "apt has no package ${unknown[*]}; taskhold is built on Debian 12 or 13 with their main and security suites"

note "installing ${missing[*]}; what apt says goes to out/apt-install.log"
apt_get install -y --no-install-recommends "${missing[@]}"
