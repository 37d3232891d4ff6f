// SPDX-License-Identifier: GPL-2.0-only
/*
 * One call of bpf_per_cpu_ptr() or bpf_this_cpu_ptr() that two paths come to with
 * different pointers. The verifier rewrites the call for an object of the program's,
 * which is found through another pointer, and there is only one call to rewrite.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "expect.h"

extern const struct rq runqueues __ksym;
extern const struct kernel_cpustat kernel_cpustat __ksym;

struct local {
	__u64 value;
};

/* Or else only its name is in the object's BTF; hidden from the skeleton. */
struct local local_in_btf __hidden;

struct held {
	struct local __percpu_kptr *own;
	struct local __percpu_kptr *another;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

/* In a map of its own, as a stock kernel does not know the kind. */
struct held_of_kernel {
	struct rq __kptr_percpu *rq;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held_of_kernel);
} of_kernel SEC(".maps");

__u64 which;
bool found;

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

static struct held_of_kernel *first_of_kernel(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&of_kernel, &zero);
}

/* It rewrites the call for both, so that memory of the kernel's is taken for the other. */
#define __rewritten_for_both	__stock_success

#define MIXED	"same insn cannot be used with different pointers"

/*
 * The programs are not sleepable, so that what they load from a slot is protected.
 * The verifier goes on where a branch is not taken: it comes to the call with @other
 * first.
 */
#define PATHS(name, one, other, call)						\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
	void *object, *ptr;							\
										\
	if (!v)									\
		return 0;							\
	object = (void *)v->own;						\
	if (!object)								\
		return 0;							\
	ptr = (void *)(one);							\
	if (which) {								\
		barrier();							\
		ptr = (void *)(other);						\
	}									\
	barrier_var(ptr);							\
	ptr = call;								\
	found = !!ptr;								\
	return 0;								\
}

#define ON_ONE		bpf_per_cpu_ptr(ptr, 0)
#define ON_THIS		bpf_this_cpu_ptr(ptr)

/* ---- what is accepted ---- */

SEC("raw_tp/sys_enter")
__why("an object of the program's on both paths")
__success
int objects_on_one_cpu(void *ctx)
{
	struct held *v = first();
	void *ptr;

	if (!v)
		return 0;
	ptr = (void *)v->own;
	if (which) {
		barrier();
		ptr = (void *)v->another;
	}
	if (!ptr)
		return 0;
	ptr = bpf_per_cpu_ptr(ptr, 0);
	found = !!ptr;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("memory of the kernel's on both")
__success
PATHS(memory_on_one_cpu, &kernel_cpustat, &runqueues, ON_ONE)

SEC("raw_tp/sys_enter")
__why("for this processor as well")
__success
PATHS(memory_on_this_cpu, &kernel_cpustat, &runqueues, ON_THIS)

SEC("raw_tp/sys_enter")
__why("also where one of them was in a map")
__success
__stock_failure __stock_msg("R1 type=scalar expected=percpu_ptr_")
int memory_and_loaded(void *ctx)
{
	struct held_of_kernel *v = first_of_kernel();
	void *ptr;

	if (!v)
		return 0;
	ptr = (void *)v->rq;
	if (!ptr)
		return 0;
	if (which)
		ptr = (void *)&runqueues;
	barrier_var(ptr);
	ptr = bpf_this_cpu_ptr(ptr);
	found = !!ptr;
	return 0;
}

SEC("raw_tp/sys_enter")
__why("an object and memory of the kernel's, each with a call of its own")
__success
int a_call_for_each(void *ctx)
{
	struct held *v = first();
	void *ptr;

	if (!v)
		return 0;
	ptr = (void *)v->own;
	if (!ptr)
		return 0;
	if (which) {
		ptr = bpf_this_cpu_ptr(&runqueues);
		barrier_var(ptr);
	} else {
		ptr = bpf_this_cpu_ptr(ptr);
		barrier_var(ptr);
	}
	found = !!ptr;
	return 0;
}

/* ---- what is refused ---- */

SEC("raw_tp/sys_enter")
__why("not one on one path and the other on the other")
__failure __msg(MIXED) __rewritten_for_both
PATHS(memory_then_object_on_one_cpu, object, &runqueues, ON_ONE)

SEC("raw_tp/sys_enter")
__why("whichever comes first")
__failure __msg(MIXED) __rewritten_for_both
PATHS(object_then_memory_on_one_cpu, &runqueues, object, ON_ONE)

SEC("raw_tp/sys_enter")
__why("nor for this processor")
__failure __msg(MIXED) __rewritten_for_both
PATHS(memory_then_object_on_this_cpu, object, &runqueues, ON_THIS)

SEC("raw_tp/sys_enter")
__why("whichever comes first")
__failure __msg(MIXED) __rewritten_for_both
PATHS(object_then_memory_on_this_cpu, &runqueues, object, ON_THIS)

SEC("raw_tp/sys_enter")
__why("nor where the kernel's was in a map")
__failure __msg(MIXED)
__stock_failure __stock_msg("R1 type=scalar expected=percpu_ptr_")
int object_and_loaded(void *ctx)
{
	struct held_of_kernel *k = first_of_kernel();
	struct held *v = first();
	void *object, *ptr;

	if (!v || !k)
		return 0;
	object = (void *)v->own;
	ptr = (void *)k->rq;
	if (!object || !ptr)
		return 0;
	if (which)
		ptr = object;
	barrier_var(ptr);
	ptr = bpf_this_cpu_ptr(ptr);
	found = !!ptr;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
