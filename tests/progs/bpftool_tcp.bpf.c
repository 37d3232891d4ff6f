// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests/bpftool: a congestion control, whose struct_ops type is vmlinux's, once
 * for a link and once to be registered by itself. It halves its window as Reno does.
 * The maps are called as those of modules' types are, so that one name is of several.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

static struct tcp_sock *of(struct sock *sk)
{
	return bpf_core_cast(sk, struct tcp_sock);
}

SEC("struct_ops")
__u32 BPF_PROG(half_window, struct sock *sk)
{
	__u32 half = of(sk)->snd_cwnd / 2;

	return half < 2 ? 2 : half;
}

SEC("struct_ops")
void BPF_PROG(keep_window, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC("struct_ops")
__u32 BPF_PROG(same_window, struct sock *sk)
{
	return of(sk)->snd_cwnd;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops policy = {
	.ssthresh = (void *)half_window,
	.cong_avoid = (void *)keep_window,
	.undo_cwnd = (void *)same_window,
	.name = "th_by_link",
};

SEC(".struct_ops")
struct tcp_congestion_ops by_itself = {
	.ssthresh = (void *)half_window,
	.cong_avoid = (void *)keep_window,
	.undo_cwnd = (void *)same_window,
	.name = "th_by_itself",
};

char LICENSE[] SEC("license") = "GPL";
