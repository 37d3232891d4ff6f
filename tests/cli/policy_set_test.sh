#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
#
# --set: a variable of each type by its bounds, as bpftool reads it from the kernel, and
# beyond them; members; names that there are none of. Where anything is wrong nothing is
# attached. What is wrong of files is here, too, as each is one line.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/lib/policy_cli.sh
. "$(dirname "$0")/../lib/policy_cli.sh"

object=$objects/cli_policy.bpf.o
# sets NAME=VALUE...: what is bad is the last of them
sets() {
	local setting options=()

	for setting; do
		options+=(--set "$setting")
	done
	policy attach "$object" --pin "$pins/a" "${options[@]}"
}
# dump_knobs: the object's variables as the kernel has them, by the map's BTF; bpftool takes
# a second to list maps in the guest, so once for all
dump_knobs() {
	"$bpftool" -j map dump id "$("$bpftool" -j map list | evaluate \
		"max(m['id'] for m in r if m.get('name', '').endswith('.rodata') and m['name'].startswith('cli_poli'))")" \
		>"$work/knobs"
}
# knob NAME: as Python shows what was dumped
knob() {
	evaluate "{k: v for d in r[0]['formatted']['value']['.rodata'] for k, v in d.items()}['$1']" <"$work/knobs"
}
# has NAME=VALUE...: they are set, and bpftool sees in the kernel what VALUE is in Python.
has() {
	local setting value

	dump_knobs
	for setting; do
		value=$(knob "${setting%%=*}" | tr -d "'\"")
		[[ $value == "${setting#*=}" ]] || {
			echo "$setting: it is $value"
			return 1
		}
	done
}
least=(s_8=-128 s_16=-32768 s_32=-2147483648 s_64=-9223372036854775808
	u_8=0 u_16=0 u_32=0 u_64=0)
most=(s_8=127 s_16=32767 s_32=2147483647 s_64=9223372036854775807
	u_8=255 u_16=65535 u_32=4294967295 u_64=18446744073709551615)
beyond=(s_8=128 s_8=-129 s_16=32768 s_32=2147483648 s_64=9223372036854775808
	s_64=-9223372036854775809 u_8=256 u_16=65536 u_32=4294967296 u_64=18446744073709551616
	u_8=-1 u_64=-1 u_8= u_8=x u_8=1x "u_8= 1" u_8=+1)

plan 50
check "the least of all integers" sets "${least[@]}" hold=false colour=BLUE text=
check "is there" has "${least[@]}" hold=False
check "it goes" policy detach cli
check "the most" sets "${most[@]}" hold=1 colour=GREEN wide=WIDE text=1234567
check "is there" has "${most[@]}" hold=True
check "and the text" same "$(knob text | tr -dc 1-9)" 1234567
check "it goes too" policy detach cli
check "in hexadecimal" sets u_8=0xff u_16=0x10
check "is the same" has u_8=255 u_16=16
check "it goes as well" policy detach cli

for setting in "${beyond[@]}"; do
	check "not $setting" exits 2 "--set $setting: want " sets "$setting"
done
check "the range and the type are told" exits 2 "want -128 to 127 (__s8)" sets u_8=1 s_8=300
check "no bool" exits 2 "want true, false, 1 or 0 (bool)" sets hold=2
check "no enumerator" exits 2 "want RED, GREEN, BLUE (enum colour)" sets colour=PINK
check "a number of none" exits 2 "want RED, GREEN, BLUE (enum colour)" sets colour=2
check "a text that is too long" exits 2 "want text of 7 bytes at most (char[8])" sets text=12345678
check "a struct" exits 2 "its type is pair; bool, integers, enums and char arrays can be set" sets pair=1
check "numbers in a row" exits 2 "its type is array; bool" sets bytes=1
check "what is const alone" exits 2 "is const, not const volatile" sets fixed=1
check "a name of nothing" exits 2 "has no nothing to set; its policy has name, flags, max_held, interval_ms, and it has the variables hold, " \
	sets nothing=1
check "no value" exits 2 "want NAME=VALUE" sets hold
check "no name" exits 2 "want NAME=VALUE" sets =1
check "a member over its bound" exits 2 "--set max_held: want 0 to 4194304" sets max_held=4194305
check "a flag that there is not" exits 2 "--set flags: want 0 to 1" sets flags=2
check "a bad name" exits 2 "--set name: want 1 to 31 of [A-Za-z0-9_.-]" sets "name=a b"
check "a name that is too long" exits 2 "want text of 31 bytes at most (char[32])" sets name=12345678901234567890123456789012
check "a function" exits 2 "admit is a function of the policy" sets admit=1
check "a name for two policies" exits 2 "has 2 policies, and each has a name of its own" \
	policy attach "$objects/cli_two.bpf.o" --set name=x
check "nothing of this is attached" same "$(names)" "[]"
check "members are set" sets name=other max_held=4194304 interval_ms=60000 flags=1
check "and are there" holds "(r['max_held'], r['interval_ms'], r['flags']) == (4194304, 60000, 1)" \
	policy show other --json
check "that goes" policy detach other
cp "$object" "$work/plain.o"
check "BTF is taken out" llvm-objcopy-19 --remove-section=.BTF --remove-section=.BTF.ext \
	--remove-section=.rel.BTF --remove-section=.rel.BTF.ext "$work/plain.o"
check "without it" exits 4 "has no BTF" policy attach "$work/plain.o"
finish
