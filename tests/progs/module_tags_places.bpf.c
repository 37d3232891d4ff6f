// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers with tags that stand in a union, and that an iterator gives under RCU:
 * as module_tags.bpf.c.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "module_tags.h"
#include "module_tags_maps.h"

/* ---- what an iterator gives, within the RCU section that it needs ---- */

static __always_inline struct testmod_user_data *begin(struct bpf_iter_testmod_user *it)
{
	bpf_rcu_read_lock();
	bpf_iter_testmod_user_new(it);
	return bpf_iter_testmod_user_next(it);
}

static __always_inline void end(struct bpf_iter_testmod_user *it)
{
	bpf_iter_testmod_user_destroy(it);
	bpf_rcu_read_unlock();
}

SEC("syscall")
__why("who reads user space reads it")
__success
int read_iterated(void *ctx)
{
	struct bpf_iter_testmod_user it;
	struct testmod_user_data *p = begin(&it);

	if (p)
		bpf_probe_read_user(buf, sizeof(buf), p);
	end(&it);
	return 0;
}

SEC("syscall")
__why("it is not followed")
__failure __msg("access user memory") __taken_for_ordinary
int follow_iterated(void *ctx)
{
	struct bpf_iter_testmod_user it;
	struct testmod_user_data *p = begin(&it);

	if (p)
		seen = p->number;
	end(&it);
	return 0;
}

SEC("syscall")
__why("nor is it for a kfunc that takes what RCU protects")
__failure __msg("arg#0 is user_rcu_ptr_ expected ptr_ or socket") __taken_for_ordinary
int iterated_to_rcu_kfunc(void *ctx)
{
	struct bpf_iter_testmod_user it;
	struct testmod_user_data *p = begin(&it);

	if (p)
		testmod_user_take_rcu(p);
	end(&it);
	return 0;
}

SEC("syscall")
__why("nor for one that takes anything")
__failure __msg("arg#0 is user_rcu_ptr_ expected ptr_ or socket") __taken_for_ordinary
int iterated_to_kfunc(void *ctx)
{
	struct bpf_iter_testmod_user it;
	struct testmod_user_data *p = begin(&it);

	if (p)
		testmod_user_take(p);
	end(&it);
	return 0;
}

static __always_inline struct testmod_user_data *
begin_percpu(struct bpf_iter_testmod_percpu *it)
{
	bpf_rcu_read_lock();
	bpf_iter_testmod_percpu_new(it);
	return bpf_iter_testmod_percpu_next(it);
}

static __always_inline void end_percpu(struct bpf_iter_testmod_percpu *it)
{
	bpf_iter_testmod_percpu_destroy(it);
	bpf_rcu_read_unlock();
}

SEC("syscall")
__why("per-CPU memory is not followed either")
__failure __msg("access percpu memory") __taken_for_ordinary
int follow_iterated_percpu(void *ctx)
{
	struct bpf_iter_testmod_percpu it;
	struct testmod_user_data *p = begin_percpu(&it);

	if (p)
		seen = p->number;
	end_percpu(&it);
	return 0;
}

SEC("syscall")
__why("nor is it an object of the program's, which the helper finds by other means")
__failure __msg("R1 type=percpu_rcu_ptr_ is not an object allocated by a program")
__stock_failure __stock_msg("R1 type=rcu_ptr_ expected=percpu_ptr_")
int iterated_percpu_to_helper(void *ctx)
{
	struct bpf_iter_testmod_percpu it;
	struct testmod_user_data *p = begin_percpu(&it);

	if (p) {
		p = bpf_this_cpu_ptr(p);
		seen = p->number;
	}
	end_percpu(&it);
	return 0;
}

SEC("syscall")
__why("nor for the other helper")
__failure __msg("R1 type=percpu_rcu_ptr_ is not an object allocated by a program")
__stock_failure __stock_msg("R1 type=rcu_ptr_ expected=percpu_ptr_")
int iterated_percpu_to_other_helper(void *ctx)
{
	struct bpf_iter_testmod_percpu it;
	struct testmod_user_data *p = begin_percpu(&it);

	if (p)
		p = bpf_per_cpu_ptr(p, 0);
	if (p)
		seen = p->number;
	end_percpu(&it);
	return 0;
}

/* ---- of a union ---- */

SEC("fentry/testmod_user_call")
__why("of a union no member is followed if another is of user space")
__failure __msg("access user memory") __taken_for_ordinary
int ON_CALL(follow_union)
{
	seen = own->plain_or_user->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor stored as an ordinary pointer")
__failure __msg("type=user_untrusted_ptr_ expected=ptr_testmod_user_data") __taken_for_ordinary
int ON_CALL(store_union)
{
	struct ordinary *o = first_ordinary();

	if (o)
		o->unref = own->plain_or_user;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor if it is of per-CPU memory, in whatever it stands")
__failure __msg("access percpu memory") __taken_for_ordinary
int ON_CALL(follow_union_of_arrays)
{
	seen = own->mixed.plains[1]->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor if the first member is a struct that has it")
__failure __msg("access user memory") __taken_for_ordinary
int ON_CALL(follow_struct_of_union)
{
	seen = own->in_struct.first.plain->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("and then it is not stored as an ordinary pointer either")
__failure __msg("type=user_untrusted_ptr_ expected=ptr_testmod_user_data") __taken_for_ordinary
int ON_CALL(store_struct_of_union)
{
	struct ordinary *o = first_ordinary();

	if (o)
		o->unref = own->in_struct.first.plain;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor if it is a union")
__failure __msg("access percpu memory") __taken_for_ordinary
int ON_CALL(follow_union_of_union)
{
	seen = own->in_union.first.plain->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("what stands beside it is followed")
__success
int ON_CALL(follow_beside_in_union)
{
	seen = own->mixed.plains[0]->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("a union without tags is followed, as deep as they are looked for")
__success
int ON_CALL(follow_deep_in_union)
{
	seen = own->deep.plain->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("what is deeper could be anything")
__failure __msg("access user memory") __taken_for_ordinary
int ON_CALL(follow_deeper_in_union)
{
	seen = own->deeper.plain->number;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
