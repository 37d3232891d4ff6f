# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Builds modules with kbuild, and fails where one has no usable BTF; sourced,
# after lib.sh. Needed by DKMS too, so it uses nothing but what dkms-source.sh
# copies.

# kbuild_modules KVER KDIR OUT SOURCE...: builds what the Kbuild among the
# SOURCEs says, for kernel KVER against the headers KDIR, into OUT. The sources
# are linked into a directory of their own, so several kernels can be built for
# at once and the checkout stays clean.
kbuild_modules() {
	local kver=$1 kdir=$2 out=$3 build log ko base hash section links major name status=0
	local -a options=() compiler=() built=()
	shift 3

	[[ -e $kdir/Makefile ]] ||
		die "$kdir: no kernel headers there; install linux-headers-$kver, or name others with KDIR="
	mkdir -p "$out"
	out=$(cd "$out" && pwd -P)
	kdir=$(cd "$kdir" && pwd -P)
	require make make
	require pahole dwarves

	grep -qs '^CONFIG_DEBUG_INFO_BTF_MODULES=y' "$kdir/include/config/auto.conf" ||
		die "kernel $kver ($kdir) was built without CONFIG_DEBUG_INFO_BTF_MODULES; taskhold needs its module's BTF"

	base=$("$TASKHOLD_ROOT/scripts/base-btf.sh" "$kver" "$kdir" "$out/base") || exit 1

	# The hash of what the running kernel has in /sys/kernel/btf/vmlinux.
	if [[ $(od -An -tx1 -N2 "$base" | tr -d ' ') == 9feb ]]; then
		hash=$(sha256sum <"$base")
	else
		section=$(mktemp)
		objcopy --dump-section .BTF="$section" "$base" /dev/null ||
			{ rm -f "$section"; die "$base: its BTF cannot be read"; }
		hash=$(sha256sum <"$section")
		rm -f "$section"
	fi
	hash=${hash%% *}

	# kbuild takes the BTF from a vmlinux beside the headers' Makefile and nowhere
	# else. Where there is none, or one without BTF, it is given the headers through
	# a directory that has one.
	if [[ $base != "$(realpath -m "$kdir/vmlinux")" ]]; then
		links=$out/kdir-$kver
		rm -rf "$links"
		mkdir "$links"
		# Files are copied: what writes to one must not reach the headers.
		find "$kdir" -mindepth 1 -maxdepth 1 -xtype f ! -name vmlinux ! -name '*.o' \
			-exec cp -t "$links" {} +
		find "$kdir" -mindepth 1 -maxdepth 1 -xtype d -exec ln -s -t "$links" {} +
		ln -s "$base" "$links/vmlinux"
		kdir=$links
		# Newer headers name the folder they were packaged for.
		options+=(KBUILD_OUTPUT="$links")
	fi

	build=$out/build-$kver
	# Of a kernel that was built anew under its name kbuild sees nothing, and keeps
	# modules whose BTF stands on the other one's.
	if [[ -e $build && $(cat "$build/.base-btf" 2>/dev/null) != "$hash" ]]; then
		rm -rf "$build"
	fi
	mkdir -p "$build"
	echo "$hash" >"$build/.base-btf"
	find "$build" -type l -delete
	cp -rs "$@" "$build/"

	# A module must be built by the compiler family that built the kernel.
	if grep -qs '^CONFIG_CC_IS_CLANG=y' "$kdir/include/config/auto.conf"; then
		major=$(sed -nE 's/^CONFIG_CLANG_VERSION=([0-9]+)[0-9]{4}$/\1/p' "$kdir/include/config/auto.conf")
		if command -v "clang-$major" >/dev/null; then
			compiler=(LLVM="-$major")
		else
			compiler=(LLVM=1)
		fi
	fi

	# What a caller's make was told reaches kbuild only by name: DKMS adds a CC of
	# its own, and exports ARCH as Debian calls it.
	for name in W C CF CHECK V KCFLAGS; do
		[[ -z ${!name:-} ]] || options+=("$name=${!name}")
	done
	unset MAKEFLAGS MFLAGS MAKELEVEL KERNELRELEASE ARCH CC
	# BTF on the kernel's own, not on a copy that the module brings with it: of that
	# the kernel makes other numbers when it loads the module, and the module's own
	# tables keep those of .BTF_ids. In 6.12 it is pahole that is told to make a copy,
	# in 7.2 resolve_btfids; of the latter's warnings, which its flags make errors,
	# btf-gate.sh makes errors too.
	options+=(MODULE_PAHOLE_FLAGS='' RESOLVE_BTFIDS_FLAGS='')
	log=$build/make.log
	make -C "$kdir" M="$build" -j"${JOBS:-$(nproc)}" "${compiler[@]}" "${options[@]}" \
		TASKHOLD_BASE_BTF="$hash" modules >"$log" 2>&1 || status=$?
	cat "$log"
	((status == 0)) || die "the modules do not build for $kver; the log is $log"

	mapfile -t built < <(find "$build" -name '*.ko')
	((${#built[@]} > 0)) || die "no module came of the build; the log is $log"
	for ko in "${built[@]}"; do
		if ! "$TASKHOLD_ROOT/scripts/btf-gate.sh" "$ko" "$log"; then
			# The next run must not find it finished.
			rm -f "$ko"
			exit 1
		fi
	done
	for ko in "${built[@]}"; do
		cp "$ko" "$out/${ko##*/}.new"
		mv "$out/${ko##*/}.new" "$out/${ko##*/}"
		note "$out/${ko##*/} for $kver"
	done
}
