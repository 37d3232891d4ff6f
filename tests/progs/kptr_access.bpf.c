// SPDX-License-Identifier: GPL-2.0-only
/*
 * By which accesses a kptr in a map value can be reached: 8 bytes, at its own
 * offset, which is known, by loads and stores of the program itself. And where
 * in an object a pointer may point that goes in. All of it is the same on
 * kernels with and without the patches of kernel/patches, but for the text about
 * atomic operations.
 *
 * What a compiler would not write is in assembly.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"
#include "objects.h"

struct inner {
	__u64 value;
};

struct outer {
	struct inner in;
	__u64 value;
};

/* Or else only their names are in the object's BTF; hidden from the skeleton. */
struct inner inner_in_btf __hidden;
struct outer outer_in_btf __hidden;

struct held {
	__u64 mark;					/* at 0 */
	struct task_struct __kptr_untrusted *unref;	/* at 8 */
	struct task_struct __kptr *ref;			/* at 16 */
	struct sched_entity __kptr_untrusted *member;	/* at 24 */
	struct thread_info __kptr_untrusted *first_member;	/* at 32 */
	struct inner __kptr *inner;			/* at 40 */
	__u64 data[4];					/* at 48 */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct plain {
	__u64 data[10];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct plain);
} by_number SEC(".maps");

__u32 which;
__u64 seen;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

#include "on_value.h"

/* ---- size ---- */

SEC("syscall")
__why("half of an unreferenced kptr is not stored")
__failure __msg("kptr access size must be BPF_DW")
PROG(store_half, "w1 = 0; *(u32 *)(%[v] + 8) = w1;")

SEC("syscall")
__why("nor a byte of it by an immediate")
__failure __msg("kptr access size must be BPF_DW")
PROG(store_byte, "*(u8 *)(%[v] + 8) = 0;")

SEC("syscall")
__why("nor is half of it loaded")
__failure __msg("kptr access size must be BPF_DW")
PROG(load_half, "r1 = *(u32 *)(%[v] + 8);")

SEC("syscall")
__why("nor a quarter of a referenced one")
__failure __msg("kptr access size must be BPF_DW")
PROG(load_quarter, "r1 = *(u16 *)(%[v] + 16);")

SEC("syscall")
__why("nor half of it with its sign, which is another mode of instruction")
__failure __msg("kptr access size must be BPF_DW")
/* r1 = *(s32 *)(r2 + 8) */
PROG(load_half_signed, "r2 = %[v]; .8byte 0x0000000000082181;")

SEC("syscall")
__why("a whole kptr is loaded, and NULL stored by a register and an immediate")
__success
PROG(whole, "r1 = *(u64 *)(%[v] + 8); r1 = 0; *(u64 *)(%[v] + 8) = r1; *(u64 *)(%[v] + 8) = 0;")

/* ---- offset ---- */

SEC("syscall")
__why("a store that overlaps the second half")
__failure __msg("kptr access misaligned expected=8 off=12")
PROG(store_misaligned, "r1 = 0; *(u64 *)(%[v] + 12) = r1;")

SEC("syscall")
__why("a load that overlaps the first half")
__failure __msg("kptr access misaligned expected=8 off=4")
PROG(load_misaligned, "r1 = *(u64 *)(%[v] + 4);")

SEC("syscall")
__why("a load of a byte within")
__failure __msg("kptr access misaligned expected=16 off=23")
PROG(load_last_byte, "r1 = *(u8 *)(%[v] + 23);")

SEC("syscall")
__why("data that begins where a kptr ends is nobody's business")
__success
PROG(beside, "r1 = *(u64 *)(%[v] + 0); r1 = *(u64 *)(%[v] + 48); *(u64 *)(%[v] + 48) = r1;")

SEC("syscall")
__why("a load from where it is not known that there is a kptr")
__failure __msg("kptr access cannot have variable offset")
VAR_OFF_PROG(load_var_off, "r1 = *(u64 *)(r2 + 8);")

SEC("syscall")
__why("a store of NULL to such a place")
__failure __msg("kptr access cannot have variable offset")
VAR_OFF_PROG(store_var_off, "*(u64 *)(r2 + 0) = 0;")

SEC("syscall")
__why("a load from where no kptr can be")
__success
VAR_OFF_PROG(load_var_off_beside, "r1 = *(u64 *)(r2 + 48);")

SEC("syscall")
__why("an offset that is known in the end is one that is known")
__success
PROG(added_offset, "r2 = %[v]; r2 += 8; r1 = *(u64 *)(r2 + 8); r1 = *(u64 *)(r2 + 0);")

SEC("syscall")
__why("the helper wants to know the offset as well")
__failure __msg("doesn't have constant offset. kptr has to be at the constant offset")
int exchange_var_off(void *ctx)
{
	struct held *v = first();
	struct task_struct *task;

	if (!v)
		return 0;
	task = bpf_kptr_xchg((void *)&v->unref + (which & 8), NULL);
	if (task)
		bpf_task_release(task);
	return 0;
}

/* ---- what is stored ---- */

SEC("syscall")
__why("an immediate other than 0")
__failure __msg("BPF_ST imm must be 0 when storing to kptr at off=8")
PROG(store_imm, "*(u64 *)(%[v] + 8) = 1;")

SEC("syscall")
__why("in any of the kptrs")
__failure __msg("BPF_ST imm must be 0 when storing to kptr at off=24")
PROG(store_imm_minus_one, "*(u64 *)(%[v] + 24) = -1;")

SEC("syscall")
__why("a referenced kptr is not overwritten, even by 0")
__failure __msg("store to referenced kptr disallowed")
PROG(store_imm_to_ref, "*(u64 *)(%[v] + 16) = 0;")

SEC("syscall")
__why("nor by NULL in a register")
__failure __msg("store to referenced kptr disallowed")
PROG(store_null_to_ref, "r1 = 0; *(u64 *)(%[v] + 16) = r1;")

SEC("syscall")
__why("an object of the program's has no less of a reference")
__failure __msg("store to referenced kptr disallowed")
PROG(store_null_to_local, "r1 = 0; *(u64 *)(%[v] + 40) = r1;")

SEC("syscall")
__why("a number")
__failure __msg("type=scalar expected=ptr_task_struct or untrusted_ptr_task_struct")
PROG(store_number, "r1 = 0x41414141; *(u64 *)(%[v] + 8) = r1;")

SEC("syscall")
__why("a pointer to the value itself")
__failure __msg("type=map_value expected=ptr_task_struct or untrusted_ptr_task_struct")
PROG(store_map_value, "*(u64 *)(%[v] + 8) = %[v];")

SEC("syscall")
__why("a pointer to the stack")
__failure __msg("type=fp expected=ptr_task_struct or untrusted_ptr_task_struct")
PROG(store_stack, "*(u64 *)(%[v] + 8) = r10;")

SEC("syscall")
__why("NULL on one path is not taken for NULL on the other")
__failure __msg("type=scalar expected=ptr_task_struct or untrusted_ptr_task_struct")
__all_states
PRUNED_PROG(store_pruned, "*(u64 *)(%[v] + 8) = r7;")

/* As PRUNED_PROG(), where the helper is what takes NULL, and returns a reference. */
SEC("syscall")
__why("nor by the helper")
__failure __msg("R2 type=scalar expected=ptr_")
__all_states
__attribute__((naked)) int exchange_pruned(void)
{
	asm volatile ("*(u32 *)(r10 - 4) = 0;"
		      "r2 = r10;"
		      "r2 += -4;"
		      "r1 = %[array] ll;"
		      "call %[lookup];"
		      "if r0 == 0 goto 2f;"
		      "r6 = r0;"
		      "call %[random];"
		      "r7 = 0x41414141;"
		      "if r0 > 100 goto 1f;"
		      "r7 = 0;"
		      "1: r1 = r6;"
		      "r1 += 16;"
		      "r2 = r7;"
		      "call %[xchg];"
		      "if r0 == 0 goto 2f;"
		      "r1 = r0;"
		      "call %[release];"
		      "2: r0 = 0;"
		      "exit;"
		      :
		      : [lookup] "i" (bpf_map_lookup_elem), [random] "i" (bpf_get_prandom_u32),
			[xchg] "i" (bpf_kptr_xchg), [release] "i" (bpf_task_release),
			[array] "i" (&array)
		      : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory");
}

/* ---- atomic operations ---- */

#define __no_atomic								\
	__failure __msg("BPF_XCHG is the only atomic operation on a kptr")	\
	__stock_failure								\
	__stock_msg("kptr in map can only be accessed using BPF_MEM instruction mode")

SEC("syscall")
__why("nothing is added to an unreferenced kptr")
__no_atomic
PROG(atomic_add, "r1 = 8; lock *(u64 *)(%[v] + 8) += r1;")

SEC("syscall")
__why("no bit of one is cleared")
__no_atomic
PROG(atomic_and, "r1 = 8; lock *(u64 *)(%[v] + 8) &= r1;")

SEC("syscall")
__why("or set")
__no_atomic
PROG(atomic_or, "r1 = 8; lock *(u64 *)(%[v] + 8) |= r1;")

SEC("syscall")
__why("or flipped, with the old value fetched")
__no_atomic
PROG(atomic_fetch_xor, "r1 = 8; r1 = atomic_fetch_xor((u64 *)(%[v] + 8), r1);")

SEC("syscall")
__why("one is not compared and exchanged, with 0 either")
__no_atomic
PROG(atomic_cmpxchg, "r0 = 0; r1 = 0; r0 = cmpxchg_64(%[v] + 8, r0, r1);")

SEC("syscall")
__why("nor is a referenced one")
__no_atomic
PROG(atomic_cmpxchg_ref, "r0 = 0; r1 = 0; r0 = cmpxchg_64(%[v] + 16, r0, r1);")

SEC("syscall")
__why("half of one is no more to be added to")
__failure __msg("BPF_XCHG is the only atomic operation on a kptr")
__stock_failure __stock_msg("kptr access size must be BPF_DW")
PROG(atomic_add_half, "w1 = 8; lock *(u32 *)(%[v] + 8) += w1;")

SEC("syscall")
__why("data beside a kptr is added to as ever")
__success
PROG(atomic_beside, "r1 = 8; lock *(u64 *)(%[v] + 0) += r1; lock *(u64 *)(%[v] + 48) += r1;")

/* ---- by others than the program ---- */

#define INDIRECT "kptr cannot be accessed indirectly by helper"

SEC("syscall")
__why("a helper does not write over a kptr")
__failure __msg(INDIRECT)
int helper_writes(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_get_current_comm(&v->unref, 8);
	return 0;
}

SEC("syscall")
__why("nor over a byte of it")
__failure __msg(INDIRECT)
int helper_writes_last_byte(void *ctx)
{
	struct held *v = first();

	if (v)
		bpf_get_current_comm((char *)v->data - 1, 8);
	return 0;
}

SEC("syscall")
__why("nor where it can be told to write more than is safe")
__failure __msg(INDIRECT)
int helper_writes_var_size(void *ctx)
{
	struct held *v = first();
	__u32 size = which;

	if (v && size <= 16)
		bpf_probe_read_kernel(&v->mark, size, &seen);
	return 0;
}

SEC("syscall")
__why("it writes what is beside, and no more")
__success
int helper_writes_beside(void *ctx)
{
	struct held *v = first();
	__u32 size = which;

	if (!v)
		return 0;
	bpf_get_current_comm(v->data, sizeof(v->data));
	if (size <= 8)
		bpf_probe_read_kernel(&v->mark, size, &seen);
	return 0;
}

SEC("syscall")
__why("nor does a helper read the address of a referenced kptr as a key")
__failure __msg(INDIRECT)
int helper_reads_key(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = !!bpf_map_lookup_elem(&by_number, &v->ref);
	return 0;
}

SEC("syscall")
__why("nor as a value, so that no map has it as data")
__failure __msg(INDIRECT)
int helper_reads_value(void *ctx)
{
	struct held *v = first();
	__u64 key = 0;

	if (v)
		bpf_map_update_elem(&by_number, &key, v, BPF_ANY);
	return 0;
}

SEC("syscall")
__why("no dynptr is made over one")
__failure __msg(INDIRECT)
int dynptr_over(void *ctx)
{
	struct held *v = first();
	struct bpf_dynptr ptr;

	if (v)
		bpf_dynptr_from_mem(v, sizeof(*v), 0, &ptr);
	return 0;
}

SEC("syscall")
__why("a kfunc does not write over one")
__failure __msg(INDIRECT)
int kfunc_writes(void *ctx)
{
	struct held *v = first();

	if (v)
		taskhold_stats_read(v, 16);
	return 0;
}

SEC("syscall")
__why("but beside it")
__success
int kfunc_writes_beside(void *ctx)
{
	struct held *v = first();

	if (v)
		taskhold_stats_read(v->data, sizeof(v->data));
	return 0;
}

__noinline int takes_value(struct held *v)
{
	return v ? v->mark : 0;
}

__noinline int takes_number(__u64 *number)
{
	if (number)
		*number = 0x41414141;
	return 0;
}

SEC("syscall")
__why("a global function, for which all is plain memory, is not given the value")
__failure __msg(INDIRECT)
int global_func(void *ctx)
{
	struct held *v = first();

	if (v)
		seen = takes_value(v);
	return 0;
}

SEC("syscall")
__why("nor the kptr alone, as a number")
__failure __msg(INDIRECT)
int global_func_slot(void *ctx)
{
	struct held *v = first();

	if (v)
		takes_number((__u64 *)&v->ref);
	return 0;
}

SEC("syscall")
__why("a number beside it")
__success
int global_func_beside(void *ctx)
{
	struct held *v = first();

	if (v)
		takes_number(&v->mark);
	return 0;
}

static long each(struct bpf_map *map, __u32 *key, struct held *v, void *ctx)
{
	struct task_struct *task = bpf_kptr_xchg(&v->ref, NULL);

	if (task)
		bpf_task_release(task);
	v->unref = NULL;
	return 0;
}

SEC("syscall")
__why("a callback has the value itself")
__success
int in_callback(void *ctx)
{
	bpf_for_each_map_elem(&array, each, NULL, 0);
	return 0;
}

/* ---- where in its object a pointer points ---- */

SEC("tp_btf/task_newtask")
__why("a struct within the object, for an unreferenced kptr of that struct")
__success
int BPF_PROG(store_member, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->member = &task->se;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("its first struct, which is where the object is")
__success
int BPF_PROG(store_first_member, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->first_member = &task->thread_info;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("the object is not the struct within")
__failure __msg("type=trusted_ptr_task_struct expected=ptr_sched_entity")
int BPF_PROG(store_object_as_member, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->member = (struct sched_entity *)task;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor is the struct within the object")
__failure __msg("type=trusted_ptr_task_struct expected=ptr_task_struct or")
int BPF_PROG(store_member_as_object, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->unref = (struct task_struct *)&task->se;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nor is another struct within")
__failure __msg("type=trusted_ptr_task_struct expected=ptr_sched_entity")
int BPF_PROG(store_other_member, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		v->member = (struct sched_entity *)&task->rt;
	return 0;
}

SEC("tp_btf/task_newtask")
__why("before the object")
__failure __msg("negative offset trusted_ptr_ ptr R") __msg("off=-8 disallowed")
int BPF_PROG(store_negative, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		asm volatile ("r1 = %[task]; r1 += -8; *(u64 *)(%[v] + 8) = r1;"
			      : : [v] "r" (v), [task] "r" (task) : "r1", "memory");
	return 0;
}

SEC("tp_btf/task_newtask")
__why("nobody knows where")
__failure __msg("variable trusted_ptr_ access var_off=(0x0; 0x7) disallowed")
int BPF_PROG(store_variable, struct task_struct *task, u64 clone_flags)
{
	struct held *v = first();

	if (v)
		asm volatile ("r1 = %[which] ll; r1 = *(u32 *)(r1 + 0); r1 &= 7; r2 = %[task];"
			      "r2 += r1; *(u64 *)(%[v] + 8) = r2;"
			      : : [v] "r" (v), [task] "r" (task), [which] "i" (&which)
			      : "r1", "r2", "memory");
	return 0;
}

SEC("syscall")
__why("a reference is given away where it points, not behind")
__failure __msg("R2 type=ptr_task_struct expected=ptr_task_struct")
int exchange_with_offset(void *ctx)
{
	struct task_struct *task, *old;
	struct held *v = first();

	if (!v)
		return 0;
	task = bpf_task_acquire(bpf_get_current_task_btf());
	if (!task)
		return 0;
	old = bpf_kptr_xchg(&v->ref, (struct task_struct *)((void *)task + 8));
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("syscall")
__why("the object itself")
__success
int exchange_object(void *ctx)
{
	struct inner *in = bpf_obj_new(struct inner);
	struct held *v = first();

	if (!in)
		return 0;
	if (!v) {
		bpf_obj_drop(in);
		return 0;
	}
	in = bpf_kptr_xchg(&v->inner, in);
	if (in)
		bpf_obj_drop(in);
	return 0;
}

SEC("syscall")
__why("an object is not owned by its first struct, though that has the same address")
__failure __msg("type=ptr_outer expected=ptr_inner")
int exchange_first_member(void *ctx)
{
	struct outer *out = bpf_obj_new(struct outer);
	struct held *v = first();
	struct inner *in;

	if (!out)
		return 0;
	if (!v) {
		bpf_obj_drop(out);
		return 0;
	}
	in = bpf_kptr_xchg(&v->inner, &out->in);
	if (in)
		bpf_obj_drop(in);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
