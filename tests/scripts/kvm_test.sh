#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# where: host
# timeout: 120
#
# Where KVM cannot be had, the runner says why in one line, each time. Nothing is
# booted: in QEMU's place is a script that fails, as QEMU does without KVM.
set -euo pipefail
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
run=$(cd "$(dirname "$0")/../qemu" && pwd -P)/run.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/bin"
export FAKE=$work XDG_CACHE_HOME=$work/cache
cat >"$work/bin/qemu-system-x86_64" <<'SCRIPT'
#!/bin/bash
echo "$*" >>"$FAKE/calls"
# one that is there to try KVM has another runner beside it
if [[ -n ${BESIDE:-} && "$*" == *"-accel kvm"* ]]; then
	"$FAKE/beside"
fi
exit 1
SCRIPT
chmod 755 "$work/bin/qemu-system-x86_64"

# emulates KVM OPTION...: a run with this for /dev/kvm; why it emulates.
emulates() {
	: >"$work/calls"
	TASKHOLD_KVM=$1 PATH=$work/bin:$PATH "$run" --out "$work/out" "${@:2}" -- true >"$work/said" 2>&1 &&
		echo "it ended well, without a guest"
	sed -n '/QEMU emulates/p' "$work/said"
}
calls() {
	same "$(wc -l <"$work/calls")" "$1"
}

touch "$work/kvm"
plan 15
check "no KVM is nothing to speak of" same "$(emulates "$work/none")" ""
why=$(emulates "$work")
check "KVM that cannot be opened: one line, with the reason" grep -q "^run.sh: $work cannot be opened by .*(Is a directory)" <<<"$why"
check "and no more" same "$(wc -l <<<"$why")" 1
check "it has not been tried with a guest" calls 1
group=$(id -gn)
[[ $group != root ]] || group=daemon
chgrp "$group" "$work"
check "its group is no help where it may not open it" same "$(grep -c "adduser" <<<"$(emulates "$work")")" 0
chmod 770 "$work"
check "it is named where it may" grep -q "(Is a directory), which 'sudo adduser $(id -un) $group' and" <<<"$(emulates "$work")"
why=$(emulates "$work/kvm")
check "KVM that boots no guest: one line" grep -q "^run.sh: $work/kvm is there but no guest boots with it" <<<"$why"
check "and no more" same "$(wc -l <<<"$why")" 1
check "it has been tried" calls 2
check "the next run says the same" same "$(emulates "$work/kvm")" "$why"
check "without trying again" calls 1
check "nor is it said where emulation was asked for" same "$(emulates "$work/kvm" --tcg)" ""

# Two at once: the one that tries starts another, and goes on when that is seen to wait
# for the lock, or to try as well.
rm "$work"/cache/taskhold/kvm-*
printf '#!/bin/bash\nrun=%q\n' "$run" >"$work/beside"
cat >>"$work/beside" <<'SCRIPT'
tries() {
	grep -c -- '-accel kvm' "$FAKE/calls"
}
(
	exec 9>"$FAKE/running"
	flock 9
	BESIDE='' exec "$run" --out "$FAKE/other" -- true
) >"$FAKE/other-said" 2>&1 &
inode=$(stat -c %i "$XDG_CACHE_HOME/taskhold/kvm.lock")
end=$((SECONDS + 20))
until grep -q "^[0-9]*: -> FLOCK .*:$inode " /proc/locks || (($(tries) > 1 || SECONDS > end)); do
	continue
done
SCRIPT
chmod 755 "$work/beside"
said=$(BESIDE=yes emulates "$work/kvm")
flock -w 20 "$work/running" true
check "of two at once one tries" same "$(grep -c -- '-accel kvm' "$work/calls")" 1
check "and both say what came of it" same "$said" "$(sed -n '/QEMU emulates/p' "$work/other-said")"
check "which is that it boots no guest" same "$said" "$why"
finish
