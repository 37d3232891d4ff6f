// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers to the kernel's own per-CPU memory in map values, __kptr_percpu: what
 * the verifier accepts and what it must refuse.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

/*
 * A kernel that does not know the kind refuses the BTF, and libbpf goes on without.
 * What is stored is plain data then, and what is loaded a number.
 */
#define __plain_data	__stock_success __stock_msg("Error loading .BTF into kernel")
#define __number(text)	__stock_failure __stock_msg(text)

extern const struct rq runqueues __ksym;

struct local {
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;

struct held {
	struct rq __kptr_percpu *rq;
	struct rq __kptr_untrusted *unref;
	struct task_struct __kptr *task;
	struct local __percpu_kptr *local;
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

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("raw_tp/sys_enter")
__why("the address of a per-CPU variable goes in and comes out")
__success
__plain_data
int store_and_load(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	v->rq = (struct rq *)&runqueues;
	rq = v->rq;
	if (!rq)
		return 0;
	rq = bpf_per_cpu_ptr(rq, 0);
	if (rq)
		seen = rq->cpu;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("for the processor that it runs on")
__success
__number("R1 type=scalar expected=percpu_ptr_")
int load_for_this_cpu(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->rq;
	if (rq)
		seen = ((struct rq *)bpf_this_cpu_ptr(rq))->cpu;
	return 0;
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
__why("nor half a pointer")
__failure __msg("kptr access size must be BPF_DW")
__plain_data
PROG(store_half, "w1 = 0; *(u32 *)(%[v] + 0) = w1;")

SEC("raw_tp/sys_enter")
__why("nor does half of one come out")
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
__why("what was loaded goes in again")
__success
__plain_data
int store_loaded(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->rq;
	v->rq = rq;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("an exchange is a store and a load")
__success
__number("R1 type=scalar expected=percpu_ptr_")
int exchange(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = kptr_xchg_insn(&v->rq, (struct rq *)&runqueues);
	if (!rq)
		return 0;
	rq = bpf_per_cpu_ptr(rq, 0);
	if (rq)
		seen = rq->cpu;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("what was loaded may be NULL")
__failure __msg("R1 type=percpu_untrusted_ptr_or_null_ expected=")
__number("R1 type=scalar expected=percpu_ptr_")
int load_unchecked(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = bpf_per_cpu_ptr(v->rq, 0);
	if (rq)
		seen = rq->cpu;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("it is no address before it is made one for a processor")
__failure __msg("access percpu memory")
__number("invalid mem access 'scalar'")
int followed(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->rq;
	if (rq)
		seen = rq->cpu;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor does a helper write to it")
__failure __msg("expected=fp, pkt")
__number("R1 type=scalar expected=fp")
int followed_by_helper(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->rq;
	if (rq)
		bpf_get_current_comm(rq, 8);
	return 0;
}

SEC("tp_btf/sys_enter")
__why("what is found through it is not trusted")
__failure __msg("R1 must be a rcu pointer\n")
__number("R1 type=scalar expected=percpu_ptr_")
int result_is_untrusted(void *ctx)
{
	struct held *v = first();
	struct rq *rq;

	if (!v)
		return 0;
	rq = v->rq;
	if (!rq)
		return 0;
	rq = bpf_this_cpu_ptr(rq);
	seen = taskhold_task_in_cgroup((void *)rq, 1);
	return 0;
}

SEC("tp_btf/task_newtask")
__why("an ordinary pointer is not of per-CPU memory")
__failure __msg("invalid kptr access, R")
__msg("expected=percpu_ptr_rq")
__plain_data
int BPF_PROG(store_ordinary, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->rq = (struct rq *)task->cgroups;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor is an untrusted one")
__failure __msg("type=untrusted_ptr_or_null_ expected=percpu_ptr_rq")
__plain_data
int store_untrusted(void *ctx)
{
	struct held *v = first();

	if (v)
		v->rq = v->unref;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor is an address of a processor's own")
__failure __msg("type=ptr_or_null_ expected=percpu_ptr_rq")
__plain_data
int store_of_cpu(void *ctx)
{
	struct held *v = first();

	if (v)
		v->rq = bpf_per_cpu_ptr(&runqueues, 0);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("nor is a number")
__failure __msg("type=scalar expected=percpu_ptr_rq")
__plain_data
int store_number(void *ctx)
{
	struct held *v = first();

	if (v)
		v->rq = (struct rq *)seen;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("a per-CPU pointer is no ordinary one")
__failure __msg("expected=ptr_rq or untrusted_ptr_rq")
__plain_data
int store_loaded_as_ordinary(void *ctx)
{
	struct held *v = first();

	if (v)
		v->unref = v->rq;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("it owns nothing that could be exchanged by the helper")
__failure __msg("off=0 kptr isn't referenced kptr")
__number("has to have BTF in order to use bpf_kptr_xchg")
int exchange_by_helper(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_kptr_xchg(&v->rq, NULL);
	return 0;
}

SEC("raw_tp/sys_enter")
__why("a helper must not write it")
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
__failure __msg("type=scalar expected=percpu_ptr_rq")
__plain_data
__all_states
PRUNED_PROG(store_pruned, "*(u64 *)(%[v] + 0) = r7;")

SEC("raw_tp/sys_enter")
__why("nor by an exchange")
__failure __msg("type=scalar expected=percpu_ptr_rq")
__plain_data
__all_states
PRUNED_PROG(exchange_pruned, "r7 = xchg_64(%[v] + 0, r7);")

SEC("syscall")
__why("an object of the program's for each processor is another thing")
__failure __msg("is not of the kernel's per-CPU memory")
__stock_failure __stock_msg("expected=percpu_ptr_")
int local_after_rcu(void *ctx)
{
	struct local __percpu_kptr *local;
	struct local *mine;
	struct held *v = first();

	if (!v)
		return 0;
	bpf_rcu_read_lock();
	local = v->local;
	if (!local) {
		bpf_rcu_read_unlock();
		return 0;
	}
	bpf_rcu_read_unlock();
	mine = bpf_this_cpu_ptr((void *)local);
	seen = mine->value;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
