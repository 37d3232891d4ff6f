# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Packages that are unpacked rather than installed; sourced, never run.

# download DIR PACKAGE=VERSION...: into DIR, which is made anew; fails where apt
# cannot.
download() {
	local dir=$1
	shift

	rm -rf "$dir"
	mkdir "$dir"
	# As root, apt would drop to its own user, who cannot write here.
	(cd "$dir" &&
	 apt-get download -q=2 -o APT::Sandbox::User="$(id -un)" "$@" >&2)
}
