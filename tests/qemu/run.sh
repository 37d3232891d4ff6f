#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2054,SC2317 # commas of QEMU in arrays; functions of traps
#
# Boots a kernel in QEMU, with this machine's root as the guest's (read-only,
# changes go to memory), and runs COMMAND as root in it. Succeeds only where the
# command did, the kernel's log is clean and the module could be unloaded with
# nothing left behind. Everything but the last word, which is the guest's, can
# be read afterwards in the output directory: console.log, output.log,
# dmesg.log, log-scan.txt, holders.txt, kmemleak.txt, verdict.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

usage() {
	cat <<EOF
usage: run.sh [OPTION]... -- COMMAND [ARGUMENT]...
   or: run.sh [OPTION]... --interactive [-- COMMAND [ARGUMENT]...]
  --kernel IMAGE    boot this kernel (the fetched stock kernel)
  --modules DIR     its modules, as /lib/modules/RELEASE (the fetched ones)
  --out DIR         where logs and results go, writable in the guest at the
                    same place and named by \$TASKHOLD_OUT (out/guest/NAME)
  --name NAME       what messages call this run (guest)
  --smp N           processors (2)
  --mem SIZE        memory (4G)
  --timeout SECONDS until the guest is given up (300)
  --slow N          the kernel is so many times slower: bounds of waiting in the
                    guest are multiplied by it (1)
  --icount          one guest nanosecond is one instruction; one processor
  --plugin SPEC     a plugin for QEMU, with --icount or --tcg: FILE,NAME=VALUE,...
  --append ARGS     more for the kernel's command line
  --allow FILE      patterns of log lines that are expected, may be repeated
  --tcg             do not try KVM
EOF
}

name=guest out='' kernel='' modules='' smp=2 mem=4G limit=300 icount='' append=''
interactive=no tcg='' plugin='' slow=1 allow=()
# The tests have one of their own.
kvm=${TASKHOLD_KVM:-/dev/kvm}
while (($# > 0)); do
	case $1 in
	--kernel) kernel=$2 ;;
	--modules) modules=$2 ;;
	--out) out=$2 ;;
	--name) name=$2 ;;
	--smp) smp=$2 ;;
	--mem) mem=$2 ;;
	--timeout) limit=$2 ;;
	--slow) slow=$2 ;;
	--plugin) plugin=$2 ;;
	--append) append=$2 ;;
	--allow) allow+=("$2") ;;
	--icount | --interactive | --tcg)
		case $1 in
		--icount) icount=yes ;;
		--interactive) interactive=yes ;;
		--tcg) tcg=yes ;;
		esac
		shift
		continue
		;;
	--)
		shift
		break
		;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		usage >&2
		die "unknown option '$1'"
		;;
	esac
	shift 2
done
command=("$@")
if ((${#command[@]} == 0)); then
	[[ $interactive == yes ]] || { usage >&2 && die "no command"; }
	command=(tests/qemu/shell.sh)
fi

require qemu-system-x86_64 qemu-system-x86
require cpio cpio
require busybox busybox-static
require modprobe kmod
require timeout coreutils
require flock util-linux

cache=$(cache_dir)
mkdir -p "$cache"
# make leaves what kernel.sh said, which takes a second to ask again.
stock=$TASKHOLD_ROOT/out/stock.env
stock_value() {
	sed -n "s/^$1=//p" <<<"$answers"
}
answers=
[[ ! -r $stock ]] || answers=$(<"$stock")
if [[ ! -r $(stock_value VMLINUZ) || ! -x $(stock_value BPFTOOL) ]]; then
	answers=$("$TASKHOLD_ROOT/scripts/kernel.sh" tools) || exit 1
fi
kernel=${kernel:-$(stock_value VMLINUZ)}
modules=${modules:-$(stock_value KMODULES)}
tools=$(dirname "$(stock_value BPFTOOL)")
[[ -r $kernel ]] || die "$kernel: no kernel image there, or it may not be read"
[[ -r $modules/modules.dep.bin ]] ||
	die "$modules: no modules.dep.bin there; run depmod on it"
modules=$(realpath "$modules")
kver=${modules##*/}
out=${out:-$TASKHOLD_ROOT/out/guest/$name}
mkdir -p "$out"
out=$(realpath "$out")

# Results of an earlier run must not be taken for this one's.
rm -f "$out"/{console.log,output.log,dmesg.log,log-scan.txt,holders.txt,kmemleak.txt,verdict,log.allow}
tty_size=
[[ ! -t 0 ]] || tty_size=$(stty size)
work=$(mktemp -d)
qemu=
cleanup() {
	if [[ -n $qemu ]] && kill -0 "$qemu" 2>/dev/null; then
		kill "$qemu"
		# its status is that of the signal
		wait "$qemu" || qemu=
	fi
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

: >"$out/log.allow"
if ((${#allow[@]} > 0)); then
	cat "${allow[@]}" >"$out/log.allow"
fi

# make_initramfs PROBE FILE
make_initramfs() {
	local dir=$work/initramfs wanted module path
	local -A seen=()

	rm -rf "$dir"
	mkdir -p "$dir"/{bin,dev,proc,sys,modules}
	cp "$(command -v busybox)" "$dir/bin/busybox"
	cp "$TASKHOLD_ROOT/tests/qemu/init.sh" "$dir/init"
	chmod 755 "$dir/init"
	printf '%s=%q\n' PROBE "$1" PROJECT "$TASKHOLD_ROOT" OUT "$out" \
		MODULES "$modules" KVER "$kver" TOOLS "$tools" CACHE "$cache" \
		INTERACTIVE "$interactive" SLOW "$slow" TERM "${TERM:-linux}" \
		TTY_SIZE "$tty_size" >"$dir/config"
	printf '%q ' "${command[@]}" >"$dir/command"

	: >"$dir/modules/order"
	wanted=(virtio_pci virtio_console)
	[[ $1 == yes ]] || wanted+=(9pnet_virtio 9p overlay)
	for module in "${wanted[@]}"; do
		# "insmod PATH" for each dependency first, or "builtin NAME"
		while read -r kind path _; do
			[[ $kind == insmod && -z ${seen[$path]:-} ]] || continue
			seen[$path]=1
			unpack_module "$path" "$dir/modules"
		done < <(modprobe -d "${modules%/lib/modules/*}" -S "$kver" \
				--show-depends "$module" || echo "insmod missing:$module")
	done
	(cd "$dir" && find . -print0 | cpio --null -o -H newc --quiet) >"$2"
}

unpack_module() {
	local file=${1##*/}

	case $file in
	missing:*) die "kernel $kver has no module ${file#missing:}, which the guest's root needs" ;;
	*.ko.xz) xz -dc "$1" >"$2/${file%.xz}" ;;
	*.ko.zst) zstd -qdc "$1" >"$2/${file%.zst}" ;;
	*.ko.gz) gzip -dc "$1" >"$2/${file%.gz}" ;;
	*.ko) cp "$1" "$2/" ;;
	*) die "$1: no known kind of module" ;;
	esac
	file=${file%.xz} file=${file%.zst}
	echo "${file%.gz}" >>"$2/order"
}

# qemu_args INITRAMFS: common to the probe and to the guest
qemu_args() {
	args=(
		-nodefaults -no-user-config -no-reboot -display none
		-machine pc,usb=off
		-kernel "$kernel" -initrd "$1"
		-device virtio-serial-pci
		-chardev "file,id=verdict,path=$work/verdict"
		-device virtserialport,chardev=verdict,name=taskhold.verdict
	)
	cmdline="console=ttyS0 oops=panic panic=-1 loglevel=5 log_buf_len=16M apparmor=0 audit=0"
	# ACPI's table of interrupts is a program here, which a kernel that looks for
	# misuse of memory runs for as long as the interpreter allows, half a minute
	# for each device; after that they have none. The other table says the same.
	((slow == 1)) || cmdline+=" pci=noacpi"
	cmdline+=" no_timer_check random.trust_cpu=on"
}

# kvm_group: what helps who may not open it, if its group does.
kvm_group() {
	local group

	group=$(stat -c %G "$kvm")
	[[ $(stat -c %A "$kvm") != ????rw* || $group == root ]] ||
		echo ", which 'sudo adduser $(id -un) $group' and logging in anew would mend"
}

# KVM can be there and not work, or work and be unusably slow where it is
# nested: only a guest that got somewhere says that it does. The answer holds
# until the machine boots again; why there is emulation is said each time.
kvm_works() {
	local answer why

	[[ -z $icount && -z $tcg && -e $kvm ]] || return 1
	# Opened, as modes do not tell what a container's device cgroup forbids.
	if ! why=$({ : <>"$kvm"; } 2>&1); then
		note "$kvm cannot be opened by $(id -un) (${why##*: })$(kvm_group), so QEMU emulates the processor, which is slow"
		return 1
	fi
	answer=$cache/kvm-$(</proc/sys/kernel/random/boot_id)
	# Of two at once the second would take the first one's answer away, and each have
	# the other's guest make its own slow. Nothing that is started keeps the lock.
	exec {probing}>"$cache/kvm.lock"
	flock "$probing"
	if [[ ! -e $answer ]]; then
		rm -f "$cache"/kvm-*
		make_initramfs yes "$work/probe.cpio"
		qemu_args "$work/probe.cpio"
		# A QEMU that aborts makes this shell say so: that goes to the log too.
		(
			timeout --foreground -k 10 20 qemu-system-x86_64 "${args[@]}" -accel kvm -cpu host \
				-m 512M -append "$cmdline" -serial null ||
				echo "QEMU ended with status $?"
		) >"$work/probe.log" 2>&1 {probing}>&-
		if [[ -s $work/verdict && $(<"$work/verdict") == probe=ok ]]; then
			echo yes >"$answer.new"
		else
			echo no >"$answer.new"
		fi
		mv "$answer.new" "$answer"
		rm -f "$work/verdict"
	fi
	exec {probing}>&-
	[[ $(<"$answer") != yes ]] || return 0
	note "$kvm is there but no guest boots with it (tried once; remove $answer to try again), so QEMU emulates the processor, which is slow"
	return 1
}

if kvm_works; then
	accel=(-accel kvm -cpu host -smp "$smp")
elif [[ -n $icount ]]; then
	accel=(-accel tcg -icount shift=0,sleep=off -cpu max -smp 1)
else
	# One thread for all processors: with one each, a processor may run the
	# breakpoint of a jump label after the kernel has patched it away, and
	# the kernel dies of that ("Oops: int3"). What it has translated QEMU knows by
	# the virtual address, so that with places chosen at random each exec has its
	# program and the C library translated anew, half of the time of a short one; and it moves "rep movsb", which a processor with ERMS is given
	# for all copies, byte by byte. Above, counts are compared with earlier ones.
	accel=(-accel tcg,thread=single -cpu max,-erms,-fsrm -smp "$smp")
	append+=" norandmaps"
fi

make_initramfs no "$work/initramfs.cpio"
qemu_args "$work/initramfs.cpio"
args+=(
	"${accel[@]}" -m "$mem"
	-device virtio-rng-pci
	-virtfs "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
	-virtfs "local,path=${out//,/,,},mount_tag=out,security_model=none,multidevs=remap"
	-device virtserialport,chardev=output,name=taskhold.output
	-append "$cmdline $append"
)
[[ -z $plugin ]] || args+=(-plugin "$plugin")
started=$SECONDS
status=0
# The output goes through a file: a chardev on stdio is taken for hung up once
# its standard input ends, and the guest then waits for it for ever.
: >"$out/output.log"
args+=(-chardev "file,id=output,append=on,path=${out//,/,,}/output.log")
if [[ $interactive == yes ]]; then
	args+=(-chardev "stdio,id=console,signal=off,mux=on,logfile=${out//,/,,}/console.log"
	       -serial chardev:console -mon chardev=console)
	timeout --foreground "$limit" qemu-system-x86_64 "${args[@]}" || status=$?
else
	args+=(-serial "file:$out/console.log")
	timeout -k 10 "$limit" qemu-system-x86_64 "${args[@]}" </dev/null &
	qemu=$!
	tail -n +1 -s 0.1 --pid="$qemu" -f "$out/output.log" &
	tail=$!
	wait "$qemu" || status=$?
	qemu=
	wait "$tail"
fi
seconds=$((SECONDS - started))

show_end() {
	local file

	for file in "$@"; do
		[[ -s $file ]] || continue
		printf -- '--- end of %s\n' "$file" >&2
		tail -n 40 "$file" | tr -d '\r' >&2
	done
}
fail() {
	note "$name: $*"
	show_end "$out/console.log"
	exit 1
}

# A word that is not complete was not said: the guest died while it spoke.
verdict=$work/verdict
if [[ ! -s $verdict || $(tail -n 1 "$verdict") != end ]]; then
	((status != 124)) || fail "no verdict within $limit s; the guest was stopped"
	fail "the guest ended without a verdict after $seconds s, QEMU with status $status"
fi
cp "$verdict" "$out/verdict"
said() {
	sed -n "s/^$1=//p" "$verdict"
}

# What was printed after the guest read its log: between its verdict and the end.
# Where there was a shell on it, what somebody typed and read is there as well.
console=clean
if [[ $interactive == no ]]; then
	"$TASKHOLD_ROOT/tests/qemu/scan-log.sh" --allow "$out/log.allow" "$out/console.log" \
		>"$work/console-scan" 2>&1 || console=dirty
fi

# first_of FILE: what a scan found first, for who sees no more than the reason
first_of() {
	[[ -r $1 ]] || return 0
	sed -n '1s/^[^:]*: //p' "$1" | tr -d '\r'
}

failed=()
if [[ $(said log) != clean ]]; then
	failed+=("the kernel's log is not clean: $(first_of "$out/log-scan.txt")")
elif [[ $console != clean ]]; then
	failed+=("the console's log is not clean: $(first_of "$work/console-scan")")
fi
[[ $(said leaks) == none ]] || failed+=("$(said leaks)")
((status == 0)) || failed+=("QEMU ended with status $status")
if ((${#failed[@]} > 0)); then
	printf -v reasons '%s; ' "${failed[@]}"
	note "$name: ${reasons%; }"
	[[ $(said log) == dirty ]] || show_end "$work/console-scan"
	show_end "$out/log-scan.txt" "$out/holders.txt" "$out/kmemleak.txt"
	exit 1
fi
# The command's own status is the last thing to say, so that a caller can tell
# it from ours only where ours would be 0.
exit "$(said status)"
