// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers to user space in map values, __kptr_user: what the verifier accepts
 * and what it must refuse, of what needs no pointer to user space that the
 * verifier knows. See type_tags.bpf.c and module_tags.bpf.c for what does.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"

/*
 * A kernel that does not know the kind refuses the BTF, and libbpf goes on without.
 * What is stored is plain data then, and what is loaded a number.
 */
#define __plain_data	__stock_success __stock_msg("Error loading .BTF into kernel")
#define __number(text)	__stock_failure __stock_msg(text)

struct held {
	struct sockaddr __kptr_user *addr;
	struct sockaddr __kptr_untrusted *unref;
	struct task_struct __kptr *task;
	__u64 mark;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

__u32 which;
__u64 seen;
char buf[8];

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

#include "on_value.h"

SEC("raw_tp/sys_enter")
__why("NULL goes in, by a register and by a number")
__success
PROG(store_null, "r1 = 0; *(u64 *)(%[v] + 0) = r1; *(u64 *)(%[v] + 0) = 0;")

SEC("raw_tp/sys_enter")
__why("no other number does")
__failure __msg("BPF_ST imm must be 0 when storing to kptr at off=0")
__plain_data
PROG(store_one, "*(u64 *)(%[v] + 0) = 1;")

SEC("raw_tp/sys_enter")
__why("what was loaded goes in again, and to who reads user space")
__success
__plain_data
int load(void *ctx)
{
	struct held *v = first();
	struct sockaddr *addr;

	if (!v)
		return 0;
	addr = v->addr;
	if (!addr)
		return 0;
	bpf_probe_read_user(buf, sizeof(buf), addr);
	v->addr = addr;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nobody follows it")
__failure __msg("access user memory")
__number("invalid mem access 'scalar'")
int followed(void *ctx)
{
	struct held *v = first();
	struct sockaddr *addr;

	if (!v)
		return 0;
	addr = v->addr;
	if (addr)
		seen = addr->sa_family;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor without a check for NULL")
__failure __msg("invalid mem access 'user_ptr_or_null_'")
__number("invalid mem access 'scalar'")
int followed_unchecked(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = v->addr->sa_family;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("no kfunc is given one")
__failure __msg("R1 must be a rcu pointer\n")
__number("arg#0 pointer type STRUCT task_struct must point to scalar")
int BPF_PROG(given_to_kfunc, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();
	struct sockaddr *addr;

	if (!v)
		return 0;
	addr = v->addr;
	if (addr)
		seen = taskhold_task_in_cgroup((void *)addr, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("an ordinary pointer is not of user space")
__failure __msg("expected=user_ptr_sockaddr")
__plain_data
int BPF_PROG(store_ordinary, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->addr = (struct sockaddr *)task;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor is an untrusted one")
__failure __msg("type=untrusted_ptr_or_null_ expected=user_ptr_sockaddr")
__plain_data
int store_untrusted(void *ctx)
{
	struct held *v = first();

	if (v)
		v->addr = v->unref;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor is a number")
__failure __msg("type=scalar expected=user_ptr_sockaddr")
__plain_data
int store_number(void *ctx)
{
	struct held *v = first();

	if (v)
		v->addr = (struct sockaddr *)seen;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("a pointer of user space is no ordinary one")
__failure __msg("expected=ptr_sockaddr or untrusted_ptr_sockaddr")
__plain_data
int store_loaded_as_ordinary(void *ctx)
{
	struct held *v = first();

	if (v)
		v->unref = v->addr;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("a part of the pointer is not stored")
__failure __msg("kptr access size must be BPF_DW")
__plain_data
PROG(store_half, "w1 = 0; *(u32 *)(%[v] + 0) = w1;")

SEC("raw_tp/sys_enter")
__why("nor loaded")
__failure __msg("kptr access size must be BPF_DW")
__plain_data
PROG(load_half, "r1 = *(u32 *)(%[v] + 0);")

SEC("raw_tp/sys_enter")
__why("nor what is half in it")
__failure __msg("kptr access misaligned expected=0 off=4")
__plain_data
PROG(load_misaligned, "r1 = *(u64 *)(%[v] + 4);")

SEC("raw_tp/sys_enter")
__why("nor is that stored")
__failure __msg("kptr access misaligned expected=0 off=4")
__plain_data
PROG(store_misaligned, "r1 = 0; *(u64 *)(%[v] + 4) = r1;")

SEC("raw_tp/sys_enter")
__why("where it is must be known, to load it")
__failure __msg("kptr access cannot have variable offset")
__plain_data
VAR_OFF_PROG(load_var_off, "r1 = *(u64 *)(r2 + 0);")

SEC("raw_tp/sys_enter")
__why("and to store NULL")
__failure __msg("kptr access cannot have variable offset")
__plain_data
VAR_OFF_PROG(store_var_off, "*(u64 *)(r2 + 0) = 0;")

SEC("raw_tp/sys_enter")
__why("no helper writes over it")
__failure __msg("kptr cannot be accessed indirectly by helper")
__plain_data
int written_by_helper(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_get_current_comm(v, 8);
	return 0;
}

__noinline int takes_value(struct held *v)
{
	return v ? v->mark : 0;
}

SEC("raw_tp/sys_enter")
__why("nor is a global function given memory with one")
__failure __msg("kptr cannot be accessed indirectly by helper")
__plain_data
int given_to_global_func(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = takes_value(v);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("NULL on one path is not taken for NULL on the other")
__failure __msg("type=scalar expected=user_ptr_sockaddr")
__plain_data
__all_states
PRUNED_PROG(store_pruned, "*(u64 *)(%[v] + 0) = r7;")

SEC("raw_tp/sys_enter")
__why("nor by an exchange")
__failure __msg("type=scalar expected=user_ptr_sockaddr")
__plain_data
__all_states
PRUNED_PROG(exchange_pruned, "r7 = xchg_64(%[v] + 0, r7);")

char LICENSE[] SEC("license") = "GPL";
