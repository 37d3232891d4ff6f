// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers that the BTF of a module says to be of user space or of per-CPU memory,
 * and what becomes of them: as type_tags.bpf.c, with what a test module offers
 * whichever compiler built the kernel.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "module_tags.h"
#include "module_tags_maps.h"

/* Of an ordinary kind as well. */
struct holders {
	struct testmod_user_holder __kptr_untrusted *holder;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct holders);
} holders SEC(".maps");

static struct testmod_user_holder *first_holder(void)
{
	__u32 zero = 0;
	struct holders *h = bpf_map_lookup_elem(&holders, &zero);

	return h ? h->holder : NULL;
}

/* ---- what is accepted ---- */

SEC("fentry/testmod_user_call")
__why("an argument of user space goes in and comes out")
__success
int ON_CALL(store_argument)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = user;
	user = v->user;
	if (user)
		bpf_probe_read_user(buf, sizeof(buf), user);
	return 0;
}

SEC("fentry/testmod_user_call")
__why("so does a field")
__success
int ON_CALL(store_field)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = own->user;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("and one of what a field points to")
__success
int ON_CALL(store_field_of_walked)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = own->next->next->user;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("and one of what is not trusted")
__success
int ON_CALL(store_field_of_untrusted)
{
	struct testmod_user_holder *holder = first_holder();
	struct held *v = first();

	if (v && holder)
		v->user = holder->user;
	return 0;
}

SEC("syscall")
__why("and what a kfunc returns")
__success
int store_returned(void *ctx)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = testmod_user_pointer();
	return 0;
}

SEC("syscall")
__why("and a field of what the program owns, which a helper reads")
__success
int store_field_of_owned(void *ctx)
{
	struct held *v = first();
	struct testmod_user_holder *holder;
	struct testmod_user_data *p;

	if (!v)
		return 0;
	holder = testmod_user_holder_get();
	if (!holder)
		return 0;
	p = holder->user;
	v->user = p;
	bpf_copy_from_user(buf, sizeof(buf), p);
	testmod_user_holder_put(holder);
	return 0;
}

SEC("fentry/testmod_user_call")
__why("it is exchanged by the instruction")
__success
int ON_CALL(exchange_argument)
{
	struct held *v = first();

	if (!v)
		return 0;
	user = kptr_xchg_insn(&v->user, user);
	if (user)
		bpf_probe_read_user(buf, sizeof(buf), user);
	return 0;
}

SEC("fentry/testmod_user_call")
__why("a pointer with both tags is of user space")
__success
int ON_CALL(store_both_tags)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = own->user_percpu;
	v->user = own->percpu_user;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("per-CPU memory that a field points to")
__success
int ON_CALL(store_percpu_field)
{
	struct held *v = first();
	struct testmod_user_data *p;

	if (!v)
		return 0;
	v->percpu = own->percpu;
	p = v->percpu;
	if (!p)
		return 0;
	p = bpf_this_cpu_ptr(p);
	seen = p->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("the same found through what is not trusted")
__success
int ON_CALL(store_percpu_field_of_untrusted)
{
	struct testmod_user_holder *holder = first_holder();
	struct held *v = first();

	if (v && holder)
		v->percpu = holder->percpu;
	return 0;
}

SEC("syscall")
__why("and what a kfunc returns of it")
__success
__stock_failure __stock_msg("R1 type=ptr_ expected=percpu_ptr_")
int store_returned_percpu(void *ctx)
{
	struct held *v = first();
	struct testmod_user_data *p;

	if (!v)
		return 0;
	p = testmod_user_percpu();
	v->percpu = p;
	if (p)
		p = bpf_per_cpu_ptr(p, 0);
	if (p)
		seen = p->number;
	return 0;
}

/* ---- what must not become an ordinary pointer ---- */

SEC("fentry/testmod_user_call")
__why("an argument of user space is not followed")
__failure __msg("access user memory")
int ON_CALL(follow_argument)
{
	struct held *v = first();

	if (!v)
		return 0;
	seen = user->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor is a field")
__failure __msg("access user memory")
int ON_CALL(follow_field)
{
	struct held *v = first();

	if (!v)
		return 0;
	seen = own->user->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one of what a field points to")
__failure __msg("access user memory")
int ON_CALL(follow_field_of_walked)
{
	struct held *v = first();

	if (!v)
		return 0;
	seen = own->next->next->user->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one of what is not trusted")
__failure __msg("access user memory") __taken_for_ordinary
int ON_CALL(follow_field_of_untrusted)
{
	struct testmod_user_holder *holder = first_holder();

	if (holder)
		seen = holder->user->number;
	return 0;
}

SEC("syscall")
__why("nor what a kfunc returned")
__failure __msg("access user memory") __taken_for_ordinary
int follow_returned(void *ctx)
{
	struct held *v = first();
	struct testmod_user_data *p;

	if (!v)
		return 0;
	p = testmod_user_pointer();
	if (p)
		seen = p->number;
	return 0;
}

SEC("syscall")
__why("nor without a check for NULL")
__failure __msg("invalid mem access 'user_ptr_or_null_'")
__stock_failure __stock_msg("invalid mem access 'ptr_or_null_'")
int follow_returned_unchecked(void *ctx)
{
	struct held *v = first();

	if (!v)
		return 0;
	seen = testmod_user_pointer()->number;
	return 0;
}

SEC("syscall")
__why("nor a field of what the program owns, outside of an RCU section")
__failure __msg("access user memory") __taken_for_ordinary
int follow_field_of_owned(void *ctx)
{
	struct held *v = first();
	struct testmod_user_holder *holder;

	if (!v)
		return 0;
	holder = testmod_user_holder_get();
	if (!holder)
		return 0;
	seen = holder->user->number;
	testmod_user_holder_put(holder);
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one with both tags")
__failure __msg("access user memory")
int ON_CALL(follow_both_tags)
{
	struct held *v = first();

	if (!v)
		return 0;
	seen = own->percpu_user->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("in whichever order")
__failure __msg("access user memory")
__stock_failure __stock_msg("access percpu memory")
int ON_CALL(follow_both_tags_swapped)
{
	struct held *v = first();

	if (!v)
		return 0;
	seen = own->user_percpu->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor written to")
__failure __msg("access user memory")
int ON_CALL(write_argument)
{
	struct held *v = first();

	if (!v)
		return 0;
	user->number = 1;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one that was in a map")
__failure __msg("access user memory")
int ON_CALL(follow_loaded)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = user;
	user = v->user;
	if (user)
		seen = user->next->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one that was exchanged out of it")
__failure __msg("access user memory")
__stock_failure __stock_msg("invalid mem access 'scalar'")
int ON_CALL(follow_exchanged)
{
	struct held *v = first();

	if (!v)
		return 0;
	user = kptr_xchg_insn(&v->user, user);
	if (user)
		seen = user->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("it is not stored as an ordinary pointer")
__failure __msg("type=user_ptr_ expected=ptr_testmod_user_data or untrusted_ptr_testmod_user_data")
int ON_CALL(store_argument_as_ordinary)
{
	struct ordinary *o = first_ordinary();

	if (!o)
		return 0;
	o->unref = user;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor is a field")
__failure __msg("type=user_ptr_ expected=ptr_testmod_user_data")
int ON_CALL(store_field_as_ordinary)
{
	struct ordinary *o = first_ordinary();

	if (!o)
		return 0;
	o->unref = own->user;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one of what is not trusted")
__failure __msg("type=user_untrusted_ptr_ expected=ptr_testmod_user_data") __taken_for_ordinary
int ON_CALL(store_field_of_untrusted_as_ordinary)
{
	struct testmod_user_holder *holder = first_holder();
	struct ordinary *o = first_ordinary();

	if (o && holder)
		o->unref = holder->user;
	return 0;
}

SEC("syscall")
__why("nor what a kfunc returned")
__failure __msg("type=user_ptr_or_null_ expected=ptr_testmod_user_data") __taken_for_ordinary
int store_returned_as_ordinary(void *ctx)
{
	struct ordinary *o = first_ordinary();

	if (!o)
		return 0;
	o->unref = testmod_user_pointer();
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor exchanged for one")
__failure __msg("type=user_ptr_ expected=ptr_testmod_user_data")
__stock_failure __stock_msg("kptr in map can only be accessed using BPF_MEM")
int ON_CALL(exchange_as_ordinary)
{
	struct ordinary *o = first_ordinary();

	if (!o)
		return 0;
	seen = !!kptr_xchg_insn(&o->unref, user);
	return 0;
}

SEC("fentry/testmod_user_call")
__why("the helper has nothing to do with it")
__failure __msg("kptr isn't referenced kptr")
__stock_failure __stock_msg("R1 has no valid kptr")
int ON_CALL(exchange_by_helper)
{
	struct held *v = first();

	if (!v)
		return 0;
	seen = !!bpf_kptr_xchg(&v->user, user);
	return 0;
}

SEC("fentry/testmod_user_call")
__why("user space is not per-CPU memory")
__failure __msg("type=user_ptr_ expected=percpu_ptr_testmod_user_data") __plain_data
int ON_CALL(store_user_as_percpu)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->percpu = own->user;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor with both tags")
__failure __msg("type=user_ptr_ expected=percpu_ptr_testmod_user_data") __plain_data
int ON_CALL(store_both_tags_as_percpu)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->percpu = own->percpu_user;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor the other way around")
__failure __msg("type=percpu_ptr_ expected=user_ptr_testmod_user_data") __plain_data
int ON_CALL(store_percpu_as_user)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = own->percpu;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("an ordinary pointer is not of user space")
__failure __msg("expected=user_ptr_testmod_user_data") __plain_data
int ON_CALL(store_plain_as_user)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = own->plain;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor of per-CPU memory")
__failure __msg("expected=percpu_ptr_testmod_user_data") __plain_data
int ON_CALL(store_plain_as_percpu)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->percpu = own->plain;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one to another type")
__failure __msg("invalid kptr access") __plain_data
int ON_CALL(store_other_type)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = (void *)own;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one that points into the object")
__failure __msg("invalid kptr access") __plain_data
int ON_CALL(store_part)
{
	struct held *v = first();

	if (!v)
		return 0;
	v->user = (void *)&user->next;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("per-CPU memory is not followed as it stands")
__failure __msg("access percpu memory")
int ON_CALL(follow_percpu)
{
	struct held *v = first();

	if (!v)
		return 0;
	seen = own->percpu->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor through what is not trusted")
__failure __msg("access percpu memory") __taken_for_ordinary
int ON_CALL(follow_percpu_of_untrusted)
{
	struct testmod_user_holder *holder = first_holder();

	if (holder)
		seen = holder->percpu->number;
	return 0;
}

SEC("syscall")
__why("nor what a kfunc returned")
__failure __msg("access percpu memory") __taken_for_ordinary
int follow_returned_percpu(void *ctx)
{
	struct held *v = first();
	struct testmod_user_data *p;

	if (!v)
		return 0;
	p = testmod_user_percpu();
	if (p)
		seen = p->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor stored as an ordinary pointer")
__failure __msg("type=percpu_ptr_ expected=ptr_testmod_user_data")
int ON_CALL(store_percpu_as_ordinary)
{
	struct ordinary *o = first_ordinary();

	if (!o)
		return 0;
	o->unref = own->percpu;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one of what is not trusted")
__failure __msg("type=percpu_untrusted_ptr_ expected=ptr_testmod_user_data") __taken_for_ordinary
int ON_CALL(store_percpu_of_untrusted_as_ordinary)
{
	struct testmod_user_holder *holder = first_holder();
	struct ordinary *o = first_ordinary();

	if (o && holder)
		o->unref = holder->percpu;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("a pointer of user space is no per-CPU one to the helpers")
__failure __msg("R1 type=user_ptr_ expected=percpu_ptr_")
int ON_CALL(user_to_percpu_helper)
{
	struct held *v = first();
	struct testmod_user_data *p;

	if (!v)
		return 0;
	p = bpf_this_cpu_ptr(user);
	seen = p->number;
	return 0;
}

SEC("fentry/testmod_user_call")
__why("a helper does not write through it")
__failure __msg("R1 type=user_ptr_ expected=fp")
int ON_CALL(user_to_helper)
{
	struct held *v = first();

	if (!v)
		return 0;
	bpf_get_current_comm(user, 8);
	return 0;
}

SEC("fentry/testmod_user_call")
__why("no kfunc takes one for an object of the kernel's")
__failure __msg("arg#0 is user_ptr_ expected ptr_ or socket")
int ON_CALL(user_to_kfunc)
{
	struct held *v = first();

	if (!v)
		return 0;
	testmod_user_take(user);
	return 0;
}

SEC("syscall")
__why("nor what another kfunc returned")
__failure __msg("arg#0 is user_ptr_ expected ptr_ or socket") __taken_for_ordinary
int returned_to_kfunc(void *ctx)
{
	struct held *v = first();
	struct testmod_user_data *p;

	if (!v)
		return 0;
	p = testmod_user_pointer();
	if (p)
		testmod_user_take(p);
	return 0;
}

SEC("fentry/testmod_user_call")
__why("nor one to per-CPU memory")
__failure __msg("arg#0 is percpu_ptr_ expected ptr_ or socket")
int ON_CALL(percpu_to_kfunc)
{
	struct held *v = first();

	if (!v)
		return 0;
	testmod_user_take(own->percpu);
	return 0;
}

SEC("syscall")
__why("no kfunc returns what is no struct")
__failure __msg("kernel function testmod_user_number returns pointer to user memory")
__taken_for_ordinary
int returned_number(void *ctx)
{
	struct held *v = first();
	unsigned long *number;

	if (!v)
		return 0;
	number = testmod_user_number();
	if (number)
		seen = *number;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
