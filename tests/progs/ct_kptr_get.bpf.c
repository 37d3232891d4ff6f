// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_ct_kptr_get(): what the verifier accepts of it, and what it must refuse. A
 * kernel without the patches of kernel/patches has neither the kfunc nor kptrs of
 * conntrack's entries.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kptr.bpf.h"

#include "expect.h"

#define __no_kfunc __stock_failure __stock_msg("is referenced but wasn't resolved")

extern void bpf_ct_release(struct nf_conn *ct) __ksym;
extern struct nf_conn *bpf_ct_kptr_get(struct nf_conn **slot, struct bpf_sock_tuple *tuple,
				       u32 tuple__sz, u8 l4proto, u8 dir) __ksym __weak;

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct nf_conn *nf_conn_in_btf __hidden;
struct task_struct *task_in_btf __hidden;

struct held {
	struct nf_conn __kptr *ct;
	struct nf_conn __kptr_untrusted *unref;
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct bpf_sock_tuple tuple;
__u32 size;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

/* What was got of a slot of an element is released. */
#define GET_BY(name, slot, tuple, size)						\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	struct nf_conn *ct;							\
										\
	if (!v)									\
		return 0;							\
	ct = bpf_ct_kptr_get(slot, tuple, size, 17, 0);				\
	if (ct)									\
		bpf_ct_release(ct);						\
	return 0;								\
}

#define GET(name, slot)	GET_BY(name, slot, &tuple, sizeof(tuple.ipv4))

/* ---- what is accepted ---- */

SEC("tc")
__why("the entry in a slot, by a tuple of IPv4")
__success __no_kfunc
GET(get, &v->ct)

SEC("xdp")
__why("by the other type of program that has conntrack's kfuncs")
__success __no_kfunc
GET(get_in_xdp, &v->ct)

SEC("tc")
__why("by a tuple of IPv6")
__success __no_kfunc
GET_BY(get_ipv6, &v->ct, &tuple, sizeof(tuple.ipv6))

SEC("tc")
__why("what was got can be put into a slot")
__success __no_kfunc
int get_and_exchange(struct __sk_buff *skb)
{
	struct held *v = first();
	struct nf_conn *ct;

	if (!v)
		return 0;
	ct = bpf_ct_kptr_get(&v->ct, &tuple, sizeof(tuple.ipv4), 17, 0);
	if (!ct)
		return 0;
	ct = bpf_kptr_xchg(&v->ct, ct);
	if (ct)
		bpf_ct_release(ct);
	return 0;
}

/* ---- what is released, and when ---- */

SEC("tc")
__why("what was got must be released")
__failure __msg("Unreleased reference") __no_kfunc
int get_unreleased(struct __sk_buff *skb)
{
	struct held *v = first();

	return v && bpf_ct_kptr_get(&v->ct, &tuple, sizeof(tuple.ipv4), 17, 0);
}

SEC("tc")
__why("there may be none by the tuple")
__failure __msg("Possibly NULL pointer passed to trusted arg0") __no_kfunc
int get_unchecked(struct __sk_buff *skb)
{
	struct held *v = first();

	if (v)
		bpf_ct_release(bpf_ct_kptr_get(&v->ct, &tuple, sizeof(tuple.ipv4), 17, 0));
	return 0;
}

/* ---- what is no slot ---- */

SEC("tc")
__why("nobody holds what an unreferenced kptr points to")
__failure __msg("arg#0 no referenced kptr at map value offset=8") __no_kfunc
GET(get_unref, (void *)&v->unref)

SEC("tc")
__why("a task is no entry")
__failure __no_kfunc
__msg("bpf_ct_kptr_get args#0 needs a kptr of STRUCT nf_conn, not of task_struct")
GET(get_other_type, (void *)&v->task)

SEC("tc")
__why("an address on the stack is in no map")
__failure __msg("arg#0 expected pointer to map value") __no_kfunc
int get_from_stack(struct __sk_buff *skb)
{
	struct nf_conn *ct = NULL;

	ct = bpf_ct_kptr_get(&ct, &tuple, sizeof(tuple.ipv4), 17, 0);
	if (ct)
		bpf_ct_release(ct);
	return 0;
}

/* ---- what is no tuple ---- */

SEC("tc")
__why("the tuple is not NULL")
__failure __msg("arg#1 arg#2 memory, len pair leads to invalid memory access") __no_kfunc
GET_BY(get_null_tuple, &v->ct, NULL, sizeof(tuple.ipv4))

SEC("tc")
__why("nor shorter than is said")
__failure __msg("arg#1 arg#2 memory, len pair leads to invalid memory access") __no_kfunc
GET_BY(get_beyond_tuple, &v->ct, &tuple, sizeof(tuple) + 1000)

SEC("tc")
__why("how long it is must have a bound")
__failure __msg("R3 unbounded memory access") __no_kfunc
GET_BY(get_unbounded_tuple, &v->ct, &tuple, size)

/* ---- who may not ---- */

SEC("tp_btf/task_newtask")
__why("no program that traces takes a reference to an entry")
__failure __msg("calling kernel function bpf_ct_kptr_get is not allowed") __no_kfunc
GET(get_in_tracing, &v->ct)

SEC("syscall")
__why("nor one that is called by user space")
__failure __msg("calling kernel function bpf_ct_kptr_get is not allowed") __no_kfunc
GET(get_in_syscall, &v->ct)

char LICENSE[] SEC("license") = "GPL";
