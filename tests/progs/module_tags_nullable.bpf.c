// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of a struct_ops member's with tags, which may be NULL: as
 * module_tags.bpf.c. What the verifier knows of such an argument does not come
 * from where it knows other arguments from.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "module_tags.h"
#include "module_tags_maps.h"

/*
 * To a stock kernel such an argument is a pointer into the kernel's address space,
 * and one that can be trusted.
 */
#define __taken_for_trusted	__stock_success

#define MEMBER(name)								\
	BPF_PROG(name, struct testmod_user_data *user,				\
		 struct testmod_user_data *percpu,				\
		 struct testmod_user_data *percpu_user,				\
		 struct testmod_user_data *plain)

/* ---- what is accepted ---- */

SEC("struct_ops/nullable")
__why("a pointer without a tag is followed once it was checked")
__success
int MEMBER(follow_plain)
{
	if (plain)
		seen = plain->number;
	return 0;
}

SEC("struct_ops/nullable")
__why("it is an ordinary one")
__success
int MEMBER(store_plain)
{
	struct ordinary *o = first_ordinary();

	if (o)
		o->unref = plain;
	return 0;
}

SEC("struct_ops/nullable")
__why("and trusted")
__success
int MEMBER(plain_to_rcu_kfunc)
{
	if (plain)
		testmod_user_take_rcu(plain);
	return 0;
}

SEC("struct_ops/nullable")
__why("who reads user space reads one of user space")
__success
int MEMBER(read_user)
{
	bpf_probe_read_user(buf, sizeof(buf), user);
	return 0;
}

SEC("struct_ops/nullable")
__why("it goes into its own kind of slot, checked or not")
__success
__plain_data
int MEMBER(store_user)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = user;
	if (user)
		v->user = user;
	return 0;
}

SEC("struct_ops/nullable")
__why("so does one to per-CPU memory")
__success
__plain_data
int MEMBER(store_percpu)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->percpu = percpu;
	if (percpu)
		v->percpu = percpu;
	return 0;
}

SEC("struct_ops/nullable")
__why("which is made one for a processor")
__success
__stock_failure __stock_msg("R1 type=trusted_ptr_ expected=percpu_ptr_")
int MEMBER(percpu_of_processors)
{
	struct testmod_user_data *p;

	if (!percpu)
		return 0;
	p = bpf_this_cpu_ptr(percpu);
	seen = p->number;
	p = bpf_per_cpu_ptr(percpu, 0);
	if (p)
		seen += p->number;
	return 0;
}

SEC("struct_ops/nullable")
__why("one with both tags is of user space")
__success
__plain_data
int MEMBER(store_both_tags)
{
	struct held *v = first();

	if (v)
		v->user = percpu_user;
	return 0;
}

/* ---- what must not become an ordinary pointer ---- */

SEC("struct_ops/nullable")
__why("one of user space is not followed")
__failure __msg("is ptr_testmod_user_data access user memory") __taken_for_trusted
int MEMBER(follow_user)
{
	if (user)
		seen = user->number;
	return 0;
}

SEC("struct_ops/nullable")
__why("nor without a check for NULL")
__failure __msg("invalid mem access 'user_trusted_ptr_or_null_'")
__stock_failure __stock_msg("invalid mem access 'trusted_ptr_or_null_'")
int MEMBER(follow_user_unchecked)
{
	seen = user->number;
	return 0;
}

SEC("struct_ops/nullable")
__why("nor what it points to")
__failure __msg("is ptr_testmod_user_data access user memory") __taken_for_trusted
int MEMBER(follow_user_on)
{
	if (user)
		seen = user->next->number;
	return 0;
}

SEC("struct_ops/nullable")
__why("nor one to per-CPU memory")
__failure __msg("is ptr_testmod_user_data access percpu memory") __taken_for_trusted
int MEMBER(follow_percpu)
{
	if (percpu)
		seen = percpu->number;
	return 0;
}

SEC("struct_ops/nullable")
__why("nor one with both tags")
__failure __msg("is ptr_testmod_user_data access user memory") __taken_for_trusted
int MEMBER(follow_both_tags)
{
	if (percpu_user)
		seen = percpu_user->number;
	return 0;
}

SEC("struct_ops/nullable")
__why("one of user space is not stored as an ordinary one")
__failure __msg("type=user_trusted_ptr_or_null_ expected=ptr_testmod_user_data or untrusted_ptr_")
__taken_for_trusted
int MEMBER(store_user_as_ordinary)
{
	struct ordinary *o = first_ordinary();

	if (o)
		o->unref = user;
	return 0;
}

SEC("struct_ops/nullable")
__why("nor is one to per-CPU memory")
__failure __msg("type=percpu_trusted_ptr_or_null_ expected=ptr_testmod_user_data or untrusted_ptr_")
__taken_for_trusted
int MEMBER(store_percpu_as_ordinary)
{
	struct ordinary *o = first_ordinary();

	if (o)
		o->unref = percpu;
	return 0;
}

SEC("struct_ops/nullable")
__why("nor does the instruction exchange it for one")
__failure __msg("type=user_trusted_ptr_or_null_ expected=ptr_testmod_user_data or untrusted_ptr_")
__stock_failure __stock_msg("kptr in map can only be accessed using")
int MEMBER(exchange_user_as_ordinary)
{
	struct ordinary *o = first_ordinary();

	if (o)
		seen = !!kptr_xchg_insn(&o->unref, user);
	return 0;
}

SEC("struct_ops/nullable")
__why("user space is not per-CPU memory")
__failure __msg("type=user_trusted_ptr_or_null_ expected=percpu_ptr_testmod_user_data")
__plain_data
int MEMBER(store_user_as_percpu)
{
	struct held *v = first();

	if (v)
		v->percpu = user;
	return 0;
}

SEC("struct_ops/nullable")
__why("nor the other way around")
__failure __msg("type=percpu_trusted_ptr_or_null_ expected=user_ptr_testmod_user_data")
__plain_data
int MEMBER(store_percpu_as_user)
{
	struct held *v = first();

	if (v)
		v->user = percpu;
	return 0;
}

SEC("struct_ops/nullable")
__why("one of user space is none to per-CPU memory")
__failure __msg("R1 type=user_trusted_ptr_ expected=percpu_ptr_")
__stock_failure __stock_msg("R1 type=trusted_ptr_ expected=percpu_ptr_")
int MEMBER(user_of_processors)
{
	struct testmod_user_data *p;

	if (!user)
		return 0;
	p = bpf_this_cpu_ptr(user);
	seen = p->number;
	return 0;
}

SEC("struct_ops/nullable")
__why("nor for a kfunc that follows what it is given")
__failure __msg("R1 must be a rcu pointer") __taken_for_trusted
int MEMBER(user_to_rcu_kfunc)
{
	if (user)
		testmod_user_take_rcu(user);
	return 0;
}

SEC("struct_ops/nullable")
__why("nor is one to per-CPU memory")
__failure __msg("R1 must be a rcu pointer") __taken_for_trusted
int MEMBER(percpu_to_rcu_kfunc)
{
	if (percpu)
		testmod_user_take_rcu(percpu);
	return 0;
}

SEC("struct_ops/nullable")
__why("nor for one that takes anything")
__failure __msg("arg#0 is user_trusted_ptr_ expected") __taken_for_trusted
int MEMBER(user_to_kfunc)
{
	if (user)
		testmod_user_take(user);
	return 0;
}

/* ---- the same where it cannot be NULL, which every kernel knows ---- */

SEC("struct_ops/always")
__why("one without a tag is followed at once")
__success
int MEMBER(always_follow_plain)
{
	seen = plain->number;
	return 0;
}

SEC("struct_ops/always")
__why("one of user space is not")
__failure __msg("is ptr_testmod_user_data access user memory")
int MEMBER(always_follow_user)
{
	seen = user->number;
	return 0;
}

SEC("struct_ops/always")
__why("nor one to per-CPU memory")
__failure __msg("is ptr_testmod_user_data access percpu memory")
int MEMBER(always_follow_percpu)
{
	seen = percpu->number;
	return 0;
}

#define OPS(name, member_)							\
SEC(".struct_ops.link")								\
struct testmod_user_ops ops_##name = {						\
	.member_ = (void *)name,						\
}

OPS(follow_plain, nullable);
OPS(store_plain, nullable);
OPS(plain_to_rcu_kfunc, nullable);
OPS(read_user, nullable);
OPS(store_user, nullable);
OPS(store_percpu, nullable);
OPS(percpu_of_processors, nullable);
OPS(store_both_tags, nullable);
OPS(follow_user, nullable);
OPS(follow_user_unchecked, nullable);
OPS(follow_user_on, nullable);
OPS(follow_percpu, nullable);
OPS(follow_both_tags, nullable);
OPS(store_user_as_ordinary, nullable);
OPS(store_percpu_as_ordinary, nullable);
OPS(exchange_user_as_ordinary, nullable);
OPS(store_user_as_percpu, nullable);
OPS(store_percpu_as_user, nullable);
OPS(user_of_processors, nullable);
OPS(user_to_rcu_kfunc, nullable);
OPS(percpu_to_rcu_kfunc, nullable);
OPS(user_to_kfunc, nullable);
OPS(always_follow_plain, always);
OPS(always_follow_user, always);
OPS(always_follow_percpu, always);

char LICENSE[] SEC("license") = "GPL";
