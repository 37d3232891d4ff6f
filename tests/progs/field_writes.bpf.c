// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to objects of the kernel's, which nobody may but where the kernel says
 * which fields of which type: conntrack does, of its entries.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"
#include "objects.h"

struct bpf_ct_opts___writes {
	s32 netns_id;
	s32 error;
	u8 l4proto;
	u8 dir;
	u8 reserved[2];
};

extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
					 u32 tuple__sz, struct bpf_ct_opts___writes *opts,
					 u32 opts__sz) __ksym;
extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *xdp, struct bpf_sock_tuple *tuple,
					 u32 tuple__sz, struct bpf_ct_opts___writes *opts,
					 u32 opts__sz) __ksym;
extern void bpf_ct_release(struct nf_conn *ct) __ksym;
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym;

struct own {
	__u64 value;
};

__u64 seen;

static struct nf_conn *lookup(struct __sk_buff *skb)
{
	struct bpf_ct_opts___writes opts = { .l4proto = 17, .netns_id = -1 };
	struct bpf_sock_tuple tuple = {};

	return bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
}

SEC("tc")
__why("the mark of an entry of conntrack's is written by tc")
__success
int write_mark(struct __sk_buff *skb)
{
	struct nf_conn *ct = lookup(skb);

	if (!ct)
		return 0;
	ct->mark = 1;
	bpf_ct_release(ct);
	return 0;
}

SEC("xdp")
__why("and by XDP")
__success
int write_mark_in_xdp(struct xdp_md *xdp)
{
	struct bpf_ct_opts___writes opts = { .l4proto = 17, .netns_id = -1 };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *ct;

	ct = bpf_xdp_ct_lookup(xdp, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (!ct)
		return 0;
	ct->mark = 1;
	bpf_ct_release(ct);
	return 0;
}

SEC("tc")
__why("its other fields are not")
__failure __msg("no write support to nf_conn at off")
int write_status(struct __sk_buff *skb)
{
	struct nf_conn *ct = lookup(skb);

	if (!ct)
		return 0;
	ct->status = 1;
	bpf_ct_release(ct);
	return 0;
}

SEC("tc")
__why("nor what is behind the mark")
__failure __msg("beyond the member of nf_conn")
int write_behind_mark(struct __sk_buff *skb)
{
	struct nf_conn *ct = lookup(skb);

	if (!ct)
		return 0;
	*(volatile __u64 *)__builtin_preserve_access_index(&ct->mark) = 1;
	bpf_ct_release(ct);
	return 0;
}

__noinline int takes_mark(__u32 *mark)
{
	if (mark)
		*mark = 1;
	return 0;
}

__noinline int takes_status(unsigned long *status)
{
	return status ? *status & 1 : 0;
}

SEC("tc")
__why("a global function may be given what may be written")
__success
int give_mark(struct __sk_buff *skb)
{
	struct nf_conn *ct = lookup(skb);

	if (!ct)
		return 0;
	takes_mark(&ct->mark);
	bpf_ct_release(ct);
	return 0;
}

SEC("tc")
__why("and nothing else, as it might write there")
__failure __msg("no write support to nf_conn at off") __stock_success
int give_status(struct __sk_buff *skb)
{
	struct nf_conn *ct = lookup(skb);

	if (!ct)
		return 0;
	seen = takes_status(&ct->status);
	bpf_ct_release(ct);
	return 0;
}

SEC("tc")
__why("other types of the kernel's are read only")
__failure __msg("only read is supported")
int write_skb(struct __sk_buff *skb)
{
	struct sk_buff *kernel_skb = bpf_cast_to_kern_ctx(skb);

	kernel_skb->mark = 1;
	return 0;
}

SEC("tc")
__why("what is the program's own is none of conntrack's business")
__success
int write_own(struct __sk_buff *skb)
{
	struct own *own = bpf_obj_new(struct own);

	if (!own)
		return 0;
	own->value = 1;
	bpf_obj_drop(own);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("tracing has nothing that it may write")
__failure __msg("only read is supported")
int BPF_PROG(write_task, struct task_struct *task, u64 clone_flags)
{
	task->flags = 0;
	return 0;
}

SEC("syscall")
__why("nor has one that is the program's reference")
__failure __msg("only read is supported")
int write_acquired(void *ctx)
{
	struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());

	if (!task)
		return 0;
	task->flags = 0;
	bpf_task_release(task);
	return 0;
}

SEC("struct_ops/admit")
__why("nor has a policy")
__failure __msg("a member of taskhold_ops can write to: data")
int BPF_PROG(write_in_policy, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	task->flags = 0;
	return 0;
}

SEC(".struct_ops.link")
struct taskhold_ops ops = {
	.name = "writes",
	.admit = (void *)write_in_policy,
};

char LICENSE[] SEC("license") = "GPL";
