// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of conntrack as referenced kptrs, and kptr_get of them. The programs are
 * run by user space, with a packet that does not matter.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kptr.bpf.h"

#include "meet.h"

struct bpf_ct_opts___kptrs {
	s32 netns_id;
	s32 error;
	u8 l4proto;
	u8 dir;
	u8 reserved[2];
};

struct nf_conn___init;

extern struct nf_conn___init *bpf_skb_ct_alloc(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
					       u32 tuple__sz, struct bpf_ct_opts___kptrs *opts,
					       u32 opts__sz) __ksym;
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
					 u32 tuple__sz, struct bpf_ct_opts___kptrs *opts,
					 u32 opts__sz) __ksym;
extern struct nf_conn *bpf_ct_insert_entry(struct nf_conn___init *ct) __ksym;
extern void bpf_ct_release(struct nf_conn *ct) __ksym;
extern void bpf_ct_set_timeout(struct nf_conn___init *ct, u32 timeout) __ksym;
extern int bpf_ct_set_status(const struct nf_conn___init *ct, u32 status) __ksym;
extern struct nf_conn *bpf_ct_kptr_get(struct nf_conn **slot, struct bpf_sock_tuple *tuple,
				       u32 tuple__sz, u8 l4proto, u8 dir) __ksym __weak;

struct held {
	struct nf_conn __kptr *ct;
	__u64 exchanged;	/* the number of an exchange by replace_many() */
};

#include "exchange.bpf.h"
#include "held_maps.h"

/* in */
__u16 port;		/* of the source, tells entries apart */
__u32 timeout_ms;
__u8 proto = 17;
__u8 dir;
bool reply;		/* the tuple is that of a packet that comes back */
__u32 size = 12;	/* of the tuple: 12 or 36 */
__u32 rounds;

/* out */
int ret;
__u64 address;
__u64 got;
__u64 missed;	/* get_many: there was none by that tuple */
__u64 wrong;	/* get_many: of what was got, those with another tuple */
__u64 made;	/* replace_many */

static void make_tuple(struct bpf_sock_tuple *tuple, __u16 source)
{
	__builtin_memset(tuple, 0, sizeof(*tuple));
	tuple->ipv4.saddr = 0x0100007f;
	tuple->ipv4.daddr = 0x0200007f;
	tuple->ipv4.sport = source;
	tuple->ipv4.dport = 53;
	if (reply) {
		tuple->ipv4.saddr = 0x0200007f;
		tuple->ipv4.daddr = 0x0100007f;
		tuple->ipv4.sport = 53;
		tuple->ipv4.dport = source;
	}
}

/* Make an entry, insert it, and put it into the map. */
SEC("tc")
int put(struct __sk_buff *skb)
{
	struct bpf_ct_opts___kptrs opts = { .l4proto = 17, .netns_id = -1 };
	struct bpf_sock_tuple tuple;
	struct nf_conn___init *new;
	struct nf_conn *ct;
	struct held *v;

	ret = -1;
	make_tuple(&tuple, port);
	v = lookup();
	if (!v)
		return 0;
	ret = -2;
	new = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (!new)
		return 0;
	bpf_ct_set_timeout(new, timeout_ms);
	bpf_ct_set_status(new, 1 << 3);
	ret = -3;
	ct = bpf_ct_insert_entry(new);
	if (!ct)
		return 0;
	address = (__u64)ct;
	ct = exchange(&v->ct, ct);
	if (ct)
		bpf_ct_release(ct);
	ret = 0;
	return 0;
}

/* Is it there, and which one? */
SEC("tc")
int get(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple;
	struct nf_conn *ct;
	struct held *v;

	ret = -1;
	make_tuple(&tuple, port);
	v = lookup();
	if (!v)
		return 0;
	ret = -2;
	if (size == sizeof(tuple.ipv4))
		ct = bpf_ct_kptr_get(&v->ct, &tuple, sizeof(tuple.ipv4), proto, dir);
	else
		ct = bpf_ct_kptr_get(&v->ct, &tuple, sizeof(tuple.ipv6), proto, dir);
	if (!ct)
		return 0;
	address = (__u64)ct;
	bpf_ct_release(ct);
	ret = 0;
	return 0;
}

/* Take it out of the slot. */
SEC("tc")
int take(struct __sk_buff *skb)
{
	struct held *v = lookup();
	struct nf_conn *ct;

	ret = -1;
	if (!v)
		return 0;
	ret = -2;
	ct = exchange(&v->ct, NULL);
	if (!ct)
		return 0;
	address = (__u64)ct;
	bpf_ct_release(ct);
	ret = 0;
	return 0;
}

/* Look it up as ever; this is also what takes an expired one out of the table. */
SEC("tc")
int find(struct __sk_buff *skb)
{
	struct bpf_ct_opts___kptrs opts = { .l4proto = 17, .netns_id = -1 };
	struct bpf_sock_tuple tuple;
	struct nf_conn *ct;

	make_tuple(&tuple, port);
	ct = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	ret = ct ? 0 : opts.error;
	if (ct)
		bpf_ct_release(ct);
	return 0;
}

/* Two entries take turns, which these tell apart. */
#define PORT_OF_ROUND(i)	(1000 + ((i) & 1))

/* Many times, with no more than a moment in between. */
SEC("tc")
int get_many(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple;
	struct nf_conn *ct;
	struct held *v;
	__u32 i;
	__u64 noted;

	for (i = 0; i < 256 && i < rounds; i++) {
		make_tuple(&tuple, PORT_OF_ROUND(i));
		v = lookup();
		if (!v)
			continue;
		noted = meet_note_number();
		ct = bpf_ct_kptr_get(&v->ct, &tuple, sizeof(tuple.ipv4), 17, 0);
		meet_look(&v->exchanged, noted);
		if (!ct) {
			__sync_fetch_and_add(&missed, 1);
			continue;
		}
		if (ct->tuplehash[0].tuple.src.u.udp.port != PORT_OF_ROUND(i))
			__sync_fetch_and_add(&wrong, 1);
		bpf_ct_release(ct);
		__sync_fetch_and_add(&got, 1);
	}
	return 0;
}

/*
 * Entries that come and go at once: the one that goes has not been in the table any
 * more, so that its memory is free for the next one, which has the other tuple.
 */
SEC("tc")
int replace_many(struct __sk_buff *skb)
{
	struct bpf_ct_opts___kptrs opts = { .l4proto = 17, .netns_id = -1 };
	struct bpf_sock_tuple tuple;
	struct nf_conn___init *new;
	struct nf_conn *ct;
	struct held *v;
	__u32 i;
	__u64 number;

	for (i = 0; i < 64 && i < rounds; i++) {
		v = lookup();
		if (!v)
			return 0;
		number = meet_take_number();
		ct = bpf_kptr_xchg(&v->ct, NULL);
		meet_leave_number(&v->exchanged, number);
		if (ct)
			bpf_ct_release(ct);

		make_tuple(&tuple, PORT_OF_ROUND(i));
		new = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
		if (!new)
			continue;
		bpf_ct_set_timeout(new, 0);
		bpf_ct_set_status(new, 1 << 3);
		ct = bpf_ct_insert_entry(new);
		if (!ct)
			continue;
		number = meet_take_number();
		ct = bpf_kptr_xchg(&v->ct, ct);
		meet_leave_number(&v->exchanged, number);
		if (ct)
			bpf_ct_release(ct);
		__sync_fetch_and_add(&made, 1);
		/* its time is over, which whoever looks for it sees to */
		ct = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
		if (ct)
			bpf_ct_release(ct);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
