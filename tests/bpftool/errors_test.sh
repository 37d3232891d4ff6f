#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# kernel: stock
#
# What bpftool says where a struct_ops type cannot be known: the kernel has no BTF, or
# the module's may not be had. It names what is missing, once, as JSON where that is
# asked for, and fails.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/bpftool.sh
. "$(dirname "$0")/../lib/bpftool.sh"

# As on a kernel without CONFIG_DEBUG_INFO_BTF; libbpf looks for a vmlinux too.
without_btf() {
	# shellcheck disable=SC2016 # it is the other shell's
	unshare -m bash -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' - "$@"
}
# With all that a pinned map takes, but for what BTF of a module does.
without_sys_admin() {
	setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$@"
}
# as_before COMMAND...: says the same without CAP_SYS_ADMIN.
as_before() {
	"$@" >"$work/before" && without_sys_admin "$@" >"$work/after" &&
		[[ -s $work/before ]] && cmp "$work/before" "$work/after"
}

says() {
	local text=$1
	shift

	"$@" 2>&1 | grep -F -- "$text"
}

plan 15
"$patched" struct_ops register "$policies/everything.bpf.o" "$pins/taskhold" 2>"$work/registered"
map=$(id_of map policy struct_ops)
"$patched" map pin id "$map" "$pins/of-taskhold"
"$patched" struct_ops register "$objects/bpftool_tcp.bpf.o" "$pins/tcp" 2>"$work/registered"
"$patched" struct_ops unregister name by_itself 2>"$work/registered"
tcp=$(id_of map policy struct_ops)
"$patched" map pin id "$tcp" "$pins/of-tcp"
btf=$(id_of btf taskhold)

missing="struct_ops requires kernel CONFIG_DEBUG_INFO_BTF=y"
check "show without BTF fails" fails_with "$missing" without_btf "$patched" struct_ops show
check "also as JSON" fails_as_json "$missing" without_btf "$patched" -j struct_ops show
check "so does dump" fails_as_json "$missing" without_btf "$patched" -j struct_ops dump
check "and show of one" fails_as_json "$missing" without_btf "$patched" -j struct_ops show id "$map"
check "and unregister" fails_with "$missing" without_btf "$patched" struct_ops unregister id "$map"
check "and map dump" fails_as_json "failed to get kernel btf" without_btf "$patched" -j map dump id "$map"

forbidden="can't get module BTF id $btf for the type of map policy id $map: Operation not permitted (needs CAP_SYS_ADMIN)"
check "a module's BTF needs a capability" fails_with "$forbidden" \
	without_sys_admin "$patched" map dump pinned "$pins/of-taskhold"
check "also as JSON" fails_as_json "$forbidden" \
	without_sys_admin "$patched" -j map dump pinned "$pins/of-taskhold"
# whose status is that of the lookup alone
check "and to print what is looked up" says "$forbidden" \
	without_sys_admin "$patched" map lookup pinned "$pins/of-taskhold" key 0 0 0 0
check "vmlinux's needs none, as ever" as_before "$patched" map dump pinned "$pins/of-tcp"
check "also as JSON" as_before "$patched" -j map dump pinned "$pins/of-tcp"
check "all maps need it" fails_with "can't get next map: Operation not permitted" \
	without_sys_admin "$patched" struct_ops show

check "what is not there is not shown" fails_as_json "can't get map by id (999999)" \
	"$patched" -j struct_ops dump id 999999
check "nor what is no struct_ops" fails_with "is not a struct_ops map" \
	"$patched" struct_ops dump id "$(id_of map ring)"
check "nor unregistered" fails_with "no struct_ops found for nobody" \
	"$patched" struct_ops unregister name nobody
finish
