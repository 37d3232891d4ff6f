# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests/bpftool, which run the bpftool of `make bpftool` in the guest and ask the
# unpatched one what is right: it knows the ids of all things, and looks no struct_ops
# type up for that. Sourced after tap.sh; makes $work, which is removed at the end
# together with all pins in $pins.

# shellcheck source=tests/qemu/module-state.sh
. "$TASKHOLD_ROOT/tests/qemu/module-state.sh"
# shellcheck source=tests/lib/json.sh
. "$TASKHOLD_ROOT/tests/lib/json.sh"

# shellcheck disable=SC2034 # tests use it
patched=$TASKHOLD_ROOT/out/bpftool/bpftool
unpatched=$(sed -n 's/^BPFTOOL=//p' "$TASKHOLD_ROOT/out/stock.env")
# shellcheck disable=SC2034 # tests use them
policies=$TASKHOLD_ROOT/out/bpf objects=$TASKHOLD_ROOT/out/tests/progs
pins=/sys/fs/bpf/bpftool-test
work=$(mktemp -d)
json_start
clean_up() {
	json_end >/dev/null
	rm -rf "$work" "$pins"
}
trap clean_up EXIT
# bpftool makes the last folder of a path, and no other.
mkdir "$pins"

# fails_as_json TEXT COMMAND...: the error is JSON, and all there is.
fails_as_json() {
	local text=$1 status=0
	shift

	"$@" >"$work/said" 2>"$work/err" || status=$?
	cat "$work/said" "$work/err"
	((status != 0)) &&
		[[ $(evaluate "list(r) == ['error'] and '''$text''' in r['error']" <"$work/said") == True ]]
}

# id_of KIND NAME [TYPE]: of the newest map, program or BTF object that has the name
id_of() {
	"$unpatched" -j "$1" list | evaluate "max(o['id'] for o in r
		if o.get('name') == '$2' and o.get('type', '') == '${3:-}' or o.get('name') == '$2' and not '${3:-}')"
}

# link_of MAP: the id of the link to a struct_ops map. All are listed, as bpftool takes
# its status from an errno that it has not set where it shows one.
link_of() {
	"$unpatched" -j link list | evaluate "[l['id'] for l in r if l.get('map_id') == $1][0]"
}

# value_of TYPE MODULE: sets what a struct_ops map's value is by the module's BTF:
# $value_id, $value_size, $data_at, the offset of what the policy sets, and $members,
# a list with the offset of each.
# shellcheck disable=SC2034 # tests use them
value_of() {
	"$unpatched" -j btf dump file "/sys/kernel/btf/$2" >"$work/btf-$2"
	read -r value_id value_size data_at members < <(evaluate "(lambda t: (lambda v, d: ' '.join([
		str(v['id']), str(v['size']), str(v['members'][1]['bits_offset'] // 8),
		repr({m['name']: m['bits_offset'] // 8 for m in d['members']})]))(
			t['bpf_struct_ops_$1'], t['$1']))(
		{t['name']: t for t in r['types'] if t['kind'] == 'STRUCT'})" <"$work/btf-$2")
}

# Maps go by a work queue, once what referred to them is gone.
map_gone() {
	[[ $("$unpatched" -j map list | evaluate "$1 not in [m['id'] for m in r]") == True ]]
}
module_idle() {
	[[ $(<"/sys/module/$1/refcnt") == 0 ]]
}
# unload MODULE: once nothing refers to it any more
unload() {
	until_true 10 module_idle "$1" && rmmod "$1"
}
