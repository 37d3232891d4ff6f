// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/cli/policy_*: a policy whose attach() and admit() return what they are told
 * to, and whose attach() can be made to last until a map says that it may end, or for
 * lasts_ns if none does; the map is pinned by its name. Its companions are on a kprobe and
 * on a tracepoint, where libbpf makes perf events. An optional policy has no function, and
 * so no program.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

const volatile int attach_result;
const volatile int admit_result;
const volatile __u64 lasts_ns;

struct cli_state {
	__u32 go;	/* in: attach() may end */
	__u32 inside;	/* out: it is in there */
	__u64 kprobes, tracepoints;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cli_state);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cli_state SEC(".maps");

static struct cli_state *state(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&cli_state, &key);
}

static int nothing(__u32 i, void *ctx)
{
	return 0;
}

static int until_go(__u32 i, __u64 *end)
{
	struct cli_state *s = state();

	if (!s || s->go || bpf_ktime_get_ns() > *end)
		return 1;
	bpf_loop(1 << 18, nothing, NULL, 0);
	return 0;
}

SEC("struct_ops.s/attach")
int BPF_PROG(on_attach)
{
	struct cli_state *s = state();
	__u64 end;

	if (s && lasts_ns) {
		s->inside = 1;
		end = bpf_ktime_get_ns() + lasts_ns;
		bpf_loop(1 << 23, until_go, &end, 0);
		s->inside = 0;
	}
	return attach_result;
}

SEC("struct_ops/admit")
int BPF_PROG(on_admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	return admit_result;
}

SEC("kprobe/do_exit")
int count_kprobe(void *ctx)
{
	struct cli_state *s = state();

	if (s)
		__sync_fetch_and_add(&s->kprobes, 1);
	return 0;
}

SEC("tracepoint/sched/sched_process_exit")
int count_exits(void *ctx)
{
	struct cli_state *s = state();

	if (s)
		__sync_fetch_and_add(&s->tracepoints, 1);
	return 0;
}

SEC(".struct_ops.link")
struct taskhold_ops told = {
	.name = "cli-told",
	.attach = (void *)on_attach,
	.admit = (void *)on_admit,
};

SEC("?.struct_ops.link")
struct taskhold_ops bare = {
	.name = "cli-bare",
	.max_held = 1,
};

char LICENSE[] SEC("license") = "GPL";
