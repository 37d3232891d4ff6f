// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: A1, A2
/*
 * Type tags of pointers in map values: a kernel with the patches of
 * kernel/patches creates no map with a tag that it cannot honour, and says why.
 * One without them takes the pointer for plain data and says nothing. Of a map that
 * is created it is asked whether it has kptrs.
 *
 * The BTF is made here, since no compiler would put these tags there.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "lib/expect.h"
#include "lib/guest.h"
#include "lib/kmsg.h"
#include "lib/kptr_types.h"

#include "lib/harness.h"

/* What stands around the pointer in the value. */
enum shape {
	MEMBER, ARRAY, NESTED, UNION, TYPEDEF, CONST, VOLATILE, TO_INT, VOLATILE_STRUCT, PACKED,
	TOO_MANY, WIDE, STRUCTS, TYPEDEFS, ARRAYS,
};

/* One more than the special fields that a kernel keeps account of. */
#define MANY	12
/* Unions in a union, each of which has the next one as often as this. */
#define WIDE_MEMBERS	4
/* What may stand between a value and what is at the bottom: 32 levels with these two. */
#define DEEPEST		30

FIXTURE(tags)
{
	struct btf *btf;
	int value;	/* type of the map's value */
};

FIXTURE_VARIANT(tags)
{
	const char *tag[2];	/* outermost first */
	enum shape shape;
	bool kptrs[2];		/* has the map any, on a stock kernel and a patched one? */
	int err;		/* of the creation, on a patched kernel */
	const char *says;	/* in the kernel's log */
	int depth;		/* of types in one another */
};

/* A map is created on either kernel. */
#define MAP(name, outer, inner, form, on_stock, on_patched)			\
	FIXTURE_VARIANT_ADD(tags, name)						\
	{									\
		.tag = { outer, inner }, .shape = form, .kptrs = { on_stock, on_patched }, \
	}

/* On a stock kernel alone. */
#define REFUSED(name, outer, inner, form, on_stock, error, text)		\
	FIXTURE_VARIANT_ADD(tags, name)						\
	{									\
		.tag = { outer, inner }, .shape = form, .kptrs = { on_stock },	\
		.err = error, .says = text,					\
	}

#define KPTRS	true
#define PLAIN	false

/* Types of one form in one another, @nr of them. */
#define VARIANT_OF_DEPTH(name, outer, form, nr, error)				\
	FIXTURE_VARIANT_ADD(tags, name)						\
	{									\
		.tag = { outer }, .shape = form, .err = error, .depth = nr,	\
	}

#define UNKNOWN	"is no kind of kptr that is known"
#define REPEATED "has 2 tags instead of one"
#define HIDDEN	"is const, in a union or behind a typedef"

MAP(untrusted, "kptr_untrusted", NULL, MEMBER, KPTRS, KPTRS);
MAP(referenced, "kptr", NULL, MEMBER, KPTRS, KPTRS);
MAP(referenced_array, "kptr", NULL, ARRAY, KPTRS, KPTRS);
MAP(referenced_nested, "kptr", NULL, NESTED, KPTRS, KPTRS);
MAP(referenced_volatile, "kptr", NULL, VOLATILE, KPTRS, KPTRS);
MAP(percpu_of_program, "percpu_kptr", NULL, MEMBER, KPTRS, KPTRS);
MAP(kernel_percpu, "kptr_percpu", NULL, MEMBER, PLAIN, KPTRS);
MAP(user_space, "kptr_user", NULL, MEMBER, PLAIN, KPTRS);
REFUSED(of_another_time, "kptr_ref", NULL, MEMBER, PLAIN, -EINVAL, UNKNOWN);
REFUSED(misspelt, "kptr_unstrusted", NULL, MEMBER, PLAIN, -EINVAL, UNKNOWN);
REFUSED(misspelt_nested, "kptrs", NULL, NESTED, PLAIN, -EINVAL, UNKNOWN);
/* escaped once by who says it and once more by /dev/kmsg */
REFUSED(not_printable, "kptr\n\033[31m", NULL, MEMBER, PLAIN, -EINVAL, "kptr\\x5cn\\x5ce[31m");
REFUSED(repeated, "kptr", "kptr", MEMBER, PLAIN, -EINVAL, REPEATED);
REFUSED(two_kinds, "kptr", "kptr_untrusted", MEMBER, PLAIN, -EINVAL, REPEATED);
REFUSED(with_another_tag, "kptr", "user", MEMBER, PLAIN, -EINVAL, REPEATED);
REFUSED(behind_another_tag, "rcu", "kptr", MEMBER, PLAIN, -EINVAL, REPEATED);
REFUSED(no_struct, "kptr", NULL, TO_INT, PLAIN, -EINVAL, "does not point to a struct");
REFUSED(in_union, "kptr", NULL, UNION, PLAIN, -EINVAL, HIDDEN);
REFUSED(behind_typedef, "kptr", NULL, TYPEDEF, PLAIN, -EINVAL, HIDDEN);
REFUSED(const_pointer, "kptr", NULL, CONST, PLAIN, -EINVAL, HIDDEN);
REFUSED(volatile_struct, "kptr", NULL, VOLATILE_STRUCT, KPTRS, -EINVAL, HIDDEN);
/* here it is the load of the BTF that fails, on any kernel: its log says why */
REFUSED(packed, "kptr", NULL, PACKED, PLAIN, -EFAULT, "is not aligned");
MAP(too_many, "kptr", NULL, TOO_MANY, PLAIN, PLAIN);
/* a million types are looked at: 4^9 members, and not 4^10 */
VARIANT_OF_DEPTH(wide, "kptr", WIDE, 9, 0);
VARIANT_OF_DEPTH(too_wide_to_look_at, "kptr", WIDE, 10, -E2BIG);
VARIANT_OF_DEPTH(far_too_wide_to_look_at, "kptr", WIDE, DEEPEST, -E2BIG);
VARIANT_OF_DEPTH(deep_structs, "kptr", STRUCTS, DEEPEST, 0);
VARIANT_OF_DEPTH(structs_too_deep, "kptr", STRUCTS, DEEPEST + 1, -E2BIG);
/* how deep does not matter where the BTF has no such tag */
VARIANT_OF_DEPTH(structs_too_deep_without_kptrs, NULL, STRUCTS, DEEPEST + 1, 0);
VARIANT_OF_DEPTH(deep_typedefs, "kptr", TYPEDEFS, DEEPEST, 0);
VARIANT_OF_DEPTH(typedefs_too_deep, "kptr", TYPEDEFS, DEEPEST + 1, -E2BIG);
VARIANT_OF_DEPTH(deep_arrays, "kptr", ARRAYS, DEEPEST, 0);
VARIANT_OF_DEPTH(arrays_too_deep, "kptr", ARRAYS, DEEPEST + 1, -E2BIG);
MAP(other_tag, "user", NULL, MEMBER, PLAIN, PLAIN);
MAP(no_tag, NULL, NULL, MEMBER, PLAIN, PLAIN);

FIXTURE_SETUP(tags)
{
	int id, array, size = 8, integer, target, good;
	static char log[1 << 16];
	__u32 raw_size;
	char name[8];
	struct btf *btf = btf__new_empty();

	ASSERT_NE(NULL, btf);
	self->btf = btf;
	/* BTF's own need for an index type */
	integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	target = integer;
	if (variant->shape != TO_INT) {
		/* one of the kernel's, of which the name alone matters */
		target = btf__add_struct(btf, "task_struct", 4);
		ASSERT_EQ(0, btf__add_field(btf, "x", integer, 0, 0));
	}
	id = target;
	if (variant->tag[1])
		id = btf__add_type_tag(btf, variant->tag[1], id);
	if (variant->tag[0])
		id = btf__add_type_tag(btf, variant->tag[0], id);
	id = btf__add_ptr(btf, id);
	switch (variant->shape) {
	case ARRAY:
		array = btf__add_array(btf, integer, id, 4);
		id = array;
		size = 32;
		break;
	case NESTED:
		array = btf__add_struct(btf, "nested", 16);
		ASSERT_EQ(0, btf__add_field(btf, "y", integer, 0, 0));
		ASSERT_EQ(0, btf__add_field(btf, "p", id, 64, 0));
		id = array;
		size = 16;
		break;
	case UNION:
		array = btf__add_union(btf, "either", 8);
		ASSERT_EQ(0, btf__add_field(btf, "p", id, 0, 0));
		ASSERT_EQ(0, btf__add_field(btf, "y", integer, 0, 0));
		id = array;
		break;
	case TYPEDEF:
		id = btf__add_typedef(btf, "pointer", id);
		break;
	case CONST:
		id = btf__add_const(btf, id);
		break;
	case VOLATILE:
		id = btf__add_volatile(btf, id);
		break;
	case VOLATILE_STRUCT:
		array = btf__add_struct(btf, "changing", 8);
		ASSERT_EQ(0, btf__add_field(btf, "p", id, 0, 0));
		id = btf__add_volatile(btf, array);
		break;
	case PACKED:
		array = btf__add_struct(btf, "packed", 16);
		ASSERT_EQ(0, btf__add_field(btf, "p", id, 32, 0));
		id = array;
		size = 16;
		break;
	case TOO_MANY:
		array = btf__add_array(btf, integer, id, MANY);
		id = array;
		size = 8 * MANY;
		break;
	case WIDE:
		for (int i = 0; i < variant->depth; i++) {
			array = btf__add_union(btf, "wide", 8);
			for (int j = 0; j < WIDE_MEMBERS; j++) {
				snprintf(name, sizeof(name), "m%d", j);
				ASSERT_EQ(0, btf__add_field(btf, name, i ? id : integer, 0, 0));
			}
			id = array;
		}
		break;
	case STRUCTS:
		/* the pointer is at the bottom, whatever its tag */
		for (int i = 0; i < variant->depth; i++) {
			array = btf__add_struct(btf, "deep", 8);
			ASSERT_EQ(0, btf__add_field(btf, "p", id, 0, 0));
			id = array;
		}
		break;
	case TYPEDEFS:
		id = integer;
		for (int i = 0; i < variant->depth; i++)
			id = btf__add_typedef(btf, "deep", id);
		break;
	case ARRAYS:
		id = integer;
		for (int i = 0; i < variant->depth; i++)
			id = btf__add_array(btf, integer, id, 1);
		break;
	default:
		break;
	}
	ASSERT_LT(0, id);
	/* a sound one besides, which must not make up for the other */
	good = variant->tag[0] ?
	       btf__add_ptr(btf, btf__add_type_tag(btf, "kptr_untrusted", target)) : 0;
	self->value = btf__add_struct(btf, "value", 16 + size);
	ASSERT_EQ(0, btf__add_field(btf, "mark", integer, 0, 0));
	if (variant->shape == VOLATILE_STRUCT || variant->shape == PACKED ||
	    variant->shape == WIDE || variant->shape == TYPEDEFS || variant->shape == ARRAYS)
		ASSERT_EQ(0, btf__add_field(btf, "good", good, 64, 0));
	ASSERT_EQ(0, btf__add_field(btf, "pointer", id, 128, 0));
	if (variant->shape == PACKED) {
		LIBBPF_OPTS(bpf_btf_load_opts, opts, .log_buf = log, .log_size = sizeof(log),
			    .log_level = 1);
		const void *data = btf__raw_data(btf, &raw_size);

		ASSERT_EQ(variant->err, bpf_btf_load(data, raw_size, &opts));
		EXPECT_EQ(expect_kernel_patched(), !!strstr(log, variant->says));
		return;
	}
	ASSERT_EQ(0, btf__load_into_kernel(btf));
}

FIXTURE_TEARDOWN(tags)
{
	btf__free(self->btf);
}

/* Create a map with such a value; its file descriptor or a negative error. */
static int create(struct btf *btf, int value)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = btf__fd(btf),
		    .btf_key_type_id = 1, .btf_value_type_id = value);
	__u32 size = btf__type_by_id(btf, value)->size;

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "tagged", 4, size, 1, &opts);
}

/* It is refused, and the log has a new line with this text. */
static bool refused_and_said(struct btf *btf, int value, int err, int kmsg, const char *text)
{
	return create(btf, value) == err && kmsg_count_of(kmsg, "bpf", text);
}

TEST_F(tags, creation)
{
	int err = expect_kernel_patched() ? variant->err : 0, fd, kmsg;
	bool kptrs;

	if (variant->shape == PACKED)
		return;

	if (err) {
		kmsg = kmsg_open();
		ASSERT_EQ(err, create(self->btf, self->value));
		/* tried again, as the kernel says only so many in a time */
		if (variant->says)
			EXPECT_TRUE(until(20, refused_and_said(self->btf, self->value, err, kmsg,
							       variant->says)));
		close(kmsg);
		return;
	}
	fd = create(self->btf, self->value);
	ASSERT_LE(0, fd);
	/* how deep a stock kernel looks is its own affair */
	if (!variant->depth || !variant->err) {
		kptrs = variant->depth ? !!variant->tag[0] :
					 variant->kptrs[expect_kernel_patched()];
		EXPECT_EQ(kptrs, has_kptrs(fd));
	}
	close(fd);
}

TEST_HARNESS_MAIN
