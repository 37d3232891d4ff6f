// SPDX-License-Identifier: GPL-2.0-only
/*
 * kptr_get kfuncs of a test module, testmod_flags: whatever the first argument is
 * called, it is the address of a kptr in a map value. And whether they and those with
 * KF_OWNED_ARGS take a struct for its first member.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"

#include "expect.h"
#include "objects.h"

/*
 * A stock kernel does not know the flag. What the argument is, it goes by the name;
 * if that says nothing, it is memory, which cannot have a pointer in it.
 */
#define __by_name(text)	__stock_failure __stock_msg(text)
#define __memory	__by_name("arg#0 pointer type PTR  must point to scalar")

struct testmod_flags_object { int number; };

struct testmod_flags_outer {
	struct testmod_flags_object first;
	int number;
};

extern struct testmod_flags_object *
testmod_flags_get(struct testmod_flags_object **slot) __ksym;
extern struct testmod_flags_object *
testmod_flags_get_more(struct testmod_flags_object **slot, __u64 a, __u64 b) __ksym;
extern const struct testmod_flags_object *
testmod_flags_get_const(struct testmod_flags_object *const *slot) __ksym;
extern struct testmod_flags_object *
testmod_flags_get_nullable(struct testmod_flags_object **slot__nullable) __ksym;
extern struct testmod_flags_object *
testmod_flags_get_map(struct testmod_flags_object **slot__map) __ksym;
extern struct testmod_flags_object *
testmod_flags_get_alloc(struct testmod_flags_object **slot__alloc) __ksym;
extern void testmod_flags_set(struct testmod_flags_object *object) __ksym;
extern void testmod_flags_put(struct testmod_flags_object *object) __ksym;
extern void testmod_flags_look(struct testmod_flags_object *object) __ksym;
extern struct testmod_flags_outer *testmod_flags_outer_new(void) __ksym;
extern void testmod_flags_outer_put(struct testmod_flags_outer *outer) __ksym;

struct held {
	struct testmod_flags_object __kptr *object;
	struct testmod_flags_outer __kptr *outer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct own {
	struct testmod_flags_object __kptr *object;
	__u64 number;
};

/* What was got goes into the slot, and what was there is released. */
static int keep(struct held *v, struct testmod_flags_object *object)
{
	if (object)
		object = bpf_kptr_xchg(&v->object, object);
	if (object)
		testmod_flags_put(object);
	return 0;
}

static struct held *first(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&array, &zero);
}

SEC("syscall")
__why("a slot in a map value")
__success __memory
int plain(void *ctx)
{
	struct held *v = first();

	return v ? keep(v, testmod_flags_get(&v->object)) : 0;
}

SEC("syscall")
__why("other arguments after it")
__success __memory
int more(void *ctx)
{
	struct held *v = first();

	return v ? keep(v, testmod_flags_get_more(&v->object, 1, 2)) : 0;
}

SEC("syscall")
__why("const in front of any part of it")
__success __memory
int constant(void *ctx)
{
	struct held *v = first();

	return v ? keep(v, (void *)testmod_flags_get_const(&v->object)) : 0;
}

SEC("syscall")
__why("an argument that may be NULL, which is not")
__success __memory
int nullable(void *ctx)
{
	struct held *v = first();

	return v ? keep(v, testmod_flags_get_nullable(&v->object)) : 0;
}

SEC("syscall")
__why("NULL is no slot, whatever the argument is called")
__failure __msg("arg#0 expected pointer to map value") __stock_success
int null(void *ctx)
{
	struct held *v = first();

	return v ? keep(v, testmod_flags_get_nullable(NULL)) : 0;
}

SEC("syscall")
__why("nor is a value that may not be there")
__failure __msg("arg#0 expected pointer to map value") __memory
int value_or_null(void *ctx)
{
	struct testmod_flags_object *object = testmod_flags_get_nullable((void *)first());
	struct held *v = first();

	return v ? keep(v, object) : 0;
}

SEC("syscall")
__why("nor is a map")
__failure __msg("arg#0 expected pointer to map value") __stock_success
int map(void *ctx)
{
	struct held *v = first();

	return v ? keep(v, testmod_flags_get_map((void *)&array)) : 0;
}

SEC("syscall")
__why("where a map seems to be wanted, a slot is")
__success __by_name("arg#0 is map_value expected map_value or socket")
int slot_for_map(void *ctx)
{
	struct held *v = first();

	return v ? keep(v, testmod_flags_get_map(&v->object)) : 0;
}

SEC("syscall")
__why("nor is a kptr in an object of the program's")
__failure __msg("arg#0 expected pointer to map value")
__by_name("arg#0 expected for bpf_obj_drop_impl()")
int allocated(void *ctx)
{
	struct own *own = bpf_obj_new(typeof(*own));
	struct held *v = first();

	if (!own)
		return 0;
	if (v)
		keep(v, testmod_flags_get_alloc(&own->object));
	bpf_obj_drop(own);
	return 0;
}

SEC("syscall")
__why("what it returns is the program's own")
__success __memory
int owned(void *ctx)
{
	struct held *v = first();
	struct testmod_flags_object *object = v ? testmod_flags_get(&v->object) : NULL;

	if (!object)
		return 0;
	testmod_flags_set(object);
	testmod_flags_put(object);
	return 0;
}

SEC("syscall")
__why("what it returns has to be released")
__failure __msg("Unreleased reference") __memory
int unreleased(void *ctx)
{
	struct held *v = first();

	if (v)
		testmod_flags_get(&v->object);
	return 0;
}

/* ---- a struct whose first member is of the type that is wanted ---- */

SEC("syscall")
__why("a kptr to a struct is none to its first member, though the address is the same")
__failure __memory
__msg("testmod_flags_get args#0 needs a kptr of STRUCT testmod_flags_object, not of")
__msg(", not of testmod_flags_outer\n")
int slot_of_outer(void *ctx)
{
	struct held *v = first();

	return v ? keep(v, testmod_flags_get((void *)&v->outer)) : 0;
}

SEC("syscall")
__why("nor is who owns the struct the owner of its first member")
__failure
__msg("testmod_flags_set args#0 expected pointer to STRUCT testmod_flags_object but R1")
__msg("R1 has a pointer to STRUCT testmod_flags_outer\n")
__stock_success
int owned_outer(void *ctx)
{
	struct testmod_flags_outer *outer = testmod_flags_outer_new();

	if (!outer)
		return 0;
	testmod_flags_set(&outer->first);
	testmod_flags_outer_put(outer);
	return 0;
}

SEC("syscall")
__why("who wants no more than a trusted pointer is given it")
__success
int trusted_outer(void *ctx)
{
	struct testmod_flags_outer *outer = testmod_flags_outer_new();

	if (!outer)
		return 0;
	testmod_flags_look(&outer->first);
	testmod_flags_outer_put(outer);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
