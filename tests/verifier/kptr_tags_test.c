// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: A1, A2
/*
 * Type tags of pointers in map values: a kernel with the patches of
 * kernel/patches creates no map with a tag that it cannot honour, and says why.
 * One without them takes the pointer for plain data and says nothing.
 *
 * The BTF is made here, since no compiler would put these tags there.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "lib/expect.h"
#include "lib/guest.h"
#include "lib/kmsg.h"

#include "lib/harness.h"

/* What stands around the pointer in the value. */
enum shape { MEMBER, ARRAY, NESTED, UNION, TYPEDEF, CONST, VOLATILE, TO_INT };

FIXTURE(tags)
{
	struct btf *btf;
	int value;	/* type of the map's value */
};

FIXTURE_VARIANT(tags)
{
	const char *tag[2];	/* outermost first */
	enum shape shape;
	int err;		/* of the creation, on a patched kernel */
	const char *says;	/* in the kernel's log */
};

#define VARIANT(name, outer, inner, form, error, text)				\
	FIXTURE_VARIANT_ADD(tags, name)						\
	{									\
		.tag = { outer, inner }, .shape = form, .err = error, .says = text, \
	}

#define UNKNOWN	"is no kind of kptr that is known"
#define REPEATED "has 2 tags instead of one"
#define HIDDEN	"is const, in a union or behind a typedef"

VARIANT(untrusted, "kptr_untrusted", NULL, MEMBER, 0, NULL);
VARIANT(referenced, "kptr", NULL, MEMBER, 0, NULL);
VARIANT(referenced_array, "kptr", NULL, ARRAY, 0, NULL);
VARIANT(referenced_nested, "kptr", NULL, NESTED, 0, NULL);
VARIANT(referenced_volatile, "kptr", NULL, VOLATILE, 0, NULL);
VARIANT(kernel_percpu, "kptr_percpu", NULL, MEMBER, 0, NULL);
VARIANT(user_space, "kptr_user", NULL, MEMBER, 0, NULL);
VARIANT(of_another_time, "kptr_ref", NULL, MEMBER, -EINVAL, UNKNOWN);
VARIANT(misspelt, "kptr_unstrusted", NULL, MEMBER, -EINVAL, UNKNOWN);
VARIANT(misspelt_nested, "kptrs", NULL, NESTED, -EINVAL, UNKNOWN);
/* escaped once by who says it and once more by /dev/kmsg */
VARIANT(not_printable, "kptr\n\033[31m", NULL, MEMBER, -EINVAL, "kptr\\x5cn\\x5ce[31m");
VARIANT(repeated, "kptr", "kptr", MEMBER, -EINVAL, REPEATED);
VARIANT(two_kinds, "kptr", "kptr_untrusted", MEMBER, -EINVAL, REPEATED);
VARIANT(with_another_tag, "kptr", "user", MEMBER, -EINVAL, REPEATED);
VARIANT(behind_another_tag, "rcu", "kptr", MEMBER, -EINVAL, REPEATED);
VARIANT(no_struct, "kptr", NULL, TO_INT, -EINVAL, "does not point to a struct");
VARIANT(in_union, "kptr", NULL, UNION, -EINVAL, HIDDEN);
VARIANT(behind_typedef, "kptr", NULL, TYPEDEF, -EINVAL, HIDDEN);
VARIANT(const_pointer, "kptr", NULL, CONST, -EINVAL, HIDDEN);
VARIANT(other_tag, "user", NULL, MEMBER, 0, NULL);
VARIANT(no_tag, NULL, NULL, MEMBER, 0, NULL);

FIXTURE_SETUP(tags)
{
	int id, array, size = 8, integer, target;
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
	default:
		break;
	}
	ASSERT_LT(0, id);
	self->value = btf__add_struct(btf, "value", 8 + size);
	ASSERT_EQ(0, btf__add_field(btf, "mark", integer, 0, 0));
	ASSERT_EQ(0, btf__add_field(btf, "pointer", id, 64, 0));
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

	if (err) {
		kmsg = kmsg_open();
		ASSERT_EQ(err, create(self->btf, self->value));
		/* tried again, as the kernel says only so many in a time */
		EXPECT_TRUE(until(20, refused_and_said(self->btf, self->value, err, kmsg,
						       variant->says)));
		close(kmsg);
		return;
	}
	fd = create(self->btf, self->value);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_HARNESS_MAIN
