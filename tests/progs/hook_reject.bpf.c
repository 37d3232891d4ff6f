// SPDX-License-Identifier: GPL-2.0-only
/* Types of programs that must not be able to call the kfuncs. */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"

struct taskhold_stats stats;

/* One program of each type that a kfunc of a module could be given to. */
#define REFUSED(section, name)								\
SEC(section)										\
__why("no kfunc for " section)								\
__failure __msg("calling kernel function taskhold_stats_read is not allowed")		\
int name(void *ctx)									\
{											\
	return taskhold_stats_read(&stats, sizeof(stats));				\
}

REFUSED("kprobe/do_exit", in_kprobe)
REFUSED("raw_tp/sched_process_exit", in_raw_tp)
REFUSED("perf_event", in_perf_event)
REFUSED("xdp", in_xdp)
REFUSED("tc", in_tc)
REFUSED("socket", in_socket)
REFUSED("cgroup/sock_create", in_cgroup_sock)
REFUSED("cgroup_skb/ingress", in_cgroup_skb)
REFUSED("sk_msg", in_sk_msg)
REFUSED("lwt_in", in_lwt)
REFUSED("netfilter", in_netfilter)

char LICENSE[] SEC("license") = "GPL";
