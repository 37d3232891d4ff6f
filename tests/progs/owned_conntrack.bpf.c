// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conntrack's setters, which take nothing but an entry that is the program's own on
 * a kernel with the patches of kernel/patches. On others they take any that is
 * trusted: a test module, testmod_conntrack, has such ones.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "expect.h"

struct bpf_ct_opts___owned {
	s32 netns_id;
	s32 error;
	u8 l4proto;
	u8 dir;
	u8 reserved[2];
};

enum nf_nat_manip_type___owned {
	MANIP_SOURCE,
};

extern struct nf_conn___init *bpf_skb_ct_alloc(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
					       u32 tuple__sz, struct bpf_ct_opts___owned *opts,
					       u32 opts__sz) __ksym;
extern struct nf_conn *bpf_ct_insert_entry(struct nf_conn___init *ct) __ksym;
extern void bpf_ct_release(struct nf_conn *ct) __ksym;
extern void bpf_ct_set_timeout(struct nf_conn___init *ct, u32 timeout) __ksym;
extern int bpf_ct_set_status(const struct nf_conn___init *ct, u32 status) __ksym;
extern int bpf_ct_change_timeout(struct nf_conn *ct, u32 timeout) __ksym;
extern int bpf_ct_change_status(struct nf_conn *ct, u32 status) __ksym;
extern int bpf_ct_set_nat_info(struct nf_conn___init *ct, union nf_inet_addr *addr, int port,
			       enum nf_nat_manip_type___owned manip) __ksym;

struct bpf_iter_testmod_ct {
	u64 unused;
} __attribute__((aligned(8)));

struct bpf_iter_testmod_ct_rcu {
	u64 unused;
} __attribute__((aligned(8)));

struct bpf_iter_testmod_ct_init {
	u64 unused;
} __attribute__((aligned(8)));

extern int bpf_iter_testmod_ct_new(struct bpf_iter_testmod_ct *it) __ksym;
extern struct nf_conn *bpf_iter_testmod_ct_next(struct bpf_iter_testmod_ct *it) __ksym;
extern void bpf_iter_testmod_ct_destroy(struct bpf_iter_testmod_ct *it) __ksym;
extern int bpf_iter_testmod_ct_rcu_new(struct bpf_iter_testmod_ct_rcu *it) __ksym;
extern struct nf_conn *bpf_iter_testmod_ct_rcu_next(struct bpf_iter_testmod_ct_rcu *it) __ksym;
extern void bpf_iter_testmod_ct_rcu_destroy(struct bpf_iter_testmod_ct_rcu *it) __ksym;
extern int bpf_iter_testmod_ct_init_new(struct bpf_iter_testmod_ct_init *it) __ksym;
extern struct nf_conn___init *
bpf_iter_testmod_ct_init_next(struct bpf_iter_testmod_ct_init *it) __ksym;
extern void bpf_iter_testmod_ct_init_destroy(struct bpf_iter_testmod_ct_init *it) __ksym;
extern void testmod_ct_take(struct nf_conn *ct) __ksym;
extern void testmod_ct_take_rcu(struct nf_conn *ct) __ksym;

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

/* One that an iterator gives, to do something with. */
#define WITH_TRUSTED(ct, what)							\
	do {									\
		struct bpf_iter_testmod_ct it;					\
		struct nf_conn *ct;						\
										\
		bpf_iter_testmod_ct_new(&it);					\
		ct = bpf_iter_testmod_ct_next(&it);				\
		if (ct)								\
			what;							\
		bpf_iter_testmod_ct_destroy(&it);				\
	} while (0)

#define WITH_RCU(ct, what)							\
	do {									\
		struct bpf_iter_testmod_ct_rcu it;				\
		struct nf_conn *ct;						\
										\
		bpf_rcu_read_lock();						\
		bpf_iter_testmod_ct_rcu_new(&it);				\
		ct = bpf_iter_testmod_ct_rcu_next(&it);				\
		if (ct)								\
			what;							\
		bpf_iter_testmod_ct_rcu_destroy(&it);				\
		bpf_rcu_read_unlock();						\
	} while (0)

#define WITH_TRUSTED_INIT(ct, what)						\
	do {									\
		struct bpf_iter_testmod_ct_init it;				\
		struct nf_conn___init *ct;					\
										\
		bpf_iter_testmod_ct_init_new(&it);				\
		ct = bpf_iter_testmod_ct_init_next(&it);			\
		if (ct)								\
			what;							\
		bpf_iter_testmod_ct_init_destroy(&it);				\
	} while (0)

/*
 * bpf_ct_set_nat_info() is not asked to take it: nf_nat is another module, whose
 * nf_conn___init is another type where vmlinux has none.
 */
SEC("tc")
__why("an entry that the program has made is set up and changed as ever")
__success
int conntrack_owned(struct __sk_buff *skb)
{
	struct bpf_ct_opts___owned opts = { .l4proto = 17, .netns_id = -1 };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn___init *new;
	struct nf_conn *ct;

	new = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (!new)
		return 0;
	bpf_ct_set_timeout(new, 1000);
	bpf_ct_set_status(new, 1 << 3);
	ct = bpf_ct_insert_entry(new);
	if (!ct)
		return 0;
	bpf_ct_change_timeout(ct, 2000);
	bpf_ct_change_status(ct, 1 << 1);
	bpf_ct_release(ct);
	return 0;
}

SEC("tc")
__why("one that is trusted is good for whoever asks for no more")
__success
int trusted_taken(struct __sk_buff *skb)
{
	WITH_TRUSTED(ct, testmod_ct_take(ct));
	return 0;
}

SEC("tc")
__why("but its time is not for the program to change")
__failure __msg("R1 must be referenced\n") __stock_success
int trusted_change_timeout(struct __sk_buff *skb)
{
	WITH_TRUSTED(ct, bpf_ct_change_timeout(ct, 2000));
	return 0;
}

SEC("xdp")
__why("nor is it for one of XDP")
__failure __msg("R1 must be referenced\n") __stock_success
int trusted_change_timeout_xdp(struct xdp_md *ctx)
{
	WITH_TRUSTED(ct, bpf_ct_change_timeout(ct, 2000));
	return 0;
}

SEC("tc")
__why("nor is its status")
__failure __msg("R1 must be referenced\n") __stock_success
int trusted_change_status(struct __sk_buff *skb)
{
	WITH_TRUSTED(ct, bpf_ct_change_status(ct, 1 << 1));
	return 0;
}

SEC("tc")
__why("nor the time of one that is not in the table yet")
__failure __msg("R1 must be referenced\n") __stock_success
int trusted_set_timeout(struct __sk_buff *skb)
{
	WITH_TRUSTED_INIT(ct, bpf_ct_set_timeout(ct, 1000));
	return 0;
}

SEC("tc")
__why("nor the status of that")
__failure __msg("R1 must be referenced\n") __stock_success
int trusted_set_status(struct __sk_buff *skb)
{
	WITH_TRUSTED_INIT(ct, bpf_ct_set_status(ct, 1 << 3));
	return 0;
}

SEC("tc")
__why("nor its address")
__failure __msg("R1 must be referenced\n") __stock_success
int trusted_set_nat_info(struct __sk_buff *skb)
{
	union nf_inet_addr address = {};

	WITH_TRUSTED_INIT(ct, bpf_ct_set_nat_info(ct, &address, 80, MANIP_SOURCE));
	return 0;
}

SEC("tc")
__why("one under RCU is good for whoever asks for that")
__success
int rcu_taken(struct __sk_buff *skb)
{
	WITH_RCU(ct, testmod_ct_take_rcu(ct));
	return 0;
}

SEC("tc")
__why("and no setter does")
__failure __msg("=rcu_ptr_nf_conn(") __msg("R1 must be referenced or trusted")
int rcu_change_timeout(struct __sk_buff *skb)
{
	WITH_RCU(ct, bpf_ct_change_timeout(ct, 2000));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
