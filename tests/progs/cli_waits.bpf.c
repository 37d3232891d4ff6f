// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/cli/policy_ending: a policy whose attach() or detach() reads memory of its
 * caller, which may take as long as that likes. Its companions stop who attaches a
 * policy or pins something first, while that is done.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#define SIGSTOP	19

extern int bpf_copy_from_user_str(void *dst, __u32 dst__sz, const void *unsafe_ptr__ign,
				  __u64 flags) __ksym;

/* addresses, 0: nothing is read */
const volatile __u64 attach_reads;
const volatile __u64 detach_reads;
/* who attaches is stopped, and not who pins */
const volatile bool stops_early;

bool sent;

static void read_at(__u64 address)
{
	char text[2];

	if (address)
		bpf_copy_from_user_str(text, sizeof(text), (void *)address, 0);
}

static void stop_once(void)
{
	if (!sent)
		bpf_send_signal(SIGSTOP);
	sent = true;
}

SEC("fentry/bpf_struct_ops_link_create")
int BPF_PROG(stop_at_link)
{
	if (stops_early)
		stop_once();
	return 0;
}

SEC("fentry/bpf_obj_pin_user")
int BPF_PROG(stop_at_pin)
{
	if (!stops_early)
		stop_once();
	return 0;
}

SEC("struct_ops.s/attach")
int BPF_PROG(waits_attach)
{
	read_at(attach_reads);
	return 0;
}

SEC("struct_ops.s/detach")
void BPF_PROG(waits_detach, const struct taskhold_exit_info *info)
{
	read_at(detach_reads);
}

SEC(".struct_ops.link")
struct taskhold_ops waits = {
	.name = "waits",
	.attach = (void *)waits_attach,
	.detach = (void *)waits_detach,
};

char LICENSE[] SEC("license") = "GPL";
