// SPDX-License-Identifier: GPL-2.0-only
/* features_conntrack: what features.bpf.c is for, of entries of conntrack in maps. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kptr.bpf.h"
#include "features.bpf.h"

/* conntrack's, which may be a module that is not loaded; the flavour is this file's. */
struct bpf_ct_opts___features {
	s32 netns_id;
	s32 error;
	u8 l4proto;
	u8 dir;
	u8 reserved[2];
};

extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
					 u32 tuple__sz, struct bpf_ct_opts___features *opts,
					 u32 opts__sz) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *ct) __ksym __weak;
extern struct nf_conn *bpf_ct_kptr_get(struct nf_conn **slot, struct bpf_sock_tuple *tuple,
				       u32 tuple__sz, u8 l4proto, u8 dir) __ksym __weak;

SLOT_MAP(conns, struct nf_conn, __kptr)

/* What must load before anything can be said about conntrack. */
SEC("tc")
int conntrack(struct __sk_buff *skb)
{
	struct bpf_ct_opts___features opts = { .l4proto = 17, .netns_id = -1 };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *ct;

	ct = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (ct)
		bpf_ct_release(ct);
	return 0;
}

SEC("tc")
int ct_kptr_get(struct __sk_buff *skb)
{
	struct conns_value *v = conns_first();
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *ct;

	if (!v)
		return 0;
	ct = bpf_ct_kptr_get(&v->slot, &tuple, sizeof(tuple.ipv4), 17, 0);
	if (ct)
		bpf_ct_release(ct);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
