# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sources, patches and configurations of the kernels that are built here; sourced
# after scripts/lib.sh and scripts/download.sh, never run.

SERIES=6.12
# shellcheck disable=SC2034 # for those who source this
mapfile -t PATCHES < <(sed "s|^|$TASKHOLD_ROOT/kernel/patches/$SERIES/|" \
			   "$TASKHOLD_ROOT/kernel/patches/$SERIES/series")
((${#PATCHES[@]} > 0)) || die "kernel/patches/$SERIES/series names no patch"

# The linux-source that apt offers, from its lists or, where these do not know
# it, from new ones.
source_version() {
	local version

	version=$(source_version_known)
	if [[ -z $version ]]; then
		note "apt does not know linux-source-$SERIES yet, updating its lists"
		apt_get update
		version=$(source_version_known)
	fi
	[[ -n $version ]] ||
		die "apt offers no linux-source-$SERIES. Debian 12 has it in its security suite (bookworm-security), Debian 13 in main: see that apt's sources have them."
	printf '%s\n' "$version"
}

source_version_known() {
	apt-cache show --no-all-versions "linux-source-$SERIES" 2>/dev/null |
		sed -n 's/^Version: //p' | head -n 1
}

# fetch_source VERSION DIR: unpacks it to DIR/linux-source-6.12.
fetch_source() {
	local version=$1 dir=$2

	note "fetching linux-source-$SERIES $version"
	download "$dir/debs" "linux-source-$SERIES=$version" ||
		die "cannot download linux-source-$SERIES $version; run 'apt-get update' and try again"
	dpkg -x "$dir"/debs/*.deb "$dir/deb"
	tar -C "$dir" -xJf "$dir/deb/usr/src/linux-source-$SERIES.tar.xz"
	rm -r "$dir/deb" "$dir/debs"
}

# apply_patch SRC VERSION PATCH: exactly as it was made, since fuzz can put a
# hunk into the wrong function.
apply_patch() {
	local src=$1 version=$2 patch=$3 said

	said=$(patch -d "$src" -p1 --fuzz=0 --forward --no-backup-if-mismatch <"$patch" 2>&1) || {
		printf '%s\n' "$said" >&2
		die "${patch#"$TASKHOLD_ROOT/"} does not apply to linux-source-$SERIES $version; the ones before it did"
	}
}

# fragment_of NAME: the file, or an end with what the names are.
fragment_of() {
	local file=$TASKHOLD_ROOT/kernel/config/$1.config names

	[[ -r $file ]] || {
		names=$(cd "$TASKHOLD_ROOT/kernel/config" && printf '%s ' *.config)
		die "no kernel/config/$1.config; there are ${names//.config/}"
	}
	printf '%s\n' "$file"
}

# compiler_of FRAGMENT...: what make is told. A fragment that asks for clang gets
# the clang that the project uses for BPF.
compiler_of() {
	if grep -qs '^CONFIG_CC_IS_CLANG=y' "$@"; then
		require clang-19 clang-19
		require ld.lld-19 lld-19
		echo LLVM=-19
	else
		echo CC=gcc
	fi
}

# stock_config: of the stock kernel of the newest version.
stock_config() {
	local answers image

	answers=$("$TASKHOLD_ROOT/scripts/kernel.sh" stock) || exit 1
	image=$(sed -n 's/^VMLINUZ=//p' <<<"$answers")
	cat "${image/vmlinuz-/config-}"
}

# What a fragment says of where it begins, "# NAME: value" in its head; of several names
# by "NAME|NAME", in the order in which they stand.
fragment_directive() {
	local name=$1
	shift

	sed -nE "s/^# ($name): (.*)\$/\\2/p" "$@"
}

# configure LOG SRC OBJ FRAGMENT... -- MAKE...: a fragment may say in its head
#
#	# on: TARGET	a target of the kernel's Makefile to begin with, else tinyconfig;
#			"stock" is the configuration of Debian's own kernel, and
#			"nothing" leaves every option at its default
#	# want: PATH	a file in the kernel's source that goes before the fragment
#	# merge: PATH	likewise, of which not every option matters: behind those
#
# and every option that a fragment sets, or a file that it wants, has to stick.
configure() {
	local log=$1 src=$2 obj=$3 on fragment path fragments=() merge=() wanted=()
	shift 3

	while [[ $1 != -- ]]; do
		fragments+=("$1")
		shift
	done
	shift
	on=$(fragment_directive on "${fragments[@]}" | tail -n 1)
	for fragment in "${fragments[@]}"; do
		while read -r path; do
			[[ -r $src/$path ]] ||
				die "$fragment wants $path merged, which this source does not have"
			merge+=("$src/$path")
		done < <(fragment_directive 'want|merge' "$fragment")
		while read -r path; do
			wanted+=("$src/$path")
		done < <(fragment_directive want "$fragment")
		merge+=("$fragment")
		wanted+=("$fragment")
	done
	if [[ $on == stock ]]; then
		stock_config >"$obj/.config"
	elif [[ $on == nothing ]]; then
		: >"$obj/.config"
	else
		run_logged "$log" "$@" "${on:-tinyconfig}"
	fi
	run_logged "$log" env -C "$src" scripts/kconfig/merge_config.sh -m -O "$obj" \
		"$obj/.config" "${merge[@]}"
	run_logged "$log" "$@" olddefconfig
	check_config "$obj/.config" "${wanted[@]}"
}

# drop_modules OBJ: so that the next build links them anew. kbuild writes the BTF of
# a module again where vmlinux has changed, but resolve_btfids sorts a set of IDs with
# their flags in place: of one that has been sorted before, IDs get others' flags.
drop_modules() {
	find "$1" -name '*.ko' -delete
}

# check_config CONFIG FRAGMENT...: an option whose dependencies are not met is
# dropped by kconfig without a word.
check_config() {
	local config=$1 line option wanted got lost=()
	shift

	# of several fragments the last one has the say
	while read -r line; do
		case $line in
		CONFIG_*=*)
			option=${line%%=*} wanted=$line
			;;
		'# CONFIG_'*' is not set')
			option=${line#\# } option=${option%% *} wanted=$line
			;;
		*) continue ;;
		esac
		got=$(grep -E "^(# )?$option(=| is not set)" "$config" || echo "# $option is not set")
		[[ $got == "$wanted" ]] || lost+=("$wanted (is: $got)")
	done < <(cat "$@" | awk '
		/^(CONFIG_[A-Za-z0-9_]+=|# CONFIG_[A-Za-z0-9_]+ is not set$)/ {
			match($0, /CONFIG_[A-Za-z0-9_]+/)
			option = substr($0, RSTART, RLENGTH)
			if (!(option in last)) order[++n] = option
			last[option] = $0
		}
		END { for (i = 1; i <= n; i++) print last[order[i]] }')
	((${#lost[@]} == 0)) || die "options that did not stick: $(printf '%s; ' "${lost[@]}")see what they depend on"
}
